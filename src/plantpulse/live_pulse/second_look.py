"""Looks again at slots that were written before: by sums, and by rows only where something has changed.

In a large plant the output of the two slots before the present one is half of all rows of a poll, and nearly
always as it was. So SQL Server sums up each bucket before any row is read. If the run before has left a seal
of every older slot, only the output of the present window is read. Then the slots are sealed anew, with the
stops just read. If one has another seal now, the older rows are read too, and judged as ever. The sums are
asked for first, so that a booking in between makes another seal the next time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from plantpulse.late_dataclasses import dataclass
from plantpulse.live_pulse.bucket_sums import BucketSums, basis_of, make_seal, parse_sums
from plantpulse.live_pulse.catch_up import CORRECTED_SLOTS, Coverage, fingerprint
from plantpulse.live_pulse.slot_times import SlotTimes
from plantpulse.live_pulse.snapshots import Figures, Readings, Snapshot, figures
from plantpulse.plant import readings as parsing
from plantpulse.plant.local_time import BucketGrid, LocalBounds, bucket_count, buckets_in, local_pieces
from plantpulse.plant.plant_model import PlantModel
from plantpulse.plant.readings import DowntimeReading, OutputReading
from plantpulse.schedules.slots import Window
from plantpulse.source.answers import Answers, Source

# A plant with fewer assets has so few rows that one more question takes longer than they do (decision 0143).
SUMMED_FROM_ASSETS: Final = 1_000
_MALFORMED: Final = "output_sums.sql: bucket and row_count must be int, sums a text, and each bucket one row"


class Older(NamedTuple):
    """Older slots that need no rows, and the output read for the others, by bucket of the whole grid."""

    settled: frozenset[datetime]
    readings: Sequence[OutputReading]


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The second look of one poll. `most`: how many older slots fit into one answer with the present one."""

    times: SlotTimes
    answers: Answers
    model: PlantModel
    coverage: Coverage
    most: int

    def ask(
        self, source: Source, slots: Sequence[datetime], span: Window, grid: BucketGrid
    ) -> BucketSums | None:
        """Return the sums of all buckets; None where they are of no use.

        In a long window few rows are of older slots alone, and summing up all would take longer than reading
        these. Around a change of the clock, buckets do not follow one another as slots do.
        Raises: the source's errors.
        """
        is_large = len(self.model.assets) >= SUMMED_FROM_ASSETS and self.most >= CORRECTED_SLOTS
        is_half_older = self.times.window(slots[0]).length <= CORRECTED_SLOTS * self.times.every
        is_scheduled = self.times.plan.slot is not None and self.times.is_present(slots[0])
        if not (is_large and is_half_older and is_scheduled) or len(local_pieces(span, self.times.zone)) > 1:
            return None
        answer = self.answers.ask_for_sums(source, grid.bounds, int(grid.length.total_seconds()))
        if answer is None:
            return None
        files = (self.answers.queries[name].sql for name in ("output", "output_sums"))
        sums = parse_sums(answer.rows, grid, basis_of(self.model, files))
        if sums is None:
            self.answers.progress.warn("output_sums_failed", _MALFORMED)
        return sums

    def newest_part(self, slots: Sequence[datetime], sums: BucketSums | None, grid: BucketGrid) -> BucketGrid:
        """Return the part of the grid to read at once: the present window, if all older slots are sealed."""
        present, *older = slots
        if not (sums and older and all(at in self.coverage.seals for at in older)):
            return grid
        count = max(buckets_in(self.times.window(present), *grid, self.times.zone)) + 1
        return grid._replace(bounds=grid.bounds._replace(start=grid.bounds.until - grid.length * count))

    def read_older(
        self,
        source: Source,
        slots: Sequence[datetime],
        sums: BucketSums | None,
        newest: BucketGrid,
        downtime: Sequence[DowntimeReading],
    ) -> Older | None:
        """Return what is known of the slots before the newest part; None if their output was cut off.

        Malformed rows of it were kept when the slots were new.
        Raises: the source's errors.
        """
        if sums is None or newest == sums.grid:
            return Older(frozenset(), ())
        settled = frozenset(at for at in slots[1:] if self._is_settled(at, sums, downtime))
        read = bucket_count(*newest)
        if len(settled) == len(slots) - 1:
            self.answers.progress.count("summed_rows", sums.rows_from(read))
            return Older(settled, ())
        bounds, length = LocalBounds(sums.grid.bounds.start, newest.bounds.start), sums.grid.length
        bucket_s = int(length.total_seconds())
        output = self.answers.ask(source, "output", bounds, is_paged=True, bucket_s=bucket_s)
        if output.is_truncated:
            return None
        found = parsing.parse_output(output.rows, bucket_count=bucket_count(bounds, length)).readings
        return Older(settled, [one._replace(bucket=one.bucket + read) for one in found])

    def _is_settled(self, at: datetime, sums: BucketSums, downtime: Sequence[DowntimeReading]) -> bool:
        """Say whether a sealed slot needs no rows: nothing has changed, or nothing can be corrected."""
        window, zone = self.times.window(at), self.times.zone
        if not self.times.is_shown_once(window):
            return True
        without_output = figures(
            self.model,
            Readings((), downtime),
            window=window,
            zone=zone,
            window_buckets=frozenset(),
            slot_buckets=None,
        )
        stored = self.coverage.fingerprints.get(at, "")
        return self._seal(at, sums, stored, without_output) == self.coverage.seals[at]

    def _seal(self, at: datetime, sums: BucketSums, stored: str, rows: Iterable[Snapshot | Figures]) -> str:
        window = self.times.window(at)
        buckets = buckets_in(window, *sums.grid, self.times.zone)
        return make_seal(sums, stored, rows, buckets, self.times.slot_buckets(window, sums.grid))

    def next_seal(
        self,
        at: datetime,
        sums: BucketSums | None,
        rows: Sequence[Snapshot] | Sequence[Figures],
        stored: str | None = None,
    ) -> str | None:
        """Return the seal of a slot that the next poll looks at again; None for others, and without sums.

        `stored`: the fingerprint of the rows, if it is known.
        """
        if not (sums and rows and self.times.is_looked_at_next(at)):
            return None
        return self._seal(at, sums, stored or fingerprint(rows), rows)
