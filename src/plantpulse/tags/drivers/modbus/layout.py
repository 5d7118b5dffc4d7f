"""What a link has learnt about its device: which requests it refuses, and which tags it does not have.

A device refuses a whole request for one register that it does not have, and some read fewer at once than the
specification allows. A refused request is halved until the bad tag stands alone; later reads go round it.
No clock and no socket are here: the link asks, and says what was answered.
"""

from collections.abc import Iterator, Sequence

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.modbus.addresses import Area
from plantpulse.tags.drivers.modbus.requests import Request, requests_of
from plantpulse.tags.readings import Quality


class Layout:
    """Requests that were refused, and places that were refused alone, with the quality of their tags."""

    def __init__(self) -> None:
        self._refused: set[Extent[Area]] = set()
        self._answered: set[Extent[Area]] = set()
        self.missing: dict[Extent[Area], Quality] = {}

    def expand(self, planned: Sequence[Request]) -> Iterator[Request]:
        """Yield the requests to send for the planned ones; those of missing tags are left out."""
        for request in planned:
            if request.is_indivisible:
                if request.extent not in self.missing:
                    yield request
            elif request.extent in self._refused:
                yield from self.expand(self._parts(request))
            else:
                yield request

    def refuse(self, request: Request, quality: Quality) -> Sequence[Request]:
        """Note that a request was refused; return those to send instead, none if it cannot be divided."""
        if request.is_indivisible:
            self.missing[request.extent] = quality
            return ()
        self._refused.add(request.extent)
        return tuple(self.expand(self._parts(request)))

    def answer(self, request: Request) -> None:
        """Note that a request was answered, with data or without."""
        self._answered.add(request.extent)

    def is_search(self, request: Request) -> bool:
        """Say whether it is still to be found out what the device answers to a part of a refused request."""
        return request.extent not in self._answered

    def oldest_missing(self) -> Extent[Area]:
        """Return the missing place that was asked for longest ago, and put it behind the others."""
        oldest = next(iter(self.missing))
        self.missing[oldest] = self.missing.pop(oldest)
        return oldest

    def forget(self) -> None:
        """Begin anew: the device has changed."""
        self._refused.clear()
        self._answered.clear()
        self.missing.clear()

    def _parts(self, request: Request) -> Sequence[Request]:
        """Return what is left without the missing tags; the halves if none is known to be missing."""
        present = [one for one in request.members if one.place.extent not in self.missing]
        if len(present) < len(request.members):
            return requests_of(present, 0)
        middle = len(present) // 2
        return (*requests_of(present[:middle], 0), *requests_of(present[middle:], 0))
