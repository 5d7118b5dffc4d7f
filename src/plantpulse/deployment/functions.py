"""What one function is made with: memory, time, secrets and variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.deployment.calls import enabled_calls, interval_minutes, timeout_s
from plantpulse.deployment.variables import Written, common_variables, variables_of_plant
from plantpulse.schedules.pipelines import RegisteredFunction
from plantpulse.settings import Settings
from plantpulse.settings.secret_variables import PASSWORDS, password_variable

_MOST_INSTANCES: Final = 1000  # Cloud Run's
_EVENT_AGE_S: Final = (60, 21_600)  # least and most that Lambda takes
_SUPABASE_KEY: Final = "SUPABASE_SECRET_KEY"
_ONLY_PASSWORD: Final = "MSSQL_PASSWORD"  # noqa: S105 - a variable's name


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """One function. `event_age_s`: how long a call that waits is still worth being taken up."""

    purpose: str
    reads_plant: bool
    keeps_runs: bool
    is_per_plant: bool
    memory_mb: int
    timeout_s: int
    max_instances: int
    event_age_s: int
    secrets: Sequence[str]
    environment: Mapping[str, str]


def deployed(function: RegisteredFunction, settings: Settings, written: Written) -> DeployedFunction:
    """Return what a function is made with; something must call it on schedule."""
    calls = enabled_calls(function, settings)
    allowed_s = timeout_s(function, settings)
    shortest_s = 60 * min(interval_minutes(one.schedule) for one in calls)
    own = variables_of_plant(settings, written) if function.reads_plant else {}
    return DeployedFunction(
        purpose=function.purpose,
        reads_plant=function.reads_plant,
        keeps_runs=function.keeps_runs,
        is_per_plant=any(one.shown_plant for one in calls),
        memory_mb=function.memory_mb,
        timeout_s=allowed_s,
        max_instances=min(_MOST_INSTANCES, 2 * len(calls)),  # a slot that is late and the one after it
        event_age_s=min(max(shortest_s - allowed_s, _EVENT_AGE_S[0]), _EVENT_AGE_S[1]),
        secrets=(_SUPABASE_KEY, *(_password_secrets(settings) if function.reads_plant else ())),
        environment=common_variables(settings, written) | own,
    )


def passwords_of(settings: Settings) -> dict[str, str]:
    """Return what the secret of all passwords is made of, the names by plant; empty with a single plant.

    Each secret costs, and a function's environment and policy hold few references.
    """
    return {plant: password_variable(plant) for plant in configured(settings) if len(settings.plants) > 1}


def configured(settings: Settings) -> list[str]:
    """Return the plants whose SQL Server is known, in alphabetical order."""
    return sorted(plant for plant, known in settings.plants.items() if known.sql_server)


def _password_secrets(settings: Settings) -> tuple[str, ...]:
    if not configured(settings):
        return ()
    return (PASSWORDS,) if len(settings.plants) > 1 else (_ONLY_PASSWORD,)
