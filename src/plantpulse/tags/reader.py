"""Reads a plan: one question for each block, or for several; what a device refuses is divided once.

It has no socket: it is given the way to ask, and the clock.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, cast

from plantpulse.tags.blocks import Extent
from plantpulse.tags.layout import Layout
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import NOT_ASKED, Quality, Reading
from plantpulse.tags.requests import Area, Place, Request
from plantpulse.tags.tag import Tag

_ASK_AGAIN_S: Final = 60.0  # for what was refused, if there is time
_AT_LAST_S: Final = 300.0  # and before anything else, if there never is
_MOST_TOGETHER: Final = 120  # extents in a question of any protocol
Group = Sequence[Request[Area]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A device's answer that it does not read what was asked for.

    `code` is the protocol's own. `is_divisible`: it may read a part of it.
    """

    code: int
    quality: Quality
    is_divisible: bool = False


class Questions(Protocol[Area]):
    """How a protocol asks for the units of a device."""

    def most_together(self, extents: Sequence[Extent[Area]]) -> int:
        """Return how many of the first extents fit into one question; at least one."""

    def read(self, extents: Sequence[Extent[Area]], deadline_s: float) -> Sequence[bytes | Refusal] | Refusal:
        """Return the answer to each extent, or one refusal of the whole question.

        Raises: DeviceUnavailable.
        """


class Reader(Generic[Area]):
    """The reads of one connection, and what they have learnt about the device.

    `reading_of` makes a tag's reading of its place, the extent that was asked for, and the data of that.
    """

    def __init__(
        self,
        questions: Questions[Area],
        reading_of: Callable[[Tag, Place[Area], Extent[Area], bytes], Reading],
        now_s: Callable[[], float],
    ) -> None:
        self._questions = questions
        self._reading_of = reading_of
        self._now_s = now_s
        self._layout: Layout[Area] = Layout()
        self._asked_again_s: float | None = None
        self._again = 0
        self._question = 0

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan. Raises: what asking raises.

        What a device refuses makes more questions of a plan, and there may be no time for all of them. They
        are asked as long as there is time then, those first that have waited longest: each has its turn in
        one of the next reads. Tags that were not reached are NOT_ASKED.
        """
        planned = cast(Sequence[Request[Area]], plan.requests)
        slowest_s = self._ask_again(planned, deadline_s) if self._has_waited(_AT_LAST_S) else 0.0
        readings = self._at_first(planned, len(plan.tags))
        waiting = deque(self._in_order(planned))
        again_s = _ASK_AGAIN_S if waiting else 0.0  # who asks for nothing would never hear from the device
        is_as_planned = len(waiting) <= len(list(self._filled(planned)))
        certain = len(waiting) if is_as_planned else int(not slowest_s)
        while waiting and (certain > 0 or self._is_time_for(slowest_s, deadline_s)):
            group, asked_at_s = waiting.popleft(), self._now_s()
            answers = self._questions.read([one.extent for one in group], deadline_s)
            slowest_s = max(slowest_s, self._now_s() - asked_at_s)
            certain -= 1
            self._question += 1
            if isinstance(answers, Refusal) and answers.is_divisible and len(group) > 1:
                waiting += self._layout.refuse_together(group)
                continue
            each = [answers] * len(group) if isinstance(answers, Refusal) else answers
            for request, answer in zip(group, each, strict=True):
                waiting += self._groups(self._heard(request, answer, plan.tags, readings))
        if self._has_waited(again_s) and not waiting and self._is_time_for(slowest_s, deadline_s):
            self._ask_again(planned, deadline_s)
        return readings

    def _groups(self, requests: Sequence[Request[Area]]) -> Sequence[Group[Area]]:
        """Return the requests of each question: as many as fit into it and are answered together."""
        return [part for whole in self._filled(requests) for part in self._layout.divide(whole)]

    def _filled(self, requests: Sequence[Request[Area]]) -> Iterator[Group[Area]]:
        extents, at = [one.extent for one in requests], 0
        while at < len(requests):
            count = self._questions.most_together(extents[at : at + _MOST_TOGETHER])
            yield requests[at : at + count]
            at += count

    def _in_order(self, planned: Sequence[Request[Area]]) -> Sequence[Group[Area]]:
        """Return the questions of a read: what was never asked first, then what has waited longest.

        As long as a search is on, its parts share no question with others: these would be refused along.
        """
        # By identity: to compare each with each takes a fifth of a second for 500 scattered tags.
        requests, known = list(self._layout.expand(planned)), set(map(id, planned))
        whole = [one for one in requests if id(one) in known]
        undivided = [one for one in self._filled(whole) if len(list(self._layout.divide(one))) == 1]
        beside = {id(one) for group in undivided for one in group}
        parts = [one for one in requests if id(one) not in beside]
        is_searching = any(map(self._layout.is_search, parts))
        groups = [*undivided, *self._groups(parts)] if is_searching else self._groups(requests)
        return sorted(groups, key=self._layout.asked_by)

    def _is_time_for(self, question_s: float, deadline_s: float) -> bool:
        """Say whether one more question will be answered in time, even if it takes twice as long."""
        return self._now_s() + 2 * question_s < deadline_s

    def _at_first(self, planned: Sequence[Request[Area]], count: int) -> list[Reading]:
        """Return what is known before anything is asked: which tags are missing."""
        readings = [NOT_ASKED] * count
        for request in planned:
            for member in request.members:
                if quality := self._layout.missing.get(member.place.extent):
                    readings[member.index] = Reading(None, quality)
        return readings

    def _heard(
        self, request: Request[Area], answer: bytes | Refusal, tags: Sequence[Tag], readings: list[Reading]
    ) -> Sequence[Request[Area]]:
        """Note what was answered to a request; return what is to be asked instead."""
        self._layout.answer(request, self._question)
        if isinstance(answer, Refusal):
            return self._refused(request, answer, readings)
        for member in request.members:
            tag, place = tags[member.index], member.place
            readings[member.index] = self._reading_of(tag, place, request.extent, answer)
        return ()

    def _refused(
        self, request: Request[Area], refusal: Refusal, readings: list[Reading]
    ) -> Sequence[Request[Area]]:
        """Note why tags have no value; return what is to be asked instead."""
        parts = self._layout.refuse(request, refusal.quality) if refusal.is_divisible else ()
        for member in () if parts else request.members:
            readings[member.index] = Reading(None, refusal.quality)
        return parts

    def _has_waited(self, seconds: float) -> bool:
        """Say whether something was refused, and nothing of that was asked for again in so many seconds."""
        if not self._layout.has_refused:
            self._asked_again_s = None
        elif self._asked_again_s is None:
            self._asked_again_s = self._now_s()
        return self._asked_again_s is not None and self._now_s() - self._asked_again_s >= seconds

    def _ask_again(self, planned: Sequence[Request[Area]], deadline_s: float) -> float:
        """Ask once more for something that was refused, each in its turn; return how long the answer took.

        Somebody may have given the device a tag, or it was busy when it refused a question whole.
        """
        whole = self._filled(list(self._layout.expand(planned)))
        groups = [
            *([one] for one in self._layout.refused_parts(planned)),
            *(group for group in whole if self._layout.is_divided(group)),
        ]
        if not groups:
            return 0.0
        began_s = self._asked_again_s = self._now_s()
        group = groups[self._again % len(groups)]
        self._again += 1
        answers = self._questions.read([one.extent for one in group], deadline_s)
        if not isinstance(answers, Refusal) and not any(isinstance(one, Refusal) for one in answers):
            self._layout.accept(group)
        return self._now_s() - began_s
