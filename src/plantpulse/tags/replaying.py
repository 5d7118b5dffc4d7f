"""What is on the disk of the edge runner is sent to Supabase, record by record, the oldest first.

Here is the one rule for what Supabase refuses, whether it came from a burst a moment ago or days ago: it goes
to the disk first, and is sent from there. A record that is refused is sent again in parts, each group alone.
A group that is refused beside one that is taken is dropped at once, and counted. If no part is taken, it may
be Supabase that is wrong, so the record is tried three times, once a flush, before it is dropped and counted.
What follows it waits on the disk meanwhile.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from plantpulse.errors import StoreRefused
from plantpulse.logs import log
from plantpulse.tags.exchange import Store
from plantpulse.tags.flushing import lost_in
from plantpulse.tags.own_clock import OwnClock
from plantpulse.tags.shifting import shifted_row
from plantpulse.tags.spools import Record, Spools
from plantpulse.tags.unsent import Unsent

Json = Any
Body = Mapping[str, Json]
_REFUSALS: Final = 3  # after which a record is given up: it is wrong, not Supabase


@dataclass(slots=True, eq=False)
class Replay:
    """Sends the records of the spools; what is dropped is told with the next call of the burst (`unsent`)."""

    store: Store
    spools: Spools
    unsent: Unsent
    clock: OwnClock
    monotonic: Callable[[], float]
    _refusals: int = field(default=0, init=False)  # of the oldest record
    _may_drop: bool = field(default=True, init=False)

    def send(self, put: Body, until_s: float, *, may_drop: bool = True) -> None:
        """Send records until then, in the name of who read them, then in that of a call of ours.

        `may_drop` is False for who polls nothing: it may have no turn, and no call follows that would tell a
        number. What is refused then stays, with what follows it in its folder, for the next process that
        polls. Raises: the store's errors but StoreRefused.
        """
        self._may_drop = may_drop
        self.spools.adopt()
        self.clock.note_shifts(self.spools.folders)
        while self.monotonic() < until_s and (record := self.spools.oldest()):
            shift = self.clock.shift_of(record.folder)
            rows = [shifted_row(row, shift) for row in record.rows]
            if not self._is_over(record._replace(rows=rows), put):
                if may_drop or not self.spools.pass_by():
                    return
                self._refusals = 0
                continue
            self._refusals = 0
            self.spools.take_oldest()
            if self.spools.oldest() is None and not self.spools.size:
                log("INFO", "all samples on the disk are stored", damaged=self.spools.damaged)

    def _is_over(self, record: Record, put: Body) -> bool:
        """Send a record; False if a part has to be sent again later. Raises: the store's errors."""
        try:
            return self._is_taken(record.rows, record.holder, put)
        except StoreRefused as error:
            return self._is_over_in_parts(record, put, error)

    def _is_over_in_parts(self, record: Record, put: Body, error: StoreRefused) -> bool:
        """Send each group of a refused record alone; False if a part has to be sent again later."""
        groups = list(dict.fromkeys(row["g"] for row in record.rows))
        refused = set[int]()
        for group in groups if len(groups) > 1 else ():
            try:
                if not self._is_taken(rows_of(record.rows, {group}), record.holder, put):
                    return False
            except StoreRefused:
                refused.add(group)
        bad = refused if len(groups) > 1 else set(groups)
        self._refusals += bool(bad)
        if bad:
            log("ERROR", "Supabase refused samples on the disk", error=str(error), times=self._refusals)
        is_to_stay = not self._may_drop or (len(bad) == len(groups) and self._refusals < _REFUSALS)
        if bad and is_to_stay:
            return False
        self._drop(rows_of(record.rows, bad))
        return True

    def _drop(self, rows: Sequence[Mapping[str, Json]]) -> None:
        dropped = Counter(row["g"] for row in rows)
        self.unsent.add_dropped(dropped)
        _note_dropped(dropped.total())

    def _is_taken(self, rows: Sequence[Mapping[str, Json]], holder: str, put: Body) -> bool:
        """Send rows in the name of a holder, then in our own; False if a part has to be sent again later.

        What nobody may bring is counted, or stays. Raises: the store's errors.
        """
        holders = list(dict.fromkeys((holder, put["holder"])))
        for one in holders:
            call = {**_replay_of(rows, one, put), "is_final": self._may_drop and one == holders[-1]}
            answer = self.store.put_tag_samples(call)
            if answer["later"]:
                return False
            rows = rows_of(rows, {*answer["refused"], *answer["lost"]})
            if not rows:
                return True
        if not self._may_drop:
            return False
        _note_dropped(lost_in(answer))
        return True


def rows_of(rows: Sequence[Mapping[str, Json]], groups: Collection[int]) -> list[Mapping[str, Json]]:
    """Return the rows of some groups."""
    return [row for row in rows if row["g"] in groups]


def _replay_of(rows: Sequence[Mapping[str, Json]], holder: str, put: Body) -> Body:
    """Return the call that brings rows of a holder; it renews the lease of no process that is gone."""
    is_own = holder == put["holder"]
    common = {name: put[name] for name in ("plant", "most") if name in put}
    lease_s = put["lease_s"] if is_own else 0
    return {**common, "holder": holder, "lease_s": lease_s, "rows": rows, "states": [], "ended": []}


def _note_dropped(count: int) -> None:
    if count:
        told = "samples on the disk are dropped: Supabase takes them from nobody"
        log("WARNING", told, dropped=count)
