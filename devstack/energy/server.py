"""The server: one address on loopback for all four publishers, told apart by their paths.

    with StandIn(Publisher(seed=1), clock) as stand_in:
        ...  # ask stand_in.url + "/api?documentType=A44&..."
        stand_in.ledger.requests("entsoe"), stand_in.publisher.published(...)

The limits of requests are those of the real hosts, by the server's clock: the 401st request to ENTSO-E in a
minute bans for ten minutes, the 121st to FRED is refused.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

from devstack.energy import eia, entsoe, fred, yahoo
from devstack.energy.connection import LOOKS_EVERY_S, EnergyServer, Handler, Silence
from devstack.energy.exchange import JSON, Reply, Request, page
from devstack.energy.faults import Trouble, Troubles
from devstack.energy.ledger import Asked, Ledger
from devstack.energy.publisher import Publisher
from devstack.energy.questions import Spans
from devstack.energy.recorded import Recorded

LOOPBACK: Final = "127.0.0.1"
TOKEN: Final = "devstack-token"
MOST_A_MINUTE: Final = {"entsoe": 400, "fred": 120}
BAN: Final = timedelta(minutes=10)
_PUBLISHERS: Final = {"/api": "entsoe", "/v2/": "eia", "/fred/": "fred", "/v8/finance/chart/": "yahoo"}


class Clock:
    """A clock that stands still until it is set; all of the server's times come from it."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        """Set it to an instant, which is aware."""
        self._at = at.astimezone(UTC)


@dataclass
class StandIn:
    """All publishers on 127.0.0.1, in threads of this process. Port 0 takes a free one.

    `now` is the server's clock; without it the time is real. `tokens` are the keys that are known to ENTSO-E,
    EIA and FRED. `spans` are the longest that ENTSO-E gives. What was recorded is served first.
    """

    publisher: Publisher = field(default_factory=Publisher)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    port: int = 0
    tokens: frozenset[str] = frozenset((TOKEN,))
    recorded: Recorded | None = None
    spans: Spans = Spans.NOW
    ledger: Ledger = field(default_factory=Ledger, init=False)
    _banned_until: dict[str, datetime] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._troubles = Troubles(self.publisher.plan.troubles)
        self._is_stopped = threading.Event()
        self._server: EnergyServer | None = None

    @property
    def url(self) -> str:
        """The address, once started; the paths of all four publishers begin here."""
        return f"http://{LOOPBACK}:{self.port}"

    def trouble(self, troubles: Iterable[Trouble]) -> None:
        """Replace the troubles of the plan."""
        self._troubles = Troubles(tuple(troubles))

    def start(self) -> Self:
        """Begin to listen."""
        self._server = server = EnergyServer((LOOPBACK, self.port), Handler)
        server.answering = self
        self.port = server.server_port
        threading.Thread(
            target=server.serve_forever, args=(LOOKS_EVERY_S,), name="energy", daemon=True
        ).start()
        return self

    def stop(self) -> None:
        """Stop listening; who is stalled is let go."""
        self._is_stopped.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._is_stopped.is_set()

    def answer(self, request: Request) -> Reply | Silence:
        """Return the reply, and note the request in the ledger."""
        publisher = next((name for path, name in _PUBLISHERS.items() if request.path.startswith(path)), None)
        if not publisher:
            return page(404, "404 Not Found")
        now = self.now()
        refusal = self._refusal(publisher, now)
        trouble = None if refusal else self._troubles.strike(publisher, request.text, now)
        reply = refusal or self._spoiled(trouble, publisher, request, now)
        status = 0 if isinstance(reply, Silence) else reply.status
        met = trouble.kind if trouble else None
        self.ledger.note(Asked(now, publisher, request.path, request.open_parameters, status, met))
        return reply

    def _refusal(self, publisher: str, now: datetime) -> Reply | None:
        """Return the answer to one request too many."""
        most = MOST_A_MINUTE.get(publisher)
        if most is not None and self.ledger.within_a_minute(publisher, now) >= most:
            self._banned_until[publisher] = now + (BAN if publisher == "entsoe" else timedelta())
        until = self._banned_until.get(publisher)
        if until is None or until < now:
            return None
        return _too_many(publisher, int((until - now).total_seconds()))

    def _spoiled(
        self, trouble: Trouble | None, publisher: str, request: Request, now: datetime
    ) -> Reply | Silence:
        if trouble is None:
            return self._good(publisher, request, now)
        match trouble.kind:
            case "stall" | "reset":
                return Silence(trouble.kind)
            case "ban":
                return _too_many(publisher, trouble.retry_after_s)
            case "unavailable":
                return page(503, "503 Service Temporarily Unavailable")
            case "html":
                return page(200, "The platform is under maintenance")
        return self._changed(trouble, publisher, request, now)

    def _changed(self, trouble: Trouble, publisher: str, request: Request, now: datetime) -> Reply:
        if trouble.kind == "unauthorized":
            return self._answers(publisher, request, now, frozenset())
        if trouble.kind == "no_data" and publisher == "entsoe":
            return entsoe.nothing(request, now)
        if trouble.kind == "key_echoed" and publisher == "eia":
            return eia.answer(self.publisher, request, now, self.tokens, echoes_key=True)
        reply = self._good(publisher, request, now)
        return (
            replace(reply, body=reply.body[: len(reply.body) // 2]) if trouble.kind == "truncated" else reply
        )

    def _good(self, publisher: str, request: Request, now: datetime) -> Reply:
        known = self.recorded.answer(request) if self.recorded else None
        return known or self._answers(publisher, request, now, self.tokens)

    def _answers(self, publisher: str, request: Request, now: datetime, tokens: frozenset[str]) -> Reply:
        match publisher:
            case "entsoe":
                return entsoe.answer(self.publisher, request, now, tokens, self.spans)
            case "eia":
                return eia.answer(self.publisher, request, now, tokens)
            case "fred":
                return fred.answer(self.publisher, request, now, tokens)
        return yahoo.answer(self.publisher, request, now)


def _too_many(publisher: str, retry_after_s: int) -> Reply:
    """Return what each host answers with 429."""
    headers = {"Retry-After": str(retry_after_s)}
    if publisher == "fred":
        text = b'{"error_code":429,"error_message":"Too Many Requests.  Exceeded Rate Limit"}'
        return Reply(text, JSON, 429)
    if publisher == "eia":
        text = b'{"error":{"code":"OVER_RATE_LIMIT","message":"You have exceeded your rate limit."}}'
        return Reply(text, JSON, 429, headers)
    if publisher == "yahoo":
        return Reply(b"Too Many Requests\r\n", "text/plain", 429)
    text = b"Max allowed requests per minute from each unique IP is max up to 400 only"
    return Reply(text, "text/plain", 429, headers)
