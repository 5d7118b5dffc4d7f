"""The link to an OPC UA server: calls of a thread, done on the shared loop within their deadlines."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any, Final, TypeVar, cast

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.drivers.opcua.node_ids import NodeAddress, parse_node_address
from plantpulse.tags.drivers.opcua.refusals import translated, write_refused
from plantpulse.tags.drivers.opcua.session import Session
from plantpulse.tags.drivers.opcua.shared_loop import LOOP
from plantpulse.tags.drivers.opcua.statuses import is_bad
from plantpulse.tags.drivers.opcua.values import reading_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials, ReadPlan
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Tag

_Answer = TypeVar("_Answer")
_LOOP_IS_BUSY_S: Final = 0.5  # by how much the loop may be late to say that time is up
_GOODBYE_S: Final = 0.6


class OpcuaLink:
    """One session with one server; see `plantpulse.tags.link.Link`."""

    signs_in: Final = True

    def __init__(
        self, endpoint: Endpoint, credentials: Credentials | None, clock: Callable[[], float] = monotonic
    ) -> None:
        self._device = f"{endpoint.host}:{endpoint.port}"
        self._session = Session(endpoint, credentials, clock)
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending: Future[Any] | None = None
        self._was_closed = False

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable; DeviceRefused when trying again cannot help."""
        with self._lock:
            if self._was_closed or self._loop is not None:
                raise DeviceUnavailable(f"the link to {self._device} was used before: open a new one")
            self._loop = LOOP.enter()
        try:
            self._done(self._session.open, deadline_s)
        except BaseException:
            self.close()
            raise

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan. Raises: DeviceUnavailable."""
        addresses = cast(Sequence[NodeAddress], plan.requests)
        answers = self._done(partial(self._session.read, addresses), deadline_s)
        return [reading_of(tag, answer) for tag, answer in zip(plan.tags, answers, strict=True)]

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        """Set a bit. Raises: DeviceUnavailable; DeviceRefused if the server lets nobody set it."""
        status = self._done(partial(self._session.write, parse_node_address(tag.address), value), deadline_s)
        if is_bad(status):
            raise write_refused(status, self._device, tag.address)

    def close(self) -> None:
        """End the session and the connection."""
        with self._lock:
            self._was_closed = True
            loop, self._loop = self._loop, None
            pending = self._pending
        if loop is None:
            return
        if pending is not None:
            pending.cancel()
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._session.leave(), loop).result(_GOODBYE_S)
        LOOP.leave()

    def _done(self, work: Callable[[], Coroutine[Any, Any, _Answer]], deadline_s: float) -> _Answer:
        """Return what the loop did in time. Raises: plantpulse's own errors only."""
        left_s = max(deadline_s - monotonic(), 0)
        pending = self._begun(work, left_s)
        try:
            return pending.result(left_s + _LOOP_IS_BUSY_S)
        except CancelledError:
            raise DeviceUnavailable(f"the link to {self._device} was closed") from None
        except Exception as error:
            raise translated(error, self._device) from error
        finally:
            pending.cancel()

    def _begun(self, work: Callable[[], Coroutine[Any, Any, _Answer]], seconds: float) -> Future[_Answer]:
        with self._lock:
            if self._loop is None:
                raise DeviceUnavailable(f"the link to {self._device} is not connected")
            pending = asyncio.run_coroutine_threadsafe(_within(work, seconds), self._loop)
            self._pending = pending
            return pending


async def _within(work: Callable[[], Coroutine[Any, Any, _Answer]], seconds: float) -> _Answer:
    async with asyncio.timeout(seconds):
        return await work()
