"""What cost most on a day, and why assets stood still.

Pure. Without any price the losses are ranked by their minutes, because a plant without cost centers has
losses too.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from plantpulse.plant.text import normalise_key
from plantpulse.report_mail.days import AssetDay, Reason

Kind = Literal["stops", "unexplained", "scrap"]
MOST_LOSSES: Final = 5
MOST_REASONS: Final = 4


class Loss(NamedTuple):
    """One loss of one asset. `amount`: minutes, of scrap units. `reason`: the one with the most minutes."""

    asset: str
    kind: Kind
    amount: float
    cost: float | None
    reason: str | None = None


class Ranking(NamedTuple):
    """The largest losses; `is_by_cost` False: by minutes, because nothing has a price."""

    losses: Sequence[Loss]
    is_by_cost: bool


def largest_losses(rows: Iterable[AssetDay]) -> Ranking:
    """Return the largest losses of a day, the largest first."""
    found = [loss for row in rows for loss in _losses(row)]
    priced = [loss for loss in found if loss.cost]
    if priced:
        ranked = sorted(priced, key=lambda one: (-(one.cost or 0.0), one.asset, one.kind))
    else:
        timed = [loss for loss in found if loss.kind != "scrap"]
        ranked = sorted(timed, key=lambda one: (-one.amount, one.asset, one.kind))
    return Ranking(ranked[:MOST_LOSSES], bool(priced))


def reasons(rows: Iterable[AssetDay], *, is_planned: bool) -> list[Reason]:
    """Return the planned or the unplanned reasons with the most downtime, as far as rows list them."""
    totals: dict[str, Reason] = {}
    for one in (reason for row in rows for reason in row.reasons if reason.is_planned == is_planned):
        key = normalise_key(one.reason or "")
        known = totals.get(key)
        totals[key] = known._replace(minutes=known.minutes + one.minutes) if known else one
    ranked = sorted(totals.items(), key=lambda item: (-item[1].minutes, item[0]))
    return [one for _, one in ranked[:MOST_REASONS]]


def _losses(row: AssetDay) -> Iterable[Loss]:
    if row.downtime_minutes:
        reason = row.reasons[0].reason if row.reasons else None
        yield Loss(row.name, "stops", row.downtime_minutes, row.downtime_loss, reason)
    if row.unexplained_minutes and row.unexplained_minutes >= 1:
        yield Loss(row.name, "unexplained", row.unexplained_minutes, row.speed_loss)
    if row.waste_count:
        yield Loss(row.name, "scrap", row.waste_count, row.scrap_loss)
