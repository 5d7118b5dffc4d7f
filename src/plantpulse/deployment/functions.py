"""What one function is made with: memory, time, secrets and variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from plantpulse.deployment.calls import interval_minutes, timeout_s
from plantpulse.deployment.channels import memory_mb
from plantpulse.deployment.secrets import secrets_read
from plantpulse.deployment.variables import Written, common_variables, variables_of_plant
from plantpulse.schedules.pipelines import Pipeline, RegisteredFunction
from plantpulse.settings import Settings

_MOST_INSTANCES: Final = 1000  # Cloud Run's
# A slot that is late and the one after it. Of runs that overlap there are two at once, and two reads that
# people ask for.
_INSTANCES: Final = 2
_INSTANCES_WITH_OVERLAP: Final = 4
_EVENT_AGE_S: Final = (60, 21_600)  # least and most that Lambda takes


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """One function. `event_age_s`: how long a call that waits is still worth being taken up.

    `code` is the function whose bundle it runs, `callers` who vouches for those who call it (MANUAL_CALLS).
    `joins_network`: it needs the plants' network, for SQL Servers or devices.
    """

    code: str
    callers: str
    purpose: str
    joins_network: bool
    reads_devices: bool
    keeps_runs: bool
    is_per_plant: bool
    memory_mb: int
    timeout_s: int
    max_instances: int
    event_age_s: int
    secrets: Sequence[str]
    environment: Mapping[str, str]


def deployed(function: RegisteredFunction, settings: Settings, written: Written) -> DeployedFunction:
    """Return what a function is made with; it must have a call.

    What `enabled` says changes nothing here: a poll by hand goes on.
    """
    calls = list(function.calls(settings))
    allowed_s = timeout_s(function, settings)
    shortest_s = 60 * min(interval_minutes(one.schedule) for one in calls)
    own = variables_of_plant(settings, written) if function.reads_plant else {}
    return DeployedFunction(
        code=function.name,
        callers="platform",
        purpose=function.purpose,
        joins_network=function.reads_plant or function.reads_devices,
        reads_devices=function.reads_devices,
        keeps_runs=function.keeps_runs,
        is_per_plant=any(one.shown_plant for one in calls),
        memory_mb=memory_mb(function, settings),
        timeout_s=allowed_s,
        max_instances=min(_MOST_INSTANCES, sum(map(_instances, calls))),
        event_age_s=min(max(shortest_s - allowed_s, _EVENT_AGE_S[0]), _EVENT_AGE_S[1]),
        secrets=secrets_read(settings, function),
        environment=common_variables(settings, written) | own,
    )


def for_browsers(known: DeployedFunction) -> DeployedFunction:
    """Return the function of the same code that is open to browsers and asks for users' tokens."""
    return replace(
        known,
        callers="supabase_user",
        purpose=f"For browsers, with users' tokens: {known.purpose[0].lower()}{known.purpose[1:]}",
        max_instances=_INSTANCES,
    )


def name_for_browsers(function: str) -> str:
    """Return what the function for browsers is called; no longer than the longest other name."""
    return f"{function}_users"


def _instances(call: Pipeline) -> int:
    return _INSTANCES_WITH_OVERLAP if call.overlap_s else _INSTANCES
