"""The secrets of a deployment, in one list: their names, and the variables that their values come from.

Every secret is there from the first deployment on, whatever the settings say. So nobody has to delete one: a
cloud refuses that for a protected secret, and keeps a deleted secret's name for weeks (docs/decisions/0075).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from plantpulse.schedules.pipelines import RegisteredFunction
from plantpulse.settings import Settings
from plantpulse.settings.secret_variables import (
    CHANNEL_SECRETS,
    PASSWORDS,
    SERIES_KEYS,
    TAG_CREDENTIALS,
    channel_secret_variable,
    names_of_password,
)
from plantpulse.settings.series import KEY_VARIABLES

SUPABASE_KEY: Final = "SUPABASE_SECRET_KEY"
OF_ONE_VALUE: Final = (SUPABASE_KEY,)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of the cloud's store.

    `parts` makes it a JSON object: for each key the variables that may hold its value, the first one that is
    set counts. None: the secret is one value, under its own name. `keyed_by`: what the keys name. `default`:
    the value where nobody gives one; without it the value must be given.
    """

    parts: Mapping[str, Sequence[str]] | None = None
    keyed_by: Literal["plant", "channel", "publisher"] | None = None
    default: str | None = None


def secrets_of(settings: Settings) -> dict[str, Secret]:
    """Return every secret by its name. A new secret is one entry here and its name in `secrets_read`."""
    passwords = {plant: names_of_password(plant, settings.plants) for plant in configured(settings)}
    own = {channel: (channel_secret_variable(channel),) for channel in needing_secret(settings)}
    return {name: Secret() for name in OF_ONE_VALUE} | {
        PASSWORDS: Secret(passwords, "plant"),
        CHANNEL_SECRETS: Secret(own, "channel"),
        SERIES_KEYS: Secret({name: (KEY_VARIABLES[name],) for name in publishers(settings)}, "publisher"),
        TAG_CREDENTIALS: Secret(default="{}"),  # only the groups in Supabase say which logins are needed
    }


def secrets_read(settings: Settings, function: RegisteredFunction) -> tuple[str, ...]:
    """Return the names of the secrets that a function may read. Every function opens channels."""
    passwords = (PASSWORDS,) if function.reads_plant else ()
    logins = (TAG_CREDENTIALS,) if function.reads_devices else ()
    keys = (SERIES_KEYS,) if function.asks_publishers and publishers(settings) else ()
    of_channels = (CHANNEL_SECRETS,) if needing_secret(settings) else ()
    return (SUPABASE_KEY, *passwords, *logins, *of_channels, *keys)


def needing_secret(settings: Settings) -> list[str]:
    """Return the channels that are told or called with a secret, in alphabetical order."""
    return sorted(name for name, one in settings.channels.items() if one.enabled and one.needs_secret)


def publishers(settings: Settings) -> list[str]:
    """Return the publishers of series that are asked with a key, in alphabetical order."""
    return sorted(settings.series.keys_needed) if settings.series else []


def configured(settings: Settings) -> list[str]:
    """Return the plants with a known SQL Server, in alphabetical order."""
    return sorted(plant for plant, known in settings.plants.items() if known.sql_server)
