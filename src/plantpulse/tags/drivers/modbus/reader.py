"""Reads a plan: one question for each block, and what a device refuses is divided once.

It has no socket: it is given the way to ask, and the clock.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, cast

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.modbus.addresses import Area
from plantpulse.tags.drivers.modbus.device import Device
from plantpulse.tags.drivers.modbus.layout import Layout
from plantpulse.tags.drivers.modbus.requests import Request
from plantpulse.tags.drivers.modbus.values import Refusal, quality_of, reading_of
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Tag

Ask = Callable[[Extent[Area], float], bytes | Refusal]

# What devices answer to an address that they do not have, and to a request that is too long for them.
_DIVISIBLE: Final = (2, 3)
_ASK_AGAIN_S: Final = 60.0


class Reader:
    """The reads of one connection, and what they have learnt about the device."""

    def __init__(self, device: Device, ask: Ask, now_s: Callable[[], float]) -> None:
        self._device = device
        self._ask = ask
        self._now_s = now_s
        self._layout = Layout()
        self._ask_again_at_s: float | None = None

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan. Raises: what asking raises.

        The search for a bad tag may take more questions than there is time for. It stops before the deadline
        then, and the next read goes on; tags that were not reached are DEVICE_FAILURE until then.
        """
        planned = cast(Sequence[Request], plan.requests)
        readings = self._at_first(planned, len(plan.tags))
        certain, searched = self._in_order(planned)
        waiting, unasked, slowest_s = deque([*certain, *searched]), len(certain), 0.0
        while waiting and (unasked > 0 or self._is_time_for(slowest_s, deadline_s)):
            request, asked_at_s = waiting.popleft(), self._now_s()
            answer = self._ask(request.extent, deadline_s)
            slowest_s = max(slowest_s, self._now_s() - asked_at_s)
            unasked -= 1
            self._layout.answer(request)
            if isinstance(answer, Refusal):
                waiting += self._refused(request, answer, readings)
            else:
                self._answered(request, answer, plan.tags, readings)
        if not waiting and self._is_time_for(slowest_s, deadline_s):
            self._look_again(deadline_s)
        return readings

    def _in_order(self, planned: Sequence[Request]) -> tuple[Sequence[Request], Sequence[Request]]:
        """Return the requests that are asked in any case, and those that are asked if there is time.

        As long as a search is on, it comes before the parts that are known: it would not end otherwise.
        """
        requests = list(self._layout.expand(planned))
        whole = [one for one in requests if one in planned]
        parts = [one for one in requests if one not in planned]
        searched = [one for one in parts if self._layout.is_search(one)]
        known = [one for one in parts if not self._layout.is_search(one)]
        return (whole, [*searched, *known]) if searched else ([*whole, *known], ())

    def _is_time_for(self, question_s: float, deadline_s: float) -> bool:
        """Say whether one more question will be answered in time, even if it takes twice as long."""
        return self._now_s() + 2 * question_s < deadline_s

    def _at_first(self, planned: Sequence[Request], count: int) -> list[Reading]:
        """Return what is known before anything is asked: which tags are missing."""
        readings = [Reading(None, Quality.DEVICE_FAILURE)] * count
        for request in planned:
            for member in request.members:
                if quality := self._layout.missing.get(member.place.extent):
                    readings[member.index] = Reading(None, quality)
        return readings

    def _answered(self, request: Request, data: bytes, tags: Sequence[Tag], readings: list[Reading]) -> None:
        for member in request.members:
            tag = tags[member.index]
            readings[member.index] = reading_of(tag, member.place, request.extent, data, self._device)

    def _refused(self, request: Request, refusal: Refusal, readings: list[Reading]) -> Sequence[Request]:
        """Note why tags have no value; return what is to be asked instead."""
        quality = quality_of(refusal)
        parts = self._layout.refuse(request, quality) if refusal.exception in _DIVISIBLE else ()
        for member in () if parts else request.members:
            readings[member.index] = Reading(None, quality)
        return parts

    def _look_again(self, deadline_s: float) -> None:
        """Ask for one missing tag each minute: somebody may have given it to the device."""
        if not self._layout.missing:
            return
        if self._ask_again_at_s is None or self._now_s() < self._ask_again_at_s:
            self._ask_again_at_s = self._ask_again_at_s or self._now_s() + _ASK_AGAIN_S
            return
        self._ask_again_at_s = self._now_s() + _ASK_AGAIN_S
        if not isinstance(self._ask(self._layout.oldest_missing(), deadline_s), Refusal):
            self._layout.forget()
