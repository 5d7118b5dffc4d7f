"""Stores replies one by one that Supabase refused together, so that one of them does not hold up the others.

A series may change its unit at its publisher, or a value may be too large. The same reply would be refused in
every later run, together with whatever is stored in the same call.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from plantpulse.errors import PlantpulseError, StoreRefused
from plantpulse.runs import Json, Run, require_fence
from plantpulse.series.batches import Commit, Taken
from plantpulse.series.publisher import Failure


class Store(Protocol):
    """What storing needs from Supabase."""

    def commit_series(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]: ...


def store_apart(run: Run, store: Store, commit: Commit, at: datetime) -> list[Failure]:
    """Store each reply of a commit in a call of its own, take it out, and return those that were refused.

    Raises: the store's other errors; FenceRefused.
    """
    refused = []
    while commit.taken:
        taken = commit.taken[0]
        try:
            answer = require_fence(store.commit_series(run.fence, Commit(taken=[taken]).as_json(None)))
        except StoreRefused as error:
            refused.append(Failure(taken.ask, _explained(error, taken, run), at))
        else:
            count_points(run, answer)
        del commit.taken[0]
    return refused


def count_points(run: Run, answer: Mapping[str, Json]) -> None:
    """Add to the run's counts what a commit says of its points."""
    for name, number in answer["points"].items():
        run.progress.count(f"points_{name}", number)


def _explained(error: StoreRefused, taken: Taken, run: Run) -> PlantpulseError:
    """Return the refusal, with the unit that changed if that is why."""
    units = {row["key"]: row["unit"] for row in run.brought.get("series") or () if "unit" in row}
    for series in taken.series:
        known = units.setdefault(series.key, series.unit)
        if known != series.unit:
            told = f"{series.key} is stored in {known} and now comes in {series.unit}: its unit cannot change"
            return StoreRefused(told)
    return error
