"""From an invocation to a run to a response: the shell around every function.

Calls of both clouds arrive here: an HTTP request (functions-framework, Lambda function URL) or an event
(EventBridge Scheduler). The contract is in docs/http.md: a scheduler gets 2xx unless another try can
help, a person gets the result.
"""

import gc
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Generic, Protocol, TypeVar

from plantpulse import runs
from plantpulse.alerts.judging import judge_of
from plantpulse.entry import callers, cross_origin, invocations
from plantpulse.entry.callers import Caller, Users
from plantpulse.entry.endings import end_dry_run, log_run, record_failure
from plantpulse.entry.guard import guarded
from plantpulse.entry.invocations import Invocation, WebHead
from plantpulse.entry.last_resort import EndProcess, LastResort, end_process
from plantpulse.entry.replies import Reply, WithoutRun
from plantpulse.entry.requests import Request
from plantpulse.errors import (
    Forbidden,
    InvalidRequest,
    NotConfigured,
    PlantpulseError,
    TransientError,
    Unauthenticated,
)
from plantpulse.http_requests import HttpRequest, discard_rest
from plantpulse.late_dataclasses import dataclass, field, replace
from plantpulse.logs import log
from plantpulse.runs import Budget, Json, Progress, Run, RunPlan, RunReport, Watcher
from plantpulse.settings import Settings, SupabaseSettings, config

RETRY_AFTER_S = 30
URGENT_S = 10  # at most so long is spent on telling people before the answer
URGENT_KEPT_S = 5  # of the run's time, for the answer
URGENT_LEAST_S = 3
# After these the settings are read again; otherwise a warm function would keep an old password forever.
_MAY_BE_A_CHANGED_SECRET = frozenset(
    {"source_login_failed", "store_refused", "device_refused", "not_configured"}
)

Response = tuple[str, int, dict[str, str]]


class RunStore(Protocol):
    """What an entry point needs from Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


Store = TypeVar("Store", bound=RunStore)
Store_co = TypeVar("Store_co", bound=RunStore, covariant=True)
Store_contra = TypeVar("Store_contra", bound=RunStore, contravariant=True)


class OpenStore(Protocol[Store_co]):
    """Opens the store for one invocation."""

    def __call__(
        self,
        settings: SupabaseSettings,
        /,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None,
    ) -> AbstractContextManager[Store_co]: ...


class Job(Protocol[Store_contra]):
    """A job as an entry point sees it. `request` is the class of a call's parameters."""

    @property
    def request(self) -> type[Request]: ...
    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan: ...
    def start_budget(self, plan: RunPlan, settings: Settings) -> Budget: ...
    def require_configured(self, plan: RunPlan, settings: Settings) -> None: ...
    def work(self, run: Run, settings: Settings, store: Store_contra) -> RunReport: ...


class TellUrgent(Protocol):
    """Tells people at once what a run found, in the time that it is given. What it raises fails no run."""

    def __call__(self, settings: Settings, store: Any, seconds_left: Callable[[], float], /) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an invocation: a report, a reply or an error, and whether a scheduler called."""

    is_scheduled: bool
    report: RunReport | None = None
    error: PlantpulseError | None = None
    reply: Reply | None = None

    @property
    def is_retryable(self) -> bool:
        """Say whether another try can help."""
        if self.report:
            return self.report.outcome == "failed" and self.report.is_retryable
        return self.error is not None and self.error.is_retryable

    def error_code(self) -> str | None:
        """Return the error's code; None without an error."""
        if self.report:
            return (self.report.error or {}).get("code")
        if self.reply:
            return self.reply.error_code
        return getattr(self.error, "code", None)

    def body(self) -> dict[str, Json]:
        """Return the report or the reply, or the error with its code, message and field."""
        if self.report:
            return self.report.as_json()
        if self.reply:
            return dict(self.reply.body)
        code, place = getattr(self.error, "code", None), getattr(self.error, "field", None)
        return {"error": {"code": code, "message": str(self.error), "field": place}}


@dataclass(slots=True)
class Service(Generic[Store]):
    """One pipeline, ready to be called over HTTP or with an event.

    `clock` is only for simulated time; it also drives the SQL functions. `users` are needed for the tokens of
    Supabase users. A `watcher` gets the progress of a run. `end_process` is
    called for a run that does not end by itself. `tell_urgent` is called before the answer, because a
    function stands still after it; without it health tells a minute later. `without_run` answers the calls
    that are no runs. `sleep` waits where a scheduler asks for it.
    """

    job: Job[Store]
    open_store: OpenStore[Store]
    load_settings: Callable[[], Settings] = config.load
    clock: Callable[[], datetime] | None = None
    users: Users | None = None
    watcher: Watcher = runs.nobody
    end_process: EndProcess = end_process
    tell_urgent: TellUrgent | None = None
    without_run: WithoutRun[Store] | None = None
    sleep: Callable[[float], None] = time.sleep
    _settings: Settings | None = field(default=None, init=False)
    _is_cold: bool = field(default=True, init=False)

    def http(self, request: HttpRequest) -> Response:
        """Answer an HTTP request with body, status and headers."""
        try:
            return self._respond(invocations.head_of_http(request), lambda: invocations.from_http(request))
        finally:
            discard_rest(request)

    def event(self, event: Mapping[str, Json]) -> Json:
        """Answer a Lambda event: a function-URL response, or the report itself.

        Raises: TransientError if a scheduler called and another try can help.
        """
        if invocations.is_function_url_event(event):
            head = invocations.head_of_function_url(event)
            body, status, headers = self._respond(head, lambda: invocations.from_function_url(event))
            return {"statusCode": status, "headers": headers, "body": body}
        answer = self._answer(lambda: invocations.from_event(event))
        if answer.is_scheduled and answer.is_retryable:
            raise answer.error or TransientError(json.dumps(answer.body()["error"]))
        return answer.body()

    def ask(self, parameters: Mapping[str, Json], caller: Caller) -> Answer:
        """Answer the command line; its caller needs no credentials."""
        return self._answer(lambda: Invocation(parameters), caller)

    def _respond(self, head: WebHead, read: Callable[[], Invocation]) -> Response:
        granted = self._granted_headers(head)
        if granted and cross_origin.is_preflight(head):
            return "", HTTPStatus.NO_CONTENT, granted
        answer = self._answer(read)
        status = http_status(answer)
        headers = {"Content-Type": "application/json", **granted}
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry-After"] = str(RETRY_AFTER_S)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "POST"
        if isinstance(answer.error, Unauthenticated):
            headers["WWW-Authenticate"] = answer.error.challenge
        return json.dumps(answer.body(), separators=(",", ":")), status, headers

    def _granted_headers(self, head: WebHead) -> dict[str, str]:
        """Return the headers for the page's origin; none if the request names no origin."""
        if "origin" not in head.headers:
            return {}
        settings = guarded(self._read_settings)
        if isinstance(settings, PlantpulseError):
            return {}
        return cross_origin.granted_headers(head, settings.manual_calls.allowed_origins)

    def _answer(self, read: Callable[[], Invocation], caller: Caller | None = None) -> Answer:
        """Return the answer to an invocation, whatever happens, and log it once."""
        is_cold, self._is_cold = self._is_cold, False
        invocation = guarded(read)
        if isinstance(invocation, PlantpulseError):
            answer = Answer(is_scheduled=False, error=invocation)
        elif self.without_run and self.without_run.takes(invocation):
            answer = self._reply(self.without_run, invocation, caller)
        else:
            answer = self._run(invocation, caller, is_cold=is_cold)
        if answer.error_code() in _MAY_BE_A_CHANGED_SECRET:
            self._settings = None
        _log(answer)
        return answer

    def _reply(self, without_run: WithoutRun[Store], invocation: Invocation, caller: Caller | None) -> Answer:
        def answer() -> Reply:
            admitted, known = (invocation, caller) if caller else self._admit(invocation)
            settings = self._read_settings()
            question = without_run.read(admitted, settings)
            known.require(question.plant)
            budget, supabase = question.start_budget(), settings.require_supabase()
            open_store = partial(self.open_store, supabase, clock=self.clock)
            last_resort = LastResort(end_process=self.end_process)
            with last_resort.standing_by(budget), open_store(seconds_left=budget.seconds_left) as store:
                return question.answer(store, known.name, budget)

        found = guarded(answer)
        if isinstance(found, PlantpulseError):
            return Answer(is_scheduled=False, error=found)
        return Answer(is_scheduled=False, reply=found)

    def _run(self, invocation: Invocation, caller: Caller | None, *, is_cold: bool) -> Answer:
        planned = guarded(lambda: self._plan(*((invocation, caller) if caller else self._admit(invocation))))
        if isinstance(planned, PlantpulseError):
            accepted = self._settings.manual_calls if self._settings else None
            return Answer(callers.may_be_scheduler(invocation, accepted), error=planned)
        settings, budget, plan = planned
        is_scheduled = plan.trigger == "schedule"
        with _without_collector():
            report = guarded(lambda: self._claim_and_work(plan, settings, budget, is_cold=is_cold))
        if isinstance(report, NotConfigured):
            unable = runs.report_of_plan(plan, outcome="not_configured", is_cold_start=is_cold)
            return Answer(is_scheduled, report=replace(unable, error=runs.error_as_json(report)))
        if isinstance(report, PlantpulseError):
            return Answer(is_scheduled, error=report)
        return Answer(is_scheduled, report=report)

    def _read_settings(self) -> Settings:
        self._settings = self._settings or self.load_settings()
        return self._settings

    def _admit(self, invocation: Invocation) -> tuple[Invocation, Caller]:
        return callers.admit(invocation, self._read_settings(), self.users)

    def _plan(self, invocation: Invocation, caller: Caller) -> tuple[Settings, Budget, RunPlan]:
        settings = self._read_settings()
        if invocation.delay_s:
            # After the caller is known, so nobody else makes a function wait; before the run's time begins.
            self.sleep(invocation.delay_s)
        plan = self.job.plan(invocation, settings, (self.clock or runs.utc_now)())
        caller.require(plan.plant)
        if plan.trigger == "manual":
            plan = replace(plan, requested_by=caller.name)
        return settings, self.job.start_budget(plan, settings), plan

    def _claim_and_work(
        self, plan: RunPlan, settings: Settings, budget: Budget, *, is_cold: bool
    ) -> RunReport:
        self.job.require_configured(plan, settings)
        supabase = settings.require_supabase()
        progress, fence = Progress(watcher=self.watcher), str(uuid.uuid4())
        open_store = partial(self.open_store, supabase, clock=self.clock)
        last_resort = LastResort(open_store, self.end_process)
        with last_resort.standing_by(budget), open_store(seconds_left=budget.seconds_left) as store:
            with progress.timed("claim"):
                answer = store.claim_run(plan.as_claim(fence))
            if answer["answer"] != "claimed":
                return runs.answer_without_work(plan, answer)
            run = last_resort.run = runs.begin(
                plan,
                answer,
                fence=fence,
                budget=budget,
                progress=progress,
                is_cold_start=is_cold,
                judge=judge_of(settings),
            )
            report = guarded(lambda: self.job.work(run, settings, store))
            if isinstance(report, PlantpulseError):
                report = record_failure(run, report, store)
            elif plan.is_dry_run:
                end_dry_run(run, store)
            if progress.is_urgent and not plan.is_dry_run:
                self._tell_urgent(settings, store, budget)
            return runs.noting_slowness(report, budget)

    def _tell_urgent(self, settings: Settings, store: Store, budget: Budget) -> None:
        """Tell what cannot wait a minute, if there is time for it."""
        tell, ends_s = self.tell_urgent, max(URGENT_KEPT_S, budget.seconds_left() - URGENT_S)
        if tell is None or budget.seconds_left() - ends_s < URGENT_LEAST_S:
            return
        found = guarded(lambda: tell(settings, store, lambda: budget.seconds_left() - ends_s))
        if isinstance(found, PlantpulseError):
            log("WARNING", "urgent alerts are left to health", error=str(found))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Turn the search for reference cycles off until the run is over.

    A run makes hundreds of thousands of rows that live to its end, and almost no cycles. The search took two
    fifths of a large poll's own time (docs/performance.md).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def http_status(answer: Answer) -> int:
    """Return the HTTP status of an answer. Source: docs/http.md, "Asking for a poll by hand"."""
    if answer.reply:
        return answer.reply.http_status
    if isinstance(answer.error, _CALLERS_FAULT):
        return answer.error.http_status
    if answer.is_retryable:
        return HTTPStatus.SERVICE_UNAVAILABLE
    if answer.is_scheduled:
        return HTTPStatus.OK
    if isinstance(answer.error, NotConfigured):
        return HTTPStatus.NOT_IMPLEMENTED
    outcome = answer.report.outcome if answer.report else "failed"
    return _STATUS_FOR_PEOPLE.get(outcome, HTTPStatus.INTERNAL_SERVER_ERROR)


_CALLERS_FAULT = (InvalidRequest, Unauthenticated, Forbidden)
_STATUS_FOR_PEOPLE = {
    "succeeded": HTTPStatus.OK,
    "partial": HTTPStatus.OK,
    "duplicate": HTTPStatus.OK,
    "busy": HTTPStatus.CONFLICT,
    "not_configured": HTTPStatus.NOT_IMPLEMENTED,
}


def _log(answer: Answer) -> None:
    """Write the canonical line of an invocation."""
    if answer.reply:
        log(answer.reply.severity, answer.reply.title, **answer.reply.logged)
        return
    if answer.report is None:
        log(
            "WARNING" if isinstance(answer.error, _CALLERS_FAULT) else "ERROR",
            "invocation refused",
            **answer.body(),
        )
        return
    log_run(answer.report)
