"""The secrets of a deployment, in one list: their names, and the variables that their values come from.

Every secret is there from the first deployment on, whatever the settings say. So nobody has to delete one: a
cloud refuses that for a protected secret, and keeps a deleted secret's name for weeks (docs/decisions/0075).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.settings import Settings
from plantpulse.settings.secret_variables import PASSWORDS, names_of_password

SUPABASE_KEY: Final = "SUPABASE_SECRET_KEY"
OF_ONE_VALUE: Final = (SUPABASE_KEY,)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of the cloud's store.

    `parts` makes it a JSON object: for each key the variables that may hold its value, the first one that is
    set counts. None: the secret is one value, under its own name.
    """

    parts: Mapping[str, Sequence[str]] | None = None


def secrets_of(settings: Settings) -> dict[str, Secret]:
    """Return every secret by its name. A new secret is one entry here and its name in `secrets_read`."""
    passwords = {plant: names_of_password(plant, settings.plants) for plant in configured(settings)}
    return {name: Secret() for name in OF_ONE_VALUE} | {PASSWORDS: Secret(passwords)}


def secrets_read(*, reads_plant: bool) -> tuple[str, ...]:
    """Return the names of the secrets that a function may read."""
    return (SUPABASE_KEY, PASSWORDS) if reads_plant else (SUPABASE_KEY,)


def configured(settings: Settings) -> list[str]:
    """Return the plants with a known SQL Server, in alphabetical order."""
    return sorted(plant for plant, known in settings.plants.items() if known.sql_server)
