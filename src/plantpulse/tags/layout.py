"""What a link has learnt about its device: which requests it refuses, and which tags it does not have.

A device refuses a whole request for one unit that it does not have, and some read fewer at once than their
protocol allows. A refused request is halved until the bad tag stands alone; later reads go round it. Parts
have no holes: a unit between two tags is never what makes one of them missing.
No clock and no socket are here: the link asks, and says what was answered.
"""

from collections.abc import Iterator, Sequence
from typing import Generic

from plantpulse.tags.blocks import Extent
from plantpulse.tags.readings import Quality
from plantpulse.tags.requests import Area, Request, requests_of


class Layout(Generic[Area]):
    """Requests that were refused, and places that were refused alone, with the quality of their tags."""

    def __init__(self) -> None:
        self._refused: set[Extent[Area]] = set()
        self._refused_together: set[tuple[Extent[Area], ...]] = set()
        self._asked_by: dict[Extent[Area], int] = {}
        self.missing: dict[Extent[Area], Quality] = {}

    def expand(self, planned: Sequence[Request[Area]]) -> Iterator[Request[Area]]:
        """Yield the requests to send for the planned ones; those of missing tags are left out."""
        for request in planned:
            if request.is_indivisible:
                if request.extent not in self.missing:
                    yield request
            elif request.extent in self._refused:
                yield from self.expand(self._parts(request))
            else:
                yield request

    def divide(self, group: Sequence[Request[Area]]) -> Iterator[Sequence[Request[Area]]]:
        """Yield the group of one question, or the groups that it was divided into since it was refused."""
        if not self.is_divided(group):
            yield group
            return
        middle = (len(group) + 1) // 2
        yield from self.divide(group[:middle])
        yield from self.divide(group[middle:])

    def refuse_together(self, group: Sequence[Request[Area]]) -> Sequence[Sequence[Request[Area]]]:
        """Note that a question for several requests was refused; return the groups to ask for instead."""
        self._refused_together.add(_extents(group))
        for extent in _extents(group):
            self._asked_by.pop(extent, None)
        return tuple(self.divide(group))

    def refuse(self, request: Request[Area], quality: Quality) -> Sequence[Request[Area]]:
        """Note that a request was refused; return those to send instead, none if it cannot be divided."""
        if request.is_indivisible:
            self.missing[request.extent] = quality
            return ()
        self._refused.add(request.extent)
        return tuple(self.expand(self._parts(request)))

    def answer(self, request: Request[Area], question: int) -> None:
        """Note that a request was answered, with data or without; questions are numbered from 1 on."""
        self._asked_by[request.extent] = question

    def is_search(self, request: Request[Area]) -> bool:
        """Say whether it is still to be found out what the device answers to a part of a refused request."""
        return request.extent not in self._asked_by

    def asked_by(self, group: Sequence[Request[Area]]) -> int:
        """Return the question that the group has waited since; 0 if a part of it was never asked."""
        return min(self._asked_by.get(request.extent, 0) for request in group)

    @property
    def has_refused(self) -> bool:
        """Say whether anything is asked otherwise than planned."""
        return bool(self.missing or self._refused or self._refused_together)

    def refused_parts(self, planned: Sequence[Request[Area]]) -> Iterator[Request[Area]]:
        """Yield what may be asked for again: missing tags, and what was divided without a missing one."""
        for request in planned:
            absent = [one for one in request.members if one.place.extent in self.missing]
            for extent in dict.fromkeys(one.place.extent for one in absent):
                yield Request(extent, tuple(one for one in absent if one.place.extent == extent))
            if request.is_indivisible or request.extent not in self._refused:
                continue
            if not absent:
                yield request
            yield from self.refused_parts(self._parts(request))

    def is_divided(self, group: Sequence[Request[Area]]) -> bool:
        """Say whether a question for several requests was refused, so that they are asked in parts."""
        return len(group) > 1 and _extents(group) in self._refused_together

    def accept(self, group: Sequence[Request[Area]]) -> None:
        """Note that what was refused is answered now, as one question. With a missing tag all begins anew."""
        if any(one.extent in self.missing for one in group):
            self.forget()
        self._refused.difference_update(_extents(group))
        self._refused_together.discard(_extents(group))

    def forget(self) -> None:
        """Begin anew: the device has changed."""
        self._refused.clear()
        self._refused_together.clear()
        self._asked_by.clear()
        self.missing.clear()

    def _parts(self, request: Request[Area]) -> Sequence[Request[Area]]:
        """Return what is left without the missing tags; the halves if none is known to be missing."""
        present = [one for one in request.members if one.place.extent not in self.missing]
        if len(present) < len(request.members):
            return requests_of(present, 0)
        middle = len(present) // 2
        return (*requests_of(present[:middle], 0), *requests_of(present[middle:], 0))


def _extents(group: Sequence[Request[Area]]) -> tuple[Extent[Area], ...]:
    return tuple(request.extent for request in group)
