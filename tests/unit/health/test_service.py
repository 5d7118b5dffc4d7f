"""What whoever asks for health is told, whatever Supabase and the settings are like."""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from plantpulse.errors import ConfigurationError, PlantpulseError, StoreRefused, StoreUnavailable
from plantpulse.health.service import HealthService
from plantpulse.health.watch import Watch
from plantpulse.schedules.pipelines import pipelines_of
from plantpulse.settings import Secret, Settings, SqlServerSettings, SupabaseSettings
from plantpulse.settings.validation import validated

NOW = datetime(2026, 11, 20, 10, 10, tzinfo=UTC)
SERVER = SqlServerSettings(
    host="sql.north.example", user="reader", password=Secret("pw"), database="factory_records"
)
SETTINGS = validated(
    Settings,
    {
        "plants": {
            "north": {"time_zone": "America/Chicago", "sql_server": SERVER},
            "south": {"time_zone": "Europe/Berlin", "missing_settings": ("MSSQL_HOST",)},
            "west": {"time_zone": "UTC", "sql_server": SERVER, "enabled": False},
        },
        "supabase": SupabaseSettings(url="http://supabase.example", secret_key=Secret("k" * 30)),
    },
)
NOTHING = {
    "watched_since": "2026-11-20T10:05:00+00:00",
    "last_run": None,
    "last_success": None,
    "last_slot": None,
    "running": None,
    "consecutive_failures": 0,
    "last_error": None,
    "day": {"executed": 0, "failed": 0, "p50": None, "p95": None},
    "snapshots_until": None,
    "window_until": None,
}
NORTH = {
    **NOTHING,
    "pipeline": "live_pulse",
    "plant": "north",
    "watched_since": "2026-11-01T00:00:00+00:00",
    "last_run": {"status": "failed", "started_at": "2026-11-20T04:06:00-06:00"},
    "last_success": {"finished_at": "2026-11-20T10:00:09+00:00", "counts": {"snapshots_written": 12}},
    "last_slot": "2026-11-20T10:00:00+00:00",
    "running": {"started_at": "2026-11-20T10:09:58+00:00", "lease_expires_at": "2026-11-20T10:11:28+00:00"},
    "consecutive_failures": 1,
    "last_error": {
        "code": "source_unavailable",
        "at": "2026-11-20T10:06:05+00:00",
        "is_retryable": True,
        "run_id": 41,
    },
    "day": {"executed": 96, "failed": 3, "p50": 2100, "p95": 4800},
    "snapshots_until": "2026-11-20T10:00:00+00:00",
    "window_until": "2026-11-20T09:59:00+00:00",
}


def answer(north: Mapping[str, Any] = NORTH, settings: Settings = SETTINGS) -> dict[str, Any]:
    """Return what Supabase answers when nothing has run but the polls of north."""
    found = [{**NOTHING, "pipeline": known.name, "plant": known.plant} for known in pipelines_of(settings)]
    return {"pipelines": [north, *found[1:]], "alerted": []}


@dataclass
class Request:
    """The part of a Flask request that is read."""

    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def stream(self) -> io.BytesIO:
        return io.BytesIO(self.body)


@dataclass
class MemoryStore:
    """Answers as it is told and remembers what it was asked."""

    answer: dict[str, Any] | Exception = field(default_factory=answer)
    asked: list[Sequence[Mapping[str, Any]]] = field(default_factory=list)
    seconds_left: float = 0.0

    @contextmanager
    def open(
        self, _: SupabaseSettings, *, seconds_left: Callable[[], float], clock: Callable[[], datetime] | None
    ) -> Iterator["MemoryStore"]:
        self.seconds_left = seconds_left()
        yield self

    def pipeline_health(self, pipelines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.asked.append(pipelines)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def alert_figures(self) -> dict[str, Any]:
        return {"open": [], "channels": [{"name": "office", "is_failing": False, "untold": 0}]}


def service(store: MemoryStore, settings: Settings | PlantpulseError = SETTINGS) -> HealthService:
    def load() -> Settings:
        if isinstance(settings, PlantpulseError):
            raise settings
        return settings

    return HealthService(store.open, load_settings=load, clock=lambda: NOW)


def get(
    store: MemoryStore, settings: Settings | PlantpulseError = SETTINGS, **request: Any
) -> tuple[int, dict[str, Any]]:
    body, status, _ = service(store, settings).http(Request(**request))
    return status, json.loads(body)


def test_it_shows_each_pipeline_under_the_names_of_the_design() -> None:
    status, view = get(MemoryStore())

    assert status == 200
    assert view["status"] == "degraded"
    assert view["checked_at"] == "2026-11-20T10:10:00+00:00"
    assert view["pipelines"][0] == {
        "pipeline": "live_pulse",
        "plant": "north",
        "state": "running",
        "last_poll_timestamp": "2026-11-20T10:06:00+00:00",
        "last_poll_success": False,
        "last_poll_status": "failed",
        "last_success_timestamp": "2026-11-20T10:00:09+00:00",
        "next_poll_scheduled": "2026-11-20T10:15:00+00:00",
        "running_since": "2026-11-20T10:09:58+00:00",
        "polls_executed": 96,
        "polls_failed": 3,
        "consecutive_failures": 1,
        "last_error": {
            "code": "source_unavailable",
            "at": "2026-11-20T10:06:05+00:00",
            "is_retryable": True,
            "run_id": 41,
        },
        "duration_ms": {"p50": 2100, "p95": 4800},
        "data_until": "2026-11-20T10:00:00+00:00",
        "data_age_s": 600,
        "is_data_behind": False,
        "counts": {"snapshots_written": 12},
        "missing_settings": [],
    }


def test_what_is_not_configured_or_stopped_is_said_as_such() -> None:
    _, view = get(MemoryStore())

    shown = [(one["pipeline"], one["plant"], one["state"]) for one in view["pipelines"]]
    assert shown == [
        ("live_pulse", "north", "running"),
        ("live_pulse", "south", "not_configured"),
        ("live_pulse", "west", "stopped"),
        ("morning_report", "north", "new"),
        ("morning_report", "south", "not_configured"),
        ("morning_report", "west", "stopped"),
        ("cleanup", None, "new"),
    ]
    assert view["pipelines"][1]["missing_settings"] == ["MSSQL_HOST"]
    assert view["pipelines"][2]["next_poll_scheduled"] is None


def test_the_next_run_is_told_by_each_pipelines_own_clock() -> None:
    _, view = get(MemoryStore())

    told = {(one["pipeline"], one["plant"]): one["next_poll_scheduled"] for one in view["pipelines"]}
    assert told["live_pulse", "north"] == "2026-11-20T10:15:00+00:00"
    assert told["morning_report", "north"] == "2026-11-20T12:00:00+00:00"  # 06:00 in Chicago
    assert told["morning_report", "south"] == "2026-11-21T05:00:00+00:00"  # 06:00 in Berlin
    assert told["cleanup", None] == "2026-11-20T11:00:00+00:00"


def test_supabase_is_asked_once_for_all_and_told_what_is_stopped() -> None:
    store = MemoryStore()

    get(store)

    assert store.asked == [
        [
            {"pipeline": "live_pulse", "plant": "north", "is_stopped": False},
            {"pipeline": "live_pulse", "plant": "south", "is_stopped": False},
            {"pipeline": "live_pulse", "plant": "west", "is_stopped": True},
            {"pipeline": "morning_report", "plant": "north", "is_stopped": False},
            {"pipeline": "morning_report", "plant": "south", "is_stopped": False},
            {"pipeline": "morning_report", "plant": "west", "is_stopped": True},
            {"pipeline": "cleanup", "plant": "(all plants)", "is_stopped": False},
        ]
    ]
    assert 0 < store.seconds_left <= 5  # seconds, health.timeout_s


def test_the_summaries_may_come_in_any_order() -> None:
    _, view = get(MemoryStore({"pipelines": list(reversed(answer()["pipelines"]))}))

    assert [one["polls_executed"] for one in view["pipelines"]] == [96, 0, 0, 0, 0, 0, 0]


def test_slots_that_succeeded_without_snapshots_are_data_that_stays_behind() -> None:
    behind = {**NORTH, "snapshots_until": "2026-11-20T09:45:00+00:00"}
    only_north = replace(SETTINGS, plants={"north": SETTINGS.plants["north"]})

    _, view = get(MemoryStore(answer(behind, only_north)), only_north)
    _, without = get(MemoryStore(answer({**NORTH, "snapshots_until": None}, only_north)), only_north)

    assert (view["pipelines"][0]["state"], view["pipelines"][0]["is_data_behind"]) == ("running", True)
    assert view["pipelines"][0]["data_age_s"] == 1500
    assert (without["pipelines"][0]["is_data_behind"], without["pipelines"][0]["data_until"]) == (True, None)
    assert (view["status"], without["status"]) == ("degraded", "degraded")


def test_a_pipeline_that_is_down_makes_a_get_503_with_the_same_body() -> None:
    down = {**NORTH, "last_slot": "2026-11-20T09:15:00+00:00"}

    status, view = get(MemoryStore(answer(down)))

    assert (status, view["status"], view["pipelines"][0]["state"]) == (503, "unhealthy", "down")
    assert view["pipelines"][0]["polls_executed"] == 96


UNREACHABLE = StoreUnavailable("Supabase at supabase.example did not answer")
REFUSED = StoreRefused("the key was refused: check SUPABASE_SECRET_KEY")


@pytest.mark.parametrize(
    ("error", "code"),
    [(UNREACHABLE, "store_unavailable"), (REFUSED, "store_refused"), (KeyError("day"), "internal_error")],
)
def test_what_cannot_be_seen_is_unhealthy_and_no_exception(error: Exception, code: str) -> None:
    status, view = get(MemoryStore(error))

    assert (status, view["status"]) == (503, "unhealthy")
    assert view["error"]["code"] == code
    assert [(one["plant"], one["state"]) for one in view["pipelines"][:3]] == [
        ("north", "unknown"),
        ("south", "unknown"),
        ("west", "stopped"),
    ]
    assert view["pipelines"][0]["next_poll_scheduled"] == "2026-11-20T10:15:00+00:00"


def test_an_answer_that_is_none_of_ours_is_unhealthy_too() -> None:
    status, view = get(MemoryStore({"pipelines": [{"pipeline": "live_pulse", "plant": "elsewhere"}]}))

    assert (status, view["error"]["code"]) == (503, "store_refused")


def test_wrong_settings_are_unhealthy_and_tried_again_at_the_next_look() -> None:
    broken = service(MemoryStore(), ConfigurationError("plants.north.time_zone: must be ..."))

    body, status, _ = broken.http(Request())
    broken.load_settings = lambda: SETTINGS
    _, later, _ = broken.http(Request())

    assert (status, json.loads(body)["error"]["code"]) == (503, "configuration_error")
    assert json.loads(body)["pipelines"] == []
    assert later == 200


def test_a_key_that_was_changed_is_read_anew_once_the_old_one_is_refused() -> None:
    store, read = MemoryStore(), []
    looking = service(store)
    looking.load_settings = lambda: read.append("read") or SETTINGS  # type: ignore[func-returns-value]

    looking.http(Request())
    store.answer = StoreRefused("Supabase refused the call: 401")
    looking.http(Request())
    store.answer = answer()
    _, status, _ = looking.http(Request())
    looking.http(Request())

    assert (status, read) == (200, ["read", "read"])


def test_without_supabase_settings_it_says_so() -> None:
    status, view = get(MemoryStore(), replace(SETTINGS, supabase=None))

    assert (status, view["error"]["code"]) == (503, "configuration_error")


@pytest.mark.parametrize("store", [MemoryStore(), MemoryStore(UNREACHABLE)], ids=["seen", "unreachable"])
def test_neither_a_host_nor_a_secret_is_shown(store: MemoryStore) -> None:
    body, _, _ = service(store).http(Request())

    for word in ("sql.north.example", "supabase.example", "reader", "factory_records", "k" * 30, '"pw"'):
        assert word not in body


def test_nothing_of_it_may_be_kept_by_a_cache() -> None:
    for method in ("GET", "HEAD", "POST", "PUT"):
        _, _, headers = service(MemoryStore()).http(Request(method))
        assert (headers["Cache-Control"], headers["Content-Type"]) == ("no-store", "application/json")


def test_a_head_is_answered_as_a_get_without_its_body() -> None:
    assert service(MemoryStore()).http(Request("HEAD"))[:2] == ("", 200)
    assert service(MemoryStore(UNREACHABLE)).http(Request("HEAD"))[:2] == ("", 503)


def test_a_post_is_answered_with_the_same_view() -> None:
    assert get(MemoryStore(), method="POST") == get(MemoryStore())


@pytest.mark.parametrize(
    ("request_", "status", "field_"),
    [
        ({"method": "PUT"}, 405, None),
        ({"method": "DELETE"}, 405, None),
        ({"path": "/metrics"}, 404, None),
        ({"method": "POST", "body": b"{"}, 400, None),
        ({"method": "POST", "body": b"[]"}, 400, None),
        ({"method": "POST", "body": b'{"plant": "north"}'}, 400, "plant"),
        ({"method": "POST", "body": b"x" * 65_537}, 413, None),
    ],
)
def test_a_malformed_request_is_refused_and_supabase_is_not_asked(
    request_: dict[str, Any], status: int, field_: str | None
) -> None:
    store = MemoryStore()

    body, answered, headers = service(store).http(Request(**request_))

    assert answered == status
    assert json.loads(body)["error"]["code"] == "invalid_request"
    assert json.loads(body)["error"]["field"] == field_
    assert headers.get("Allow") == ("GET, HEAD, POST" if status == 405 else None)
    assert store.asked == []


TICK = {"X-CloudScheduler-ScheduleTime": "2026-11-20T10:10:00Z"}


@pytest.mark.parametrize(
    ("answered", "status"),
    [
        (answer(), 200),
        (answer({**NOTHING, "pipeline": "live_pulse", "plant": "north"}), 200),
        (UNREACHABLE, 503),
        (REFUSED, 200),
    ],
    ids=["degraded", "new", "unreachable", "refused"],
)
def test_a_scheduler_hears_2xx_unless_trying_again_can_help(
    answered: dict[str, Any] | Exception, status: int
) -> None:
    assert get(MemoryStore(answered), method="POST", headers=TICK)[0] == status


def test_a_scheduler_is_not_told_to_try_again_because_a_pipeline_is_down() -> None:
    down = answer({**NORTH, "last_slot": None})

    assert get(MemoryStore(down), method="POST", headers=TICK)[0] == 200
    assert get(MemoryStore(down), method="POST")[0] == 503


def function_url_event(method: str) -> dict[str, Any]:
    return {"rawPath": "/", "headers": {}, "requestContext": {"http": {"method": method}}, "body": ""}


def test_lambda_answers_a_function_url_a_schedule_and_a_direct_call() -> None:
    ours = service(MemoryStore())

    over_http = ours.event(function_url_event("GET"))
    scheduled = ours.event({"scheduled_time": "2026-11-20T10:10:00Z"})

    assert (over_http["statusCode"], over_http["headers"]["Cache-Control"]) == (200, "no-store")
    assert json.loads(over_http["body"]) == scheduled == ours.event({})
    assert ours.event({"plant": "north"})["error"]["field"] == "plant"


def test_lambda_tries_a_schedule_again_when_supabase_could_not_be_reached() -> None:
    ours = service(MemoryStore(UNREACHABLE))

    with pytest.raises(StoreUnavailable):
        ours.event({"scheduled_time": "2026-11-20T10:10:00Z"})
    assert ours.event({})["status"] == "unhealthy"


def test_a_look_is_one_line_in_the_log_that_names_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    get(MemoryStore())
    get(MemoryStore(UNREACHABLE), method="POST", headers=TICK)
    get(MemoryStore(), method="PUT")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["severity"], line["message"]) for line in lines] == [
        ("WARNING", "health degraded"),
        ("ERROR", "health unhealthy"),
        ("WARNING", "invocation refused"),
    ]
    assert lines[0]["troubled"] == [
        "live_pulse of south is not_configured",
        "morning_report of south is not_configured",
    ]
    assert lines[1]["error"]["message"] == "Supabase at supabase.example did not answer"


def test_whoever_asks_for_openmetrics_gets_them() -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0, text/plain;q=0.5"}

    body, status, headers = service(MemoryStore()).http(Request(headers=accept))

    assert status == 200
    assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert 'plantpulse_outbox_alerts{channel="office"} 0' in body
    assert body.endswith("# EOF\n")


def test_openmetrics_of_an_unhealthy_system_are_figures_too() -> None:
    accept = {"Accept": "application/openmetrics-text"}

    body, status, _ = service(MemoryStore(StoreUnavailable("down"))).http(Request(headers=accept))

    assert status == 200  # Prometheus keeps no figures of a bad answer
    assert "plantpulse_up 0" in body


@dataclass
class Outbox(MemoryStore):
    """Remembers what is said of alerts."""

    seen: list[Mapping[str, Any]] = field(default_factory=list)
    states: list[Mapping[str, Any]] = field(default_factory=list)

    def keep_pipeline_states(self, states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.states += states
        return {"written": len(states)}

    def tag_troubles(self) -> dict[str, Any]:
        raise AssertionError

    @contextmanager
    def open_outbox(
        self, _: SupabaseSettings, *, seconds_left: Callable[[], float], clock: Callable[[], datetime] | None
    ) -> Iterator["Outbox"]:
        assert clock is not None
        yield self

    def watch_alerts(self, seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.seen += seen
        return {"alerts": None}

    def failing_channels(self, _names: Sequence[str]) -> dict[str, Any]:
        return {"channels": []}

    def claim_notifications(self, _channel: Mapping[str, Any], _limit: int) -> dict[str, Any]:
        raise AssertionError("there is no channel")

    mark_notifications: Any = claim_notifications
    claim_report_mails: Any = claim_notifications
    mark_report_mail: Any = claim_notifications


def watching(store: Outbox, pings: list[bool], clock: Callable[[], datetime] = lambda: NOW) -> HealthService:
    def ping(_settings: Settings, _seconds_left: Callable[[], float], /, *, is_well: bool) -> None:
        pings.append(is_well)

    def refuse(*_: object, **__: object) -> Any:
        raise AssertionError("there is no channel")

    return HealthService(
        store.open, Watch(store.open_outbox, refuse, ping), load_settings=lambda: SETTINGS, clock=clock
    )


SCHEDULED = {"X-CloudScheduler-ScheduleTime": "2026-11-20T10:10:00+00:00"}


def test_a_scheduled_call_says_what_is_wrong_and_pings() -> None:
    late = {**NORTH, "last_slot": "2026-11-20T09:30:00+00:00", "running": None}
    store, pings = Outbox(answer(late)), list[bool]()

    watching(store, pings).http(Request(method="POST", headers=SCHEDULED))

    of_north = next(one for one in store.seen if one["plant"] == "north" and one["scope"] == "live_pulse")
    assert [one["rule"] for one in of_north["firing"]] == ["overdue"]
    assert of_north["slot"] == "2026-11-20T09:30:00+00:00"
    assert pings == [True]


def test_the_view_and_the_alerts_of_a_call_are_of_one_instant() -> None:
    late = {**NORTH, "last_slot": "2026-11-20T09:45:00+00:00", "running": None}
    an_hour_a_look = (NOW + timedelta(hours=hours) for hours in count())
    store = Outbox(answer(late))

    body, _, _ = watching(store, [], lambda: next(an_hour_a_look)).http(
        Request(method="POST", headers=SCHEDULED)
    )

    view = json.loads(body)
    of_north = next(one for one in store.seen if one["plant"] == "north" and one["scope"] == "live_pulse")
    assert (of_north["at"], of_north["firing"][0]["facts"]["state"]) == (
        view["checked_at"],
        view["pipelines"][0]["state"],
    )


def test_health_speaks_only_of_what_fires_or_has_an_open_alert() -> None:
    store = Outbox(answer())
    watching(store, []).http(Request(method="POST", headers=SCHEDULED))
    assert {one["scope"] for one in store.seen} == {"channels"}

    store = Outbox(answer() | {"alerted": [["live_pulse", "north"]]})
    watching(store, []).http(Request(method="POST", headers=SCHEDULED))
    assert {one["scope"] for one in store.seen} == {"channels", "live_pulse"}


def test_a_call_by_hand_only_looks() -> None:
    store, pings = Outbox(), list[bool]()

    watching(store, pings).http(Request())

    assert (store.seen, pings) == ([], [])


def test_the_dead_mans_switch_hears_that_health_could_not_look() -> None:
    pings = list[bool]()

    watching(Outbox(StoreUnavailable("down")), pings).http(Request(method="POST", headers=SCHEDULED))

    assert pings == [False]


def test_alerts_that_cannot_be_kept_fail_no_look() -> None:
    class Broken(Outbox):
        def watch_alerts(self, seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
            raise StoreUnavailable("gone")

    pings = list[bool]()

    body, status, _ = watching(Broken(), pings).http(Request(method="POST", headers=SCHEDULED))

    assert (status, json.loads(body)["status"], pings) == (200, "degraded", [False])


def test_a_scheduled_call_writes_down_what_it_judged() -> None:
    late = {**NORTH, "last_slot": "2026-11-20T09:30:00+00:00", "running": None}
    store = Outbox(answer(late))

    watching(store, []).http(Request(method="POST", headers=SCHEDULED))

    of_north = next(one for one in store.states if (one["pipeline"], one["plant"]) == ("live_pulse", "north"))
    assert of_north == {
        "pipeline": "live_pulse",
        "plant": "north",
        "state": "late",
        "is_data_behind": False,
        "due_at": "2026-11-20T09:45:00+00:00",
        "late_at": "2026-11-20T09:47:00+00:00",
        "next_at": "2026-11-20T10:15:00+00:00",
        "interval_minutes": 15,
    }


def test_of_what_is_switched_off_no_call_is_expected() -> None:
    store = Outbox()

    watching(store, []).http(Request(method="POST", headers=SCHEDULED))

    stopped = [one for one in store.states if one["state"] == "stopped"]
    assert stopped
    assert {(one["due_at"], one["late_at"], one["next_at"]) for one in stopped} == {(None, None, None)}


def test_states_that_cannot_be_written_keep_nobody_from_being_told() -> None:
    class Broken(Outbox):
        def keep_pipeline_states(self, states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
            raise StoreUnavailable("gone")

    late = {**NORTH, "last_slot": "2026-11-20T09:30:00+00:00", "running": None}
    store, pings = Broken(answer(late)), list[bool]()

    watching(store, pings).http(Request(method="POST", headers=SCHEDULED))

    assert any(one["firing"] for one in store.seen)
    assert pings == [True]
