"""Sums of output by bucket, as SQL Server returns them, and seals of slots. Pure.

A seal of a slot is one text made of all that its figures come from: the rows that are stored of it, the
targets and stops of its assets, and the sums of its buckets. A later run that makes the same seal has nothing
to correct. The sums are the source's own words: they are compared and never computed here.
"""

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from plantpulse.live_pulse.snapshots import Figures, Snapshot
from plantpulse.plant.local_time import BucketGrid
from plantpulse.plant.plant_model import PlantModel

_UNKNOWN_MINUTES: Final = -1.0


class BucketSums(NamedTuple):
    """What the source says of the buckets of a grid: a text, and how many rows of output it has for each.

    A bucket without rows is missing. `basis` stands for what turns rows into figures.
    """

    grid: BucketGrid
    texts: Mapping[int, str]
    row_counts: Mapping[int, int]
    basis: str

    def rows_from(self, bucket: int) -> int:
        """Return how many rows of output the source has from this bucket on, back in time."""
        return sum(count for one, count in self.row_counts.items() if one >= bucket)


def parse_sums(rows: Sequence[Sequence[Any]], grid: BucketGrid, basis: str) -> BucketSums | None:
    """Return the sums of a grid's buckets; None if a row is malformed, or a bucket comes twice."""
    texts: dict[int, str] = {}
    row_counts: dict[int, int] = {}
    for bucket, row_count, sums in rows:
        is_read = type(bucket) is int and type(row_count) is int and type(sums) is str
        if not is_read or bucket < 0 or row_count < 0 or bucket in texts:
            return None
        texts[bucket], row_counts[bucket] = sums, row_count
    return BucketSums(grid, texts, row_counts, basis)


def basis_of(model: PlantModel, files: Iterable[str]) -> str:
    """Return a text for what turns rows into figures: the files that ask for them, and the assets' names."""
    assets = [(one.asset_id, one.key) for one in model.assets]
    return sha256(repr((list(files), assets)).encode("utf-8", "surrogatepass")).hexdigest()


def make_seal(
    sums: BucketSums,
    stored: str,
    rows: Iterable[Snapshot | Figures],
    window_buckets: Collection[int],
    slot_buckets: Collection[int] | None,
) -> str:
    """Return the seal of a slot.

    `stored` is the fingerprint of its rows in the store. Of `rows`, one for each asset in the plant's order,
    only targets and stops count. `slot_buckets` are those of its own interval.
    """
    until, length = sums.grid.bounds.until, sums.grid.length
    buckets = [
        (str(until - length * bucket), bucket in (slot_buckets or ()), sums.texts.get(bucket))
        for bucket in sorted(window_buckets)
    ]
    seal = sha256(repr((sums.basis, stored, str(length), buckets)).encode("utf-8", "surrogatepass"))
    known = list(rows)
    stops = [one.downtime_minutes for one in known]
    seal.update(array("q", [one.asset_id for one in known]))
    seal.update(array("d", [one.output_target for one in known]))
    seal.update(array("d", [_UNKNOWN_MINUTES if one is None else one for one in stops]))
    return seal.hexdigest()
