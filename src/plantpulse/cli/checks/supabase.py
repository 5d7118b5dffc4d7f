"""The links from here to the project: network, key, grants, Row Level Security, members, migrations."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from plantpulse.cli.checks import keys, network
from plantpulse.cli.checks.findings import Finding, Found, Link, walk
from plantpulse.connections import trust
from plantpulse.entry.callers import EVERY_PLANT
from plantpulse.errors import PlantpulseError
from plantpulse.plant.oee import DOUBTFUL_PERFORMANCE, describe_rates
from plantpulse.settings import Settings

SUBJECT: Final = "supabase"
MIGRATIONS: Final = Path("supabase") / "migrations"
APPLY: Final = "apply the newest migrations: supabase db push"
MOST_MEMBERS: Final = 100_000
LOOKED_BACK: Final = timedelta(days=7)
# Functions that members call from a page; Row Level Security decides what each of them sees.
FOR_MEMBERS: Final = frozenset(
    {
        "activate_imported",
        "alert_as_json",
        "apply_tag_import",
        "board",
        "board_alerts",
        "board_asset",
        "board_day",
        "board_energy",
        "board_machines",
        "board_marks",
        "board_pipelines",
        "board_plant",
        "board_plants",
        "board_poll",
        "board_report",
        "board_safety",
        "board_tag_history",
        "board_tags",
        "board_told",
        "fallback_key",
        "import_tags",
        "is_below_target",
        "is_polled",
        "judged_pipelines",
        "latest_snapshots",
        "most_polled_groups",
        "newest_runs",
        "newest_summaries",
        "pipeline_summaries",
        "reads_all_plants",
        "report_losses",
        "report_totals",
        "run_strip",
        "run_summaries",
        "safety_read",
        "series_as_known",
        "series_blocks",
        "series_status",
        "shown",
        "shown_facts",
        "signed_in_as",
        "signs_for",
        "snapshots_by_slot",
        "stops_once",
        "tag_group_hour",
        "tag_history",
        "tag_status",
        "tag_values",
    }
)
MOST_SUMMARIES: Final = 1000
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})

State = Mapping[str, Any]


class Project(Protocol):
    """What is asked of the project."""

    def auth_settings(self) -> Mapping[str, Any]: ...
    def project_state(self) -> Mapping[str, Any]: ...
    def doubtful_names(self) -> Mapping[str, Any]: ...
    def members(self, filters: Mapping[str, str], *, limit: int) -> Sequence[Mapping[str, Any]]: ...
    def fast_assets(self, above_percent: float, *, since: date, limit: int) -> Sequence[State]: ...


OpenProject = Callable[[], AbstractContextManager[Project]]


def check_supabase(
    settings: Settings, open_project: OpenProject, now: Callable[[], datetime], migrations: Path = MIGRATIONS
) -> Iterator[Finding]:
    """Look at the project's links, one after the other."""
    with ExitStack() as stack:
        yield from walk(SUBJECT, _Links(settings, open_project, now, migrations, stack).in_order())


class _Links:
    """The links of the project; its state is read once."""

    def __init__(
        self,
        settings: Settings,
        open_project: OpenProject,
        now: Callable[[], datetime],
        migrations: Path,
        stack: ExitStack,
    ) -> None:
        self._settings = settings
        self._open_project = open_project
        self._now = now
        self._migrations = migrations
        self._stack = stack
        self._project: Project | None = None
        self._state: State = {}

    def in_order(self) -> Sequence[Link]:
        """Return the links; each one needs those before it."""
        return [
            Link(
                "settings", self._find_settings, lambda _: "set both in the environment or the secret store"
            ),
            Link("dns", self._look_up),
            Link("tcp", self._knock),
            Link("tls", self._shake_hands),
            Link("key", self._judge_key),
            Link("sign-up", self._ask_sign_up, _key_remedy),
            Link("data api", self._ask_state, _state_remedy),
            Link("grants", lambda: judge_grants(self._state), is_needed=False),
            Link("rls", lambda: judge_row_security(self._state), is_needed=False),
            Link("members", self._ask_members, is_needed=False),
            Link("names", self._ask_names, _state_remedy, is_needed=False),
            Link("migrations", lambda: judge_migrations(self._state, self._expected()), is_needed=False),
            Link("ideal rates", self._ask_rates, is_needed=False),
        ]

    def _find_settings(self) -> Found:
        return Found(self._settings.require_supabase().url)

    def _address(self) -> tuple[str, int, str]:
        url = urlsplit(self._settings.require_supabase().url)
        return url.hostname or "", url.port or (443 if url.scheme == "https" else 80), url.scheme

    def _look_up(self) -> Found:
        host, port, _ = self._address()
        return network.look_up(host, port, "SUPABASE_URL")

    def _knock(self) -> Found:
        host, port, _ = self._address()
        return network.knock(host, port, "SUPABASE_URL")

    def _shake_hands(self) -> Found:
        host, port, scheme = self._address()
        if scheme == "https":
            return network.shake_hands(host, port, trust(scheme))
        if host in _LOCAL:
            return Found("none: the project is on this machine")
        return Found(
            "none: key and data are sent in plain text", "set SUPABASE_URL to https://", is_wrong=True
        )

    def _judge_key(self) -> Found:
        return keys.judge_key(self._settings.require_supabase().secret_key.reveal(), self._now())

    def _ask_sign_up(self) -> Found:
        self._project = self._stack.enter_context(self._open_project())
        if self._project.auth_settings().get("disable_signup"):
            return Found("closed: accounts need an invitation")
        return Found(
            "open: anybody can create an account, but sees nothing without a membership",
            "turn it off if nobody should sign up (Supabase: Authentication > Sign In / Providers)",
        )

    def _ask_state(self) -> Found:
        assert self._project is not None  # noqa: S101 - skipped without it
        self._state = self._project.project_state()
        return Found(f"answers as {self._state['role']}, Postgres {self._state['server_version']}")

    def _ask_names(self) -> Found:
        assert self._project is not None  # noqa: S101 - skipped without it
        return judge_names(self._project.doubtful_names())

    def _ask_members(self) -> Found:
        assert self._project is not None  # noqa: S101 - skipped without it
        members = self._project.members({}, limit=MOST_MEMBERS)
        return judge_members({str(member["plant"]) for member in members}, self._settings.plants)

    def _ask_rates(self) -> Found:
        assert self._project is not None  # noqa: S101 - skipped without it
        since = (self._now() - LOOKED_BACK).date()
        return judge_rates(
            self._project.fast_assets(100 * DOUBTFUL_PERFORMANCE, since=since, limit=MOST_SUMMARIES)
        )

    def _expected(self) -> list[str] | None:
        """Return the versions of the migrations in this folder; None where there are none."""
        found = sorted(path.name.partition("_")[0] for path in self._migrations.glob("*_*.sql"))
        return found or None


def judge_grants(state: State) -> Found:
    """Return whether the service role may do its work, and nobody else may do more than intended."""
    lacking = [
        f"{table['name']} ({', '.join(table['service_role_lacks'])})"
        for table in state["tables"]
        if table["service_role_lacks"]
    ]
    barred = [f"{function['name']}()" for function in state["functions"] if not function["service_role"]]
    if lacking or barred:
        return Found(
            f"service_role lacks rights on {_some(lacking + barred)}",
            "grant select, insert, update, delete on the tables and execute on the functions to service_role "
            "(new tables have no grants of their own since October 2026), as the migrations do",
            is_wrong=True,
        )
    public = [f"{function['name']}()" for function in state["functions"] if _is_too_open(function)]
    anonymous = [table["name"] for table in state["tables"] if table["anon"]]
    if public or anonymous:
        return Found(
            f"anon or every signed-in user may use {_some(anonymous + public)}",
            "unless you want that: revoke all on table|function ... from public, anon, authenticated",
        )
    return Found(f"{len(state['tables'])} tables, {len(state['functions'])} functions: only the service role")


def _is_too_open(function: State) -> bool:
    """Say whether anon may call a function, or a signed-in user one that is not for members."""
    # A project without the newest migrations tells of both together.
    anon = function.get("anon", function["is_public"])
    return bool(anon or (function["is_public"] and function["name"] not in FOR_MEMBERS))


def judge_row_security(state: State) -> Found:
    """Return whether Row Level Security is on for every table."""
    bare = [table["name"] for table in state["tables"] if not table["has_row_security"]]
    if bare:
        return Found(
            f"off for {_some(bare)}: everybody with a grant sees every plant",
            "; ".join(f"alter table public.{name} enable row level security" for name in bare[:3]),
            is_wrong=True,
        )
    return Found(f"on for all {len(state['tables'])} tables")


def judge_members(member_of: Collection[str], plants: Collection[str]) -> Found:
    """Return whether every membership is of a plant in plantpulse.yaml; no table knows the plants."""
    unknown = sorted(plant for plant in member_of if plant != EVERY_PLANT and plant not in plants)
    if unknown:
        return Found(
            f"some are of plants that are not in plantpulse.yaml: {_some(unknown)}",
            "unless the plant has gone and its history is still read: delete from public.plant_members "
            "where plant = '...', then plantpulse members add",
        )
    return Found("all are of plants in plantpulse.yaml")


def judge_names(doubtful: Mapping[str, Any]) -> Found:
    """Return the names and targets of the plant model that are one for people, or count twice."""
    count, first = doubtful["count"], doubtful["first"]
    if not count:
        return Found("every asset and cost center stands once; no asset has two targets at the same hours")
    more = f"; and {count - len(first)} more" if count > len(first) else ""
    return Found(
        f"{'; '.join(first)}{more}",
        "rename or delete one of the two in Supabase; leave two shifts only if both targets shall count",
    )


def judge_migrations(state: State, expected: Sequence[str] | None) -> Found:
    """Return whether the project has this folder's migrations; `expected` is None without any."""
    applied = state["migrations"]
    if applied is None:
        return Found(
            "the project does not say which are applied",
            "apply them with the Supabase CLI, which records them",
        )
    if expected is None:
        return Found(
            f"{len(applied)} are applied, the newest is {applied[-1]}; there are none here to compare with",
            "run the check in a folder that has supabase/migrations",
        )
    if missing := [version for version in expected if version not in applied]:
        return Found(f"{len(missing)} are not applied: {_some(missing)}", APPLY, is_wrong=True)
    if strange := [version for version in applied if version not in expected]:
        return Found(
            f"the project has {len(strange)} that this folder lacks: {_some(strange)}",
            "deploy the newer version, or update this folder",
        )
    return Found(f"all {len(applied)} are applied")


def judge_rates(fast: Sequence[State]) -> Found:
    """Return whether the ideal rates fit what assets made; `fast`: their best days, the highest first."""
    if not fast:
        return Found(f"no daily summary of the last week has a performance above {DOUBTFUL_PERFORMANCE:.0%}")
    best: dict[str, float] = {}
    for one in fast:
        name = f"{one['asset']['plant']} {one['asset']['name']}"
        best.setdefault(name, one["performance_percentage"] / 100)
    return Found(
        describe_rates(best),
        "raise ideal_units_per_hour with `plantpulse assets import`, or book stops as they are",
    )


def _key_remedy(error: PlantpulseError) -> str:
    return (
        "the project refuses the key: set SUPABASE_URL and SUPABASE_SECRET_KEY of the same project "
        "(Supabase: Project Settings > API Keys)"
    )


def _state_remedy(error: PlantpulseError) -> str:
    return APPLY if "PGRST202" in str(error) else _key_remedy(error)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
