"""Health as a function: from an invocation to the view of all pipelines.

It makes one call and always answers within its own time-out: without Supabase the system is unhealthy, which
is no error. A GET gets 503 for an unhealthy system, because an uptime check reads only the status. A
scheduler gets 2xx unless another try can help.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final, Protocol

from plantpulse import runs
from plantpulse.entry import invocations
from plantpulse.entry.guard import guarded
from plantpulse.entry.invocations import VIEWS, Invocation, WebHead
from plantpulse.entry.requests import Request, parse
from plantpulse.errors import InvalidRequest, PlantpulseError, StoreRefused, TransientError
from plantpulse.health.metrics import CONTENT_TYPE, MEDIA_TYPE, metrics_of
from plantpulse.health.observed import Observation, observed
from plantpulse.health.view import blind_view_of, view_of
from plantpulse.health.watch import LOOK_S, Watch
from plantpulse.http_requests import HttpRequest, discard_rest
from plantpulse.logs import Severity, log
from plantpulse.runs import Budget, Json
from plantpulse.schedules.pipelines import Pipeline, pipelines_of, title_of
from plantpulse.settings import Settings, SupabaseSettings, config

Response = tuple[str, int, dict[str, str]]
View = dict[str, Json]

_SEVERITY: Final[Mapping[str, Severity]] = {"healthy": "INFO", "degraded": "WARNING", "unhealthy": "ERROR"}
_QUIET: Final = ("new", "running", "stopped")


class HealthStore(Protocol):
    """What health needs from Supabase."""

    def pipeline_health(self, pipelines: Sequence[Mapping[str, Json]]) -> dict[str, Json]: ...
    def alert_figures(self) -> dict[str, Json]: ...


class OpenHealthStore(Protocol):
    """Opens the store for one invocation."""

    def __call__(
        self,
        settings: SupabaseSettings,
        /,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None,
    ) -> AbstractContextManager[HealthStore]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRequest(Request):
    """The request: it has no parameters."""


@dataclass(frozen=True, slots=True)
class Look:
    """The view for one invocation; `error` says why it is empty."""

    invocation: Invocation
    view: View
    error: PlantpulseError | None = None

    @property
    def is_worth_repeating(self) -> bool:
        """Say whether a scheduler should call again."""
        return self.error is not None and self.error.is_retryable

    @property
    def http_status(self) -> int:
        """Return the HTTP status of the answer. Source: docs/http.md, "Asking how it is"."""
        is_bad = self.view["status"] == "unhealthy"
        if self.invocation.scheduled_time is not None:
            is_bad = self.is_worth_repeating
        return int(HTTPStatus.SERVICE_UNAVAILABLE if is_bad else HTTPStatus.OK)


@dataclass(slots=True)
class HealthService:
    """Health, ready to be called over HTTP or with an event.

    `clock` is only for simulated time; it also drives the SQL function, and `pipelines` says which of them
    run on it. `monotonic` measures how long a look may take. Without a `watch` it only looks.
    """

    open_store: OpenHealthStore
    watch: Watch | None = None
    load_settings: Callable[[], Settings] = config.load
    clock: Callable[[], datetime] | None = None
    pipelines: Callable[[Settings], Sequence[Pipeline]] = pipelines_of
    monotonic: Callable[[], float] = time.monotonic
    _known: tuple[Settings, Sequence[Pipeline]] | None = field(default=None, init=False)

    def http(self, request: HttpRequest) -> Response:
        """Answer an HTTP request with body, status and headers."""
        try:
            head = invocations.head_of_http(request)
            return self._respond(head, lambda: invocations.from_http(request, VIEWS))
        finally:
            discard_rest(request)

    def event(self, event: Mapping[str, Json]) -> Json:
        """Answer a Lambda event: a function-URL response, or the view itself.

        Raises: TransientError if a scheduler called and another try can help.
        """
        if invocations.is_function_url_event(event):
            head = invocations.head_of_function_url(event)
            body, status, headers = self._respond(head, lambda: invocations.from_function_url(event, VIEWS))
            return {"statusCode": status, "headers": headers, "body": body}
        look = self._answer(lambda: invocations.from_event(event))
        if isinstance(look, InvalidRequest):
            return _refusal(look)
        if look.invocation.scheduled_time is not None and look.is_worth_repeating:
            raise look.error or TransientError("health could not look")
        return look.view

    def _respond(self, head: WebHead, read: Callable[[], Invocation]) -> Response:
        look = self._answer(read)
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        if isinstance(look, InvalidRequest):
            if look.http_status == HTTPStatus.METHOD_NOT_ALLOWED:
                headers["Allow"] = ", ".join(VIEWS)
            return _as_text(_refusal(look)), look.http_status, headers
        headers["Vary"] = "Accept"
        status, body = look.http_status, _as_text(look.view)
        if MEDIA_TYPE in head.headers.get("accept", ""):
            # Prometheus keeps no figures of a bad answer, and these say how bad it is.
            status, headers["Content-Type"] = int(HTTPStatus.OK), CONTENT_TYPE
            body = metrics_of(look.view, self._figures())
        return "" if look.invocation.method == "HEAD" else body, status, headers

    def _answer(self, read: Callable[[], Invocation]) -> Look | InvalidRequest:
        """Return the view, or why the request is malformed, and log it once."""
        invocation = guarded(lambda: _checked(read()))
        if isinstance(invocation, InvalidRequest):
            log("WARNING", "invocation refused", **_refusal(invocation))
            return invocation
        if isinstance(invocation, PlantpulseError):
            look = self._blind(Invocation({}), invocation)
        else:
            look = self._look(invocation)
        if look.error is not None and look.error.code == StoreRefused.code:
            self._known = None
        _log(look)
        return look

    def _look(self, invocation: Invocation) -> Look:
        known = guarded(self._known_pipelines)
        if isinstance(known, PlantpulseError):
            return self._blind(invocation, known)
        settings, pipelines = known
        asked = guarded(lambda: self._ask(pipelines, settings))
        if isinstance(asked, PlantpulseError):
            look, seen = self._blind(invocation, asked, pipelines), None
        else:
            seen, view = asked
            look = Look(invocation, view)
        if self.watch and invocation.scheduled_time is not None:
            self.watch.act(seen, settings, self.clock)
        return look

    def _blind(
        self, invocation: Invocation, error: PlantpulseError, pipelines: Sequence[Pipeline] = ()
    ) -> Look:
        return Look(invocation, blind_view_of(pipelines, error, self._now()), error)

    def _ask(self, pipelines: Sequence[Pipeline], settings: Settings) -> tuple[Observation, View]:
        """Return what the runs say, and the view of it."""
        budget = Budget.start(LOOK_S, LOOK_S, self.monotonic)
        asked = [
            {"pipeline": known.name, "plant": known.plant, "is_stopped": not known.is_enabled}
            for known in pipelines
        ]
        supabase = settings.require_supabase()
        with self.open_store(supabase, seconds_left=budget.seconds_left, clock=self.clock) as store:
            answer = store.pipeline_health(asked)
        with runs.readable("what the runs say about health"):
            now = self._now()
            seen = observed(pipelines, answer["pipelines"], settings.health, now)
            alerted = {(scope, plant) for scope, plant in answer.get("alerted") or ()}
            return Observation(now, seen, alerted), view_of(seen, now)

    def _figures(self) -> dict[str, Json] | None:
        """Return the figures of the alerts; None if they cannot be had."""
        budget = Budget.start(LOOK_S, LOOK_S, self.monotonic)

        def ask() -> dict[str, Json]:
            supabase = self._known_pipelines()[0].require_supabase()
            with self.open_store(supabase, seconds_left=budget.seconds_left, clock=self.clock) as store:
                return store.alert_figures()

        found = guarded(ask)
        return None if isinstance(found, PlantpulseError) else found

    def _known_pipelines(self) -> tuple[Settings, Sequence[Pipeline]]:
        """Return the settings and the pipelines that follow; both are worked out once a process."""
        if self._known is None:
            settings = self.load_settings()
            self._known = settings, self.pipelines(settings)
        return self._known

    def _now(self) -> datetime:
        return (self.clock or runs.utc_now)()


def _checked(invocation: Invocation) -> Invocation:
    """Return the invocation. Raises: InvalidRequest if it has parameters."""
    parse(HealthRequest, invocation.parameters)
    return invocation


def _refusal(error: InvalidRequest) -> dict[str, Json]:
    return {"error": {"code": error.code, "message": str(error), "field": error.field}}


def _as_text(body: Json) -> str:
    return json.dumps(body, separators=(",", ":"))


def _log(look: Look) -> None:
    """Write the canonical line of a look: it names every pipeline in trouble."""
    view = look.view
    troubled = [
        f"{title_of(one['pipeline'], one['plant'])} is {one['state']}"
        for one in view["pipelines"]
        if one["state"] not in _QUIET
    ]
    error = {"code": look.error.code, "message": str(look.error)} if look.error else None
    log(_SEVERITY[view["status"]], f"health {view['status']}", troubled=troubled, error=error)
