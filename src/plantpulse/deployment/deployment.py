"""The whole of a deployment."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from plantpulse.deployment.calls import Call, calls_of
from plantpulse.deployment.channels import ports_of, topics_of
from plantpulse.deployment.dashboard import DASHBOARD, DeployedDashboard, dashboard_of
from plantpulse.deployment.functions import DeployedFunction, deployed, for_browsers, name_for_browsers
from plantpulse.deployment.publishers import ports_of as ports_of_publishers
from plantpulse.deployment.rhythms import Rhythm, rhythms_of
from plantpulse.deployment.secrets import Secret, configured, secrets_of
from plantpulse.deployment.variables import Written
from plantpulse.schedules.pipelines import FUNCTIONS, RegisteredFunction
from plantpulse.settings import Settings


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployed parts by name; `function_names` also has functions that no plant needs yet.

    `dashboard` is None where no board is wanted. `allowed_origins`: the pages that may call from a browser.
    """

    function_names: Sequence[str]
    functions: Mapping[str, DeployedFunction]
    dashboard: DeployedDashboard | None
    schedules: Mapping[str, Call]
    rhythms: Mapping[str, Rhythm]
    secrets: Mapping[str, Secret]
    sql_server_ports: Sequence[int]
    channel_ports: Sequence[int]
    channel_topics: Sequence[str]
    publisher_ports: Sequence[int]
    unconfigured_plants: Sequence[str]
    allowed_origins: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """Return the deployment as plain data for JSON."""
        return asdict(self)


def deployment_of(
    settings: Settings, written: Written, functions: Sequence[RegisteredFunction] = FUNCTIONS
) -> Deployment:
    """Return the deployment of settings. Every SQL Server in them needs a password; any will do."""
    called = [function for function in functions if any(function.calls(settings))]
    servers = [settings.sql_server_of(plant) for plant in configured(settings)]
    return Deployment(
        function_names=sorted([DASHBOARD, *chain.from_iterable(map(_names, functions))]),
        functions=_functions(called, settings, written),
        dashboard=dashboard_of(settings, written),
        schedules={name: call for one in called for name, call in calls_of(one, settings)},
        rhythms={name: rhythm for one in called for name, rhythm in rhythms_of(one, settings)},
        secrets=secrets_of(settings),
        sql_server_ports=list(dict.fromkeys(server.port for server in servers)),
        channel_ports=ports_of(settings),
        channel_topics=topics_of(settings),
        publisher_ports=ports_of_publishers(settings),
        unconfigured_plants=sorted(set(settings.plants) - set(configured(settings))),
        allowed_origins=settings.manual_calls.allowed_origins,
    )


def _names(function: RegisteredFunction) -> list[str]:
    return [function.name, *([name_for_browsers(function.name)] if function.takes_users else [])]


def _functions(
    called: Sequence[RegisteredFunction], settings: Settings, written: Written
) -> Mapping[str, DeployedFunction]:
    """Return the functions of schedules, and those for browsers where users' tokens are accepted."""
    known = {function.name: deployed(function, settings, written) for function in called}
    if settings.manual_calls.accept == "platform":
        return known
    return known | {
        name_for_browsers(function.name): for_browsers(known[function.name])
        for function in called
        if function.takes_users
    }
