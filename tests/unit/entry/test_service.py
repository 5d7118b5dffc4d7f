"""What a scheduler and what a person is told, and that a claimed run never stays running."""

import gc
import io
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from plantpulse.entry import requests
from plantpulse.entry.callers import Caller
from plantpulse.entry.invocations import Invocation
from plantpulse.entry.last_resort import give_up_all
from plantpulse.entry.replies import Reply
from plantpulse.entry.service import Service
from plantpulse.errors import (
    ConfigurationError,
    DeviceRefused,
    FenceRefused,
    InvalidRequest,
    NotConfigured,
    OutOfTime,
    PlantpulseError,
    SourceLoginFailed,
    SourceUnavailable,
    StoreRefused,
    StoreUnavailable,
    TransientError,
)
from plantpulse.runs import Budget, Run, RunPlan, RunReport
from plantpulse.settings import ManualCallsSettings, PlantSettings, Secret, Settings, SupabaseSettings

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SETTINGS = Settings(
    plants={"north": PlantSettings(time_zone="UTC")},
    supabase=SupabaseSettings(url="http://127.0.0.1:9", secret_key=Secret("k" * 30)),
)
CLAIMED = {"answer": "claimed", "run": {"run_id": 7, "attempt": 1, "started_at": NOON.isoformat()}}
STORED = {
    "pipeline": "pulse",
    "plant": "north",
    "trigger": "schedule",
    "outcome": "succeeded",
    "status": "succeeded",
    "run_id": 3,
}


@dataclass
class MemoryStore:
    """Answers as it is told and remembers what it was asked."""

    claim: dict[str, Any] | PlantpulseError = field(default_factory=lambda: dict(CLAIMED))
    fail: dict[str, Any] | PlantpulseError | None = None
    failures: list[Mapping[str, Any]] = field(default_factory=list)
    end_dry: PlantpulseError | None = None
    dry_runs_ended: int = 0
    is_open: bool = False

    @contextmanager
    def open(
        self, _: SupabaseSettings, *, seconds_left: Callable[[], float], clock: Callable[[], datetime] | None
    ) -> Iterator["MemoryStore"]:
        assert seconds_left() > 0
        assert clock is not None
        self.is_open = True
        try:
            yield self
        finally:
            self.is_open = False

    def claim_run(self, claim: Mapping[str, Any]) -> dict[str, Any]:
        return _told(self.claim)

    def fail_run(self, fence: str, failure: Mapping[str, Any]) -> dict[str, Any]:
        self.failures.append(failure)
        return _told(self.fail or {"answer": "failed", "report": failure["report"]})

    def end_dry_run(self, fence: str) -> dict[str, Any]:
        self.dry_runs_ended += 1
        return _told(self.end_dry or {"answer": "ended"})


def _told(answer: dict[str, Any] | PlantpulseError) -> dict[str, Any]:
    if isinstance(answer, PlantpulseError):
        raise answer
    return answer


@dataclass
class Pulse:
    """A pipeline that plans one run and then succeeds or fails as it is told."""

    request: ClassVar = requests.Request
    error: Exception | None = None
    plan_error: PlantpulseError | None = None
    configured: PlantpulseError | None = None
    is_dry_run: bool = False
    worked: int = 0
    planned_at: list[datetime] = field(default_factory=list)
    was_collected: bool = False

    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget:
        return Budget.start(60, 45)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        self.planned_at.append(now)
        if self.plan_error:
            raise self.plan_error
        is_scheduled = invocation.scheduled_time == NOON.isoformat()
        return RunPlan(
            pipeline="pulse",
            plant="north",
            trigger="schedule" if is_scheduled else "manual",
            slot=NOON if is_scheduled else None,
            at=NOON,
            lease_s=90,
            is_dry_run=self.is_dry_run,
        )

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        if self.configured:
            raise self.configured

    def work(self, run: Run, settings: Settings, store: MemoryStore) -> RunReport:
        self.worked += 1
        self.was_collected = gc.isenabled()
        if self.error:
            raise self.error
        return run.report("succeeded")


@dataclass
class Request:
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/"

    @property
    def stream(self) -> io.BytesIO:
        return io.BytesIO(b"")


def google_token(email: str) -> str:
    """Return an Authorization header as Cloud Run passes it on: checked, and without its signature."""
    claims = urlsafe_b64encode(json.dumps({"email": email}).encode()).decode().rstrip("=")
    return f"Bearer e30.{claims}.SIGNATURE_REMOVED_BY_GOOGLE"


def call(
    pulse: Pulse, store: MemoryStore, *, scheduled: bool, authorization: str | None = None
) -> tuple[int, dict[str, Any], dict[str, str]]:
    service = Service(pulse, open_store=store.open, load_settings=lambda: SETTINGS, clock=lambda: NOON)
    headers = {"X-CloudScheduler-ScheduleTime": NOON.isoformat()} if scheduled else {}
    if authorization:
        headers["Authorization"] = authorization
    body, status, response_headers = service.http(Request(headers))
    assert not store.is_open
    return status, json.loads(body), response_headers


@pytest.mark.parametrize(
    ("pulse", "store", "scheduled", "manual", "outcome"),
    [
        (Pulse(), MemoryStore(), 200, 200, "succeeded"),
        (Pulse(), MemoryStore(claim={"answer": "duplicate", "report": STORED}), 200, 200, "duplicate"),
        (
            Pulse(),
            MemoryStore(
                claim={"answer": "busy", "run": {"run_id": 3, "attempt": 1, "started_at": NOON.isoformat()}}
            ),
            200,
            409,
            "busy",
        ),
        (Pulse(), MemoryStore(claim={"answer": "refused", "report": STORED}), 200, 500, "refused"),
        (Pulse(error=SourceLoginFailed("no")), MemoryStore(), 200, 500, "failed"),
        (Pulse(error=SourceUnavailable("no")), MemoryStore(), 503, 503, "failed"),
        (Pulse(error=KeyError("bug")), MemoryStore(), 200, 500, "failed"),
        (Pulse(error=FenceRefused("late")), MemoryStore(fail={"answer": "fenced"}), 200, 500, "abandoned"),
        (Pulse(configured=NotConfigured("set MSSQL_HOST")), MemoryStore(), 200, 501, "not_configured"),
    ],
)
def test_schedulers_and_people_hear_what_helps_them(
    pulse: Pulse, store: MemoryStore, scheduled: int, manual: int, outcome: str
) -> None:
    status_of_schedule, report, _ = call(pulse, store, scheduled=True)
    status_of_person, again, _ = call(pulse, store, scheduled=False)

    assert (status_of_schedule, status_of_person) == (scheduled, manual)
    assert report["outcome"] == again["outcome"] == outcome


@pytest.mark.parametrize(
    ("pulse", "store", "scheduled", "manual", "code"),
    [
        (Pulse(), MemoryStore(claim=StoreUnavailable("down")), 503, 503, "store_unavailable"),
        (Pulse(), MemoryStore(claim=StoreRefused("key")), 200, 500, "store_refused"),
        (Pulse(plan_error=InvalidRequest("no", field="plant")), MemoryStore(), 400, 400, "invalid_request"),
        (Pulse(plan_error=ConfigurationError("bad")), MemoryStore(), 200, 500, "configuration_error"),
    ],
)
def test_an_error_without_a_run_has_code_message_and_field(
    pulse: Pulse, store: MemoryStore, scheduled: int, manual: int, code: str
) -> None:
    status_of_schedule, body, _ = call(pulse, store, scheduled=True)
    status_of_person, _, _ = call(pulse, store, scheduled=False)

    assert (status_of_schedule, status_of_person) == (scheduled, manual)
    assert set(body["error"]) == {"code", "message", "field"}
    assert body["error"]["code"] == code
    assert pulse.worked == 0


def test_trying_again_is_asked_for_with_a_time() -> None:
    _, _, headers = call(Pulse(error=SourceUnavailable("no")), MemoryStore(), scheduled=True)

    assert headers["Retry-After"] == "30"


def test_a_failed_run_is_recorded_with_its_error() -> None:
    store = MemoryStore()

    call(Pulse(error=SourceLoginFailed("login refused")), store, scheduled=True)

    expected = {"code": "source_login_failed", "message": "login refused", "is_retryable": False}
    assert [failure["error"] for failure in store.failures] == [expected]


def test_a_bug_fails_the_run_without_quoting_the_exception(capsys: pytest.CaptureFixture[str]) -> None:
    store = MemoryStore()

    _, report, _ = call(Pulse(error=ValueError("password=hunter2")), store, scheduled=True)

    assert report["error"]["code"] == "internal_error"
    assert "ValueError" in report["error"]["message"]
    assert "hunter2" not in json.dumps(report)
    log = capsys.readouterr().out
    assert "hunter2" not in log
    assert "in work" not in log
    assert "test_service.py" in log


def test_a_failure_that_cannot_be_recorded_is_still_told() -> None:
    store = MemoryStore(fail=StoreUnavailable("down"))

    status, report, _ = call(Pulse(error=SourceUnavailable("no")), store, scheduled=True)

    assert status == 503
    assert report["error"]["code"] == "source_unavailable"
    assert report["warnings"] == [{"code": "failure_not_recorded", "message": "down"}]


def test_a_failed_dry_run_records_nothing() -> None:
    store = MemoryStore()

    status, report, _ = call(Pulse(error=SourceUnavailable("no"), is_dry_run=True), store, scheduled=False)

    assert (status, report["outcome"], report["status"]) == (503, "failed", None)
    assert store.failures == []
    assert store.dry_runs_ended == 1


def test_a_dry_run_ends_its_lease_and_a_real_run_has_none() -> None:
    store = MemoryStore()

    call(Pulse(), store, scheduled=True)
    assert store.dry_runs_ended == 0

    call(Pulse(is_dry_run=True), store, scheduled=False)
    assert store.dry_runs_ended == 1


def test_a_dry_run_that_cannot_end_its_lease_is_answered_all_the_same() -> None:
    store = MemoryStore(end_dry=StoreUnavailable("down"))

    status, report, _ = call(Pulse(is_dry_run=True), store, scheduled=False)

    assert (status, report["outcome"], store.dry_runs_ended) == (200, "succeeded", 1)


def test_other_methods_are_refused_with_what_is_allowed() -> None:
    store = MemoryStore()
    service = Service(Pulse(), open_store=store.open, load_settings=lambda: SETTINGS, clock=lambda: NOON)

    _, status, headers = service.http(Request(method="GET"))

    assert (status, headers["Allow"]) == (405, "POST")


def test_every_invocation_logs_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    call(Pulse(), MemoryStore(), scheduled=True)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    entry = json.loads(lines[0])
    assert (entry["severity"], entry["message"], entry["run_id"]) == ("INFO", "run succeeded", 7)


def test_only_the_first_invocation_of_a_process_is_a_cold_start() -> None:
    store = MemoryStore()
    service = Service(Pulse(), open_store=store.open, load_settings=lambda: SETTINGS, clock=lambda: NOON)

    reports = [json.loads(service.http(Request())[0]) for _ in range(2)]

    assert [report["is_cold_start"] for report in reports] == [True, False]


@pytest.mark.parametrize(
    ("error", "reads"),
    [
        (SourceLoginFailed("login refused"), 2),
        (StoreRefused("the key was refused"), 2),
        (DeviceRefused("the password was refused"), 2),
        (NotConfigured("there is no password"), 2),
        (SourceUnavailable("no answer"), 1),
        (None, 1),
    ],
)
def test_settings_are_read_anew_when_a_secret_may_have_been_changed(
    error: PlantpulseError | None, reads: int
) -> None:
    count = []

    def load() -> Settings:
        count.append(1)
        return SETTINGS

    store = MemoryStore(claim=error) if isinstance(error, StoreRefused) else MemoryStore()
    service = Service(Pulse(error=error), open_store=store.open, load_settings=load, clock=lambda: NOON)
    service.event({"dry_run": False})
    service.event({"dry_run": False})

    assert len(count) == reads


def test_settings_are_read_once_a_process() -> None:
    reads: list[int] = []

    def load() -> Settings:
        reads.append(1)
        return SETTINGS

    service = Service(Pulse(), open_store=MemoryStore().open, load_settings=load, clock=lambda: NOON)
    service.http(Request())
    service.http(Request())

    assert reads == [1]


def test_a_schedule_event_returns_the_report() -> None:
    service = Service(
        Pulse(), open_store=MemoryStore().open, load_settings=lambda: SETTINGS, clock=lambda: NOON
    )

    report = service.event({"scheduled_time": NOON.isoformat()})

    assert (report["outcome"], report["trigger"]) == ("succeeded", "schedule")


def test_a_schedule_event_is_raised_only_when_trying_again_helps() -> None:
    def event(error: Exception, **event: str) -> Any:
        open_store = MemoryStore().open
        service = Service(
            Pulse(error=error), open_store=open_store, load_settings=lambda: SETTINGS, clock=lambda: NOON
        )
        return service.event(event)

    with pytest.raises(TransientError, match="source_unavailable"):
        event(SourceUnavailable("no"), scheduled_time=NOON.isoformat())
    assert event(SourceLoginFailed("no"), scheduled_time=NOON.isoformat())["outcome"] == "failed"
    assert event(SourceUnavailable("no"))["outcome"] == "failed"


def test_a_function_url_event_is_answered_as_http() -> None:
    service = Service(
        Pulse(), open_store=MemoryStore().open, load_settings=lambda: SETTINGS, clock=lambda: NOON
    )

    context = {"http": {"method": "POST"}, "authorizer": {"iam": {"userArn": "arn:aws:iam::1:user/ada"}}}
    response = service.event({"rawPath": "/", "requestContext": context})

    assert response["statusCode"] == 200
    assert response["headers"]["Content-Type"] == "application/json"
    assert json.loads(response["body"])["outcome"] == "succeeded"
    assert json.loads(response["body"])["requested_by"] == "arn:aws:iam::1:user/ada (unverified)"


def test_a_function_url_that_is_open_to_everybody_lets_nobody_in() -> None:
    pulse = Pulse()
    service = Service(
        pulse, open_store=MemoryStore().open, load_settings=lambda: SETTINGS, clock=lambda: NOON
    )

    response = service.event({"rawPath": "/", "requestContext": {"http": {"method": "POST"}}})

    assert (response["statusCode"], response["headers"]["WWW-Authenticate"]) == (401, "Bearer")
    assert json.loads(response["body"])["error"]["code"] == "unauthenticated"
    assert pulse.worked == 0


def test_a_scheduler_can_have_a_run_wait_before_its_time_begins() -> None:
    pulse, waited = Pulse(), list[float]()
    service = Service(
        pulse,
        open_store=MemoryStore().open,
        load_settings=lambda: SETTINGS,
        clock=lambda: NOON + timedelta(seconds=sum(waited)),
        sleep=waited.append,
    )
    headers = {"X-CloudScheduler-ScheduleTime": NOON.isoformat()}

    service.http(Request(headers | {"X-Plantpulse-Delay-S": "7"}))
    service.http(Request(headers))

    assert waited == [7]
    assert pulse.planned_at == [NOON + timedelta(seconds=7)] * 2


def test_a_caller_who_is_not_let_in_makes_nothing_wait() -> None:
    waited: list[float] = []
    service = Service(
        Pulse(),
        open_store=MemoryStore().open,
        load_settings=lambda: SETTINGS,
        clock=lambda: NOON,
        sleep=waited.append,
    )
    headers = {"X-CloudScheduler-ScheduleTime": NOON.isoformat(), "X-Plantpulse-Delay-S": "7"}
    context = {"http": {"method": "POST"}}

    response = service.event({"rawPath": "/", "headers": headers, "requestContext": context})

    assert (response["statusCode"], waited) == (401, [])


def test_a_scheduled_run_names_nobody_who_asked() -> None:
    _, report, _ = call(
        Pulse(), MemoryStore(), scheduled=True, authorization=google_token("scheduler@x.example")
    )

    assert (report["trigger"], report["requested_by"]) == ("schedule", None)


def test_a_run_by_hand_names_who_asked() -> None:
    _, report, _ = call(Pulse(), MemoryStore(), scheduled=False, authorization=google_token("ada@x.example"))

    assert (report["trigger"], report["requested_by"]) == ("manual", "ada@x.example (unverified)")


def test_a_page_that_is_allowed_may_call_and_any_other_is_told_nothing() -> None:
    accepted = ManualCallsSettings(allowed_origins=("https://pulse.example",))
    settings = replace(SETTINGS, manual_calls=accepted)
    pulse = Pulse()
    service = Service(
        pulse, open_store=MemoryStore().open, load_settings=lambda: settings, clock=lambda: NOON
    )
    asks = {"Access-Control-Request-Method": "POST"}

    preflight = service.http(Request({"Origin": "https://pulse.example", **asks}, method="OPTIONS"))
    call = service.http(Request({"Origin": "https://pulse.example"}))
    _, stranger_status, stranger = service.http(
        Request({"Origin": "https://evil.example", **asks}, method="OPTIONS")
    )

    assert preflight[:2] == ("", 204)
    assert preflight[2]["Access-Control-Allow-Origin"] == "https://pulse.example"
    assert (call[1], call[2]["Access-Control-Allow-Origin"]) == (200, "https://pulse.example")
    assert stranger_status == 405
    assert not [name for name in stranger if name.startswith("Access-Control")]
    assert pulse.worked == 1


@pytest.mark.parametrize("answer", [{}, {"answer": "failed", "report": None}, {"answer": "failed"}])
def test_an_odd_answer_to_a_failure_does_not_hide_the_failure(answer: dict[str, Any]) -> None:
    store = MemoryStore(fail=answer or {"nothing": "of use"})

    status, report, _ = call(Pulse(error=SourceUnavailable("no")), store, scheduled=True)

    assert (status, report["error"]["code"]) == (503, "source_unavailable")
    assert [warning["code"] for warning in report["warnings"]] == ["failure_not_recorded"]


def test_a_stored_report_with_gaps_is_still_a_report() -> None:
    store = MemoryStore(claim={"answer": "duplicate", "report": STORED | {"counts": None, "warnings": None}})

    status, report, _ = call(Pulse(), store, scheduled=True)

    assert (status, report["outcome"], report["counts"], report["warnings"]) == (200, "duplicate", {}, [])


@pytest.mark.parametrize("error", [None, ValueError("a bug")])
def test_the_collector_rests_while_a_run_works_and_not_a_moment_longer(error: Exception | None) -> None:
    pulse = Pulse(error=error)

    call(pulse, MemoryStore(), scheduled=True)

    assert not pulse.was_collected
    assert gc.isenabled()


def test_a_collector_that_was_switched_off_before_stays_off() -> None:
    gc.disable()
    try:
        call(Pulse(), MemoryStore(), scheduled=True)

        assert not gc.isenabled()
    finally:
        gc.enable()


@dataclass
class Bell:
    """Answers calls that name a bell, without a run."""

    reply: Reply | Exception = field(default_factory=lambda: Reply("bell rung", {"rung": True}))
    plant: str = "north"
    asked_by: str | None = None
    seconds_left: float = 0.0

    def takes(self, invocation: Invocation) -> bool:
        return "bell" in invocation.parameters

    def read(self, invocation: Invocation, settings: Settings) -> "Bell":
        if invocation.parameters["bell"] != "door":
            raise InvalidRequest("there is no such bell", field="bell")
        return self

    def start_budget(self) -> Budget:
        return Budget.start(20, 20)

    def answer(self, store: MemoryStore, requested_by: str | None, budget: Budget) -> Reply:
        assert store.is_open
        self.asked_by, self.seconds_left = requested_by, budget.seconds_left()
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@dataclass
class Ringing(Request):
    body: bytes = b'{"bell": "door"}'

    @property
    def stream(self) -> io.BytesIO:
        return io.BytesIO(self.body)


def ring(
    bell: Bell, request: Request | None = None, settings: Settings = SETTINGS
) -> tuple[int, dict[str, Any], dict[str, str]]:
    pulse, store = Pulse(), MemoryStore()
    service = Service(pulse, store.open, load_settings=lambda: settings, clock=lambda: NOON, without_run=bell)
    body, status, headers = service.http(request or Ringing())
    assert (pulse.worked, store.failures, store.is_open) == (0, [], False)
    return status, json.loads(body), headers


def test_a_call_that_is_no_run_is_answered_without_one() -> None:
    bell = Bell()

    status, body, _ = ring(bell, Ringing({"Authorization": google_token("ada@x.example")}))

    assert (status, body) == (200, {"rung": True})
    assert bell.asked_by == "ada@x.example (unverified)"
    assert 19 < bell.seconds_left <= 20


def test_any_other_call_of_the_same_function_is_a_run() -> None:
    pulse = Pulse()
    service = Service(
        pulse, MemoryStore().open, load_settings=lambda: SETTINGS, clock=lambda: NOON, without_run=Bell()
    )

    body, status, _ = service.http(Request())

    assert (status, json.loads(body)["outcome"], pulse.worked) == (200, "succeeded", 1)


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (StoreUnavailable("down"), 503, "store_unavailable"),
        (StoreRefused("key"), 500, "store_refused"),
        (NotConfigured("set it"), 501, "not_configured"),
        (ZeroDivisionError("bug"), 500, "internal_error"),
        (InvalidRequest("no", http_status=404), 404, "invalid_request"),
    ],
)
def test_what_fails_without_a_run_is_answered_as_every_error(
    reply: Exception, status: int, code: str
) -> None:
    found, body, _ = ring(Bell(reply))

    assert (found, body["error"]["code"]) == (status, code)


def test_a_reply_says_its_status_itself_and_a_passing_one_asks_for_another_try() -> None:
    status, body, headers = ring(Bell(Reply("bell stuck", {"rung": False}, 503, "bell_stuck")))

    assert (status, body, headers["Retry-After"]) == (503, {"rung": False}, "30")


@pytest.mark.parametrize(
    ("status", "code", "severity"), [(200, None, "INFO"), (409, "busy", "WARNING"), (503, "stuck", "ERROR")]
)
def test_the_log_has_the_title_of_a_reply_and_not_its_body(
    status: int, code: str | None, severity: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ring(Bell(Reply("bell rung", {"secret": "hunter2"}, status, code, {"bell": "door"})))

    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["severity"], told["message"], told["bell"]) == (severity, "bell rung", "door")
    assert "hunter2" not in line


def test_who_may_not_ask_for_a_run_may_not_ask_without_one() -> None:
    bell = Bell(plant="south")
    open_to_nobody = replace(SETTINGS, manual_calls=ManualCallsSettings(cloud_run_service="pulse"))
    of_north = Caller("ada", frozenset({"north"}))
    service = Service(
        Pulse(), MemoryStore().open, load_settings=lambda: SETTINGS, clock=lambda: NOON, without_run=bell
    )

    unknown, _, _ = ring(bell, settings=open_to_nobody)
    member = service.ask({"bell": "door"}, of_north)

    assert unknown == 401
    assert member.error_code() == "forbidden"
    assert bell.seconds_left == 0


def test_a_malformed_call_without_a_run_is_refused() -> None:
    status, body, _ = ring(Bell(), Ringing(body=b'{"bell": "attic"}'))

    assert (status, body["error"]["field"]) == (400, "bell")


def test_an_event_without_a_run_returns_the_reply_whatever_it_is() -> None:
    bell = Bell(Reply("bell stuck", {"rung": False}, 503, "bell_stuck"))
    service = Service(
        Pulse(), MemoryStore().open, load_settings=lambda: SETTINGS, clock=lambda: NOON, without_run=bell
    )

    assert service.event({"bell": "door", "scheduled_time": NOON.isoformat()}) == {"rung": False}


def test_settings_are_read_anew_after_a_reply_that_a_secret_may_explain() -> None:
    reads: list[int] = []

    def load() -> Settings:
        reads.append(1)
        return SETTINGS

    bell = Bell(Reply("bell locked", {"rung": False}, 500, "device_refused"))
    service = Service(Pulse(), MemoryStore().open, load_settings=load, clock=lambda: NOON, without_run=bell)
    service.http(Ringing())
    service.http(Ringing())

    assert reads == [1, 1]


@dataclass
class StuckBell(Bell):
    """Never comes back, as the last resort finds it."""

    def answer(self, store: MemoryStore, requested_by: str | None, budget: Budget) -> Reply:
        give_up_all(OutOfTime("it does not end"))
        return super().answer(store, requested_by, budget)


def test_the_last_resort_stands_by_a_call_without_a_run() -> None:
    ended: list[PlantpulseError] = []
    service = Service(
        Pulse(),
        MemoryStore().open,
        load_settings=lambda: SETTINGS,
        clock=lambda: NOON,
        end_process=ended.append,
        without_run=StuckBell(),
    )

    service.http(Ringing())

    assert [str(error) for error in ended] == ["it does not end"]
