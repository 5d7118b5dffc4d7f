"""Reads the slots of a batch from SQL Server and evaluates them.

One query for output and one for downtime serve all slots: the bucket of time says which slot a row belongs
to. In a large plant the output of slots that were written before is mostly not read (`second_look`). The
files for OEE, quality and headcount return no time, so they are read only for the present slot, and for each
slot of a span that a person asks for.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from plantpulse.late_dataclasses import dataclass, field
from plantpulse.live_pulse.catch_up import Coverage, fingerprint
from plantpulse.live_pulse.evidence import Evidence
from plantpulse.live_pulse.second_look import SecondLook
from plantpulse.live_pulse.slot_batch import Batch, Share, SlotSnapshots
from plantpulse.live_pulse.slot_facts import Interval, asset_stops, planned_slots
from plantpulse.live_pulse.slot_times import SlotTimes
from plantpulse.live_pulse.snapshots import Readings, figures, judge, unknown_assets
from plantpulse.plant import readings as parsing
from plantpulse.plant.local_time import (
    BucketGrid,
    bounds_reaching_in,
    bucket_count,
    bucket_grid,
    bucket_spans,
    buckets_in,
    is_stop_ambiguous,
    is_time_ambiguous,
    local_bounds,
)
from plantpulse.plant.oee_scale import reported_figures
from plantpulse.plant.plant_model import PlantModel
from plantpulse.plant.readings import OutputReading, Row
from plantpulse.schedules.slots import Window, last_interval
from plantpulse.source.answers import Answers, Source

_CLOCKS_DIFFER: Final = timedelta(minutes=5)  # a row's time may be a little later than its reading
_USED_OF_LIMIT: Final = 0.9  # unknown names and malformed counts take the rest


@dataclass(slots=True)
class SlotReader:
    """Reads slots of one poll's plant.

    `unknown_assets`: names that the plant model lacks. `doubtful`: slots
    of a span that stay as they are, because the source may have deleted their rows.
    `oee_figures`: what the plant reports as OEE, in its own scale. `doubtful_rates`: the highest
    performance of assets that performed better than their ideal rates allow, by name. `seals`: of the newest
    slots that are stored as the source has them, by slot.
    """

    times: SlotTimes
    answers: Answers
    model: PlantModel
    coverage: Coverage
    unknown_assets: set[str] = field(default_factory=set)
    doubtful: list[datetime] = field(default_factory=list)
    oee_figures: list[float] = field(default_factory=list)
    doubtful_rates: dict[str, float] = field(default_factory=dict)
    seals: dict[datetime, str] = field(default_factory=dict)
    evidence: Evidence = field(init=False)
    second_look: SecondLook = field(init=False)

    def __post_init__(self) -> None:
        self.evidence = Evidence(self.answers, self.times.zone)
        most = self._most_looked_at_again()
        self.second_look = SecondLook(self.times, self.answers, self.model, self.coverage, most)

    def looked_at_again(self, older: Sequence[datetime]) -> int:
        """Return how many older slots to read together with the present one.

        They are the newest ones that were written before, as many as fit into one answer with a row for each
        known asset and bucket.
        """
        written = sum(1 for _ in takewhile(self.coverage.is_written, older))
        return max(0, min(written, self._most_looked_at_again()))

    def _most_looked_at_again(self) -> int:
        buckets = int(_USED_OF_LIMIT * self.times.pulse.row_limit) // max(1, len(self.model.assets))
        return buckets - self.times.pulse.window_minutes // self.times.pulse.every_minutes

    def read(self, source: Source, slots: Sequence[datetime]) -> list[SlotSnapshots] | None:
        """Return the slots to write, of the given ones; None if an answer was cut off.

        Then the slots can be read one by one. For a single slot only cut off output gives None. Either way
        the run is incomplete.

        Raises: the source's errors of the required queries.
        """
        batch = self._read_batch(source, slots)
        if batch is None:
            return None
        with self.answers.progress.timed("evaluate"):
            self.unknown_assets.update(unknown_assets(self.model, batch.readings()))
            self.doubtful += [at for at in slots if at in batch.doubtful]
            due = [at for at in slots if at not in batch.doubtful and not self._is_stored(at, batch)]
            return [self._judge(at, batch) for at in due if not self._would_lose_downtime(at, batch)]

    def _read_batch(self, source: Source, slots: Sequence[datetime]) -> Batch | None:
        windows = [self.times.window(at) for at in slots]
        span = Window(min(window.start for window in windows), max(window.until for window in windows))
        grid = bucket_grid(span, self.times.every, self.times.zone)
        bucket_s, is_divisible = int(grid.length.total_seconds()), len(slots) > 1
        sums = self.second_look.ask(source, slots, span, grid)
        newest = self.second_look.newest_part(slots, sums, grid)
        output = self.answers.ask(source, "output", newest.bounds, is_paged=is_divisible, bucket_s=bucket_s)
        if output.is_truncated and is_divisible:
            return None
        reaching_in = bounds_reaching_in(grid.bounds, span, self.times.zone)
        stops = self.answers.ask(source, "downtime", reaching_in, is_paged=is_divisible)
        if stops.is_truncated and is_divisible:
            return None
        seen_by = self.times.read_at + _CLOCKS_DIFFER if is_stop_ambiguous(span, self.times.zone) else None
        parsed_stops = parsing.parse_downtime(stops.rows, zone=self.times.zone, seen_by=seen_by)
        older = self.second_look.read_older(source, slots, sums, newest, parsed_stops.readings)
        if older is None:
            return None
        by_bucket = self._by_bucket(self._told_apart(output.rows, slots, grid), newest, older.readings)
        downtime = self.answers.keep(parsed_stops)
        if output.is_truncated:
            return None
        doubtful = self._doubtful(source, slots, grid, by_bucket) if self.times.plan.slots else frozenset()
        whole = [at for at in slots if self._is_whole(at) and at not in doubtful]
        return Batch(
            grid,
            by_bucket,
            None if stops.is_truncated else downtime,
            {at: self._read_whole(source, at) for at in whole},
            doubtful,
            sums,
            older.settled,
        )

    def _by_bucket(
        self, rows: tuple[list[Row], list[Row]], read: BucketGrid, older: Sequence[OutputReading]
    ) -> dict[int, list[OutputReading]]:
        """Return the output that was read, and older output; malformed rows of new slots are kept aside."""
        (fresh, known), buckets = rows, bucket_count(*read)
        units = [
            *self.answers.keep(parsing.parse_output(fresh, bucket_count=buckets)),
            *parsing.parse_output(known, bucket_count=buckets).readings,
            *older,
        ]
        by_bucket: dict[int, list[OutputReading]] = {}
        for reading in units:
            by_bucket.setdefault(reading.bucket, []).append(reading)
        return by_bucket

    def _doubtful(
        self, source: Source, slots: Sequence[datetime], grid: BucketGrid, filled: Collection[int]
    ) -> frozenset[datetime]:
        """Return the slots in which, and before which, the source shows no output: it may be gone.

        A slot whose window reaches back beyond the oldest row is none of them: rows that are there count.
        """
        windows = {at: self.times.window(at) for at in slots}
        if self.evidence.is_kept_before(source, min(window.start for window in windows.values())):
            return frozenset()
        oldest = max(filled, default=-1)
        return frozenset(
            at
            for at, window in windows.items()
            if min(buckets_in(window, *grid, self.times.zone), default=oldest + 1) > oldest
        )

    def _told_apart(
        self, rows: Sequence[Row], slots: Sequence[datetime], grid: BucketGrid
    ) -> tuple[list[Row], list[Row]]:
        """Return the rows of new slots, and the rows of slots that were written before.

        Malformed rows of the latter were kept when the slots were new.
        """
        new = [
            self.times.window(at)
            for at in slots
            if self.times.is_present(at) or not self.coverage.is_written(at)
        ]
        if self.times.plan.slots:  # a report about a span counts its malformed rows, once
            new = [last_interval(self.times.window(at), self.times.every) for at in slots]
        buckets = {bucket for window in new for bucket in buckets_in(window, *grid, self.times.zone)}
        fresh: list[Row] = []
        known: list[Row] = []
        for row in rows:
            (known if isinstance(row[1], int) and row[1] not in buckets else fresh).append(row)
        return fresh, known

    def _is_whole(self, at: datetime) -> bool:
        return self.times.is_present(at) or bool(self.times.plan.slots)

    def _read_whole(self, source: Source, at: datetime) -> Readings:
        """Return the readings of one slot alone; empty if the plant has no table for them."""
        bounds, answers = local_bounds(self.times.window(at), self.times.zone), self.answers
        oee = answers.ask_if_there(source, "oee", bounds)
        quality = answers.ask_if_there(source, "quality", bounds)
        labor = answers.ask_if_there(source, "labor", bounds)
        self.oee_figures += reported_figures(oee)
        return Readings(
            output=None,
            oee=answers.keep(parsing.parse_oee(oee, zone=self.times.zone, scale=self.times.plant.oee_scale)),
            quality=answers.keep(parsing.parse_quality(quality)),
            labor=answers.keep(parsing.parse_labor(labor)),
        )

    def _share(self, at: datetime, batch: Batch) -> Share:
        window = self.times.window(at)
        buckets = buckets_in(window, *batch.grid, self.times.zone)
        output = [reading for bucket in buckets for reading in batch.output.get(bucket, ())]
        readings = batch.whole.get(at, Readings(None))._replace(output=output, downtime=batch.downtime)
        return Share(readings, window, buckets, self.times.slot_buckets(window, batch.grid))

    def _judge(self, at: datetime, batch: Batch) -> SlotSnapshots:
        is_present, share = self.times.is_present(at), self._share(at, batch)
        judgement = judge(
            self.model,
            share.readings,
            window=share.window,
            zone=self.times.zone,
            bucket_spans=bucket_spans(share.window, *batch.grid, self.times.zone),
            slot_buckets=share.slot_buckets,
            is_shown_once=self.times.is_shown_once(share.window),
        )
        for name, performed in judgement.doubtful_rates.items():
            self.doubtful_rates[name] = max(performed, self.doubtful_rates.get(name, performed))
        if is_present:
            self.answers.progress.counts.update(judgement.counts)
        elif self.times.plan.slots:
            self.answers.progress.count("slots", 1)
            self.answers.progress.count("snapshots", len(judgement.snapshots))
        is_ambiguous = is_time_ambiguous(share.window, self.times.zone) or batch.has_doubtful_stop(
            share.window
        )
        interval, judged = last_interval(share.window, self.times.every), judgement.snapshots
        return SlotSnapshots(
            at,
            share.window,
            not is_present,
            is_ambiguous,
            judged,
            planned_slots(
                [one.asset_id for one in judged],
                self.model.shift_targets,
                Interval(interval, self.times.is_on_grid),
                self.times.zone,
            ),
            asset_stops(self.model.assets, batch.downtime or (), share.window, interval),
            self.second_look.next_seal(at, batch.sums, judged),
        )

    def _would_lose_downtime(self, at: datetime, batch: Batch) -> bool:
        """Say whether a slot that may be complete would be written again without its downtime."""
        return batch.downtime is None and (bool(self.times.plan.slots) or at in self.coverage.fingerprints)

    def _is_stored(self, at: datetime, batch: Batch) -> bool:
        """Say whether a slot's rows are already correct, or no longer correctable."""
        if self.times.plan.slots:
            return at in self.coverage.fingerprints  # the plan only asks for those of the repeated hour
        if self.times.is_present(at) or not self.coverage.is_written(at):
            return False
        if not self.times.is_shown_once(self.times.window(at)):
            return True
        if at in batch.settled:
            if self.times.is_looked_at_next(at):
                self.seals[at] = self.coverage.seals[at]
            return True
        share = self._share(at, batch)
        found = figures(
            self.model,
            share.readings,
            window=share.window,
            zone=self.times.zone,
            window_buckets=share.window_buckets,
            slot_buckets=share.slot_buckets,
        )
        if (stored := fingerprint(found)) != self.coverage.fingerprints.get(at):
            return False
        if seal := self.second_look.next_seal(at, batch.sums, found, stored):
            self.seals[at] = seal
        return True
