"""Totals of a plant, an area, an asset or a shift, and what they compare with.

Pure. Sums are of what is known. OEE is fully effective minutes / planned minutes, so that of several assets
or days comes from sums too, never from an average of percentages. An average of days leaves out days that are
missing or closed, and says how many are behind it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from plantpulse.plant.text import normalise_key
from plantpulse.report_mail.days import AssetDay, ReportDay, ShiftDay


class Figures(NamedTuple):
    """Sums of units, minutes and US dollars; None: of nothing is it known.

    `planned_output`: what of the output was made in planned time. `rated_minutes`: planned minutes of assets
    with a known OEE, `effective_minutes` what the OEE leaves of them.
    """

    target_output: float | None = None
    actual_output: float | None = None
    planned_output: float | None = None
    planned_minutes: float | None = None
    rated_minutes: float | None = None
    effective_minutes: float | None = None
    downtime_minutes: float | None = None
    planned_stop_minutes: float | None = None
    unexplained_minutes: float | None = None
    waste_count: float | None = None
    downtime_loss: float | None = None
    scrap_loss: float | None = None
    speed_loss: float | None = None

    @property
    def oee_percentage(self) -> float | None:
        """Return the OEE of all together; None without planned minutes of a known OEE."""
        if not self.rated_minutes or self.effective_minutes is None:
            return None
        return 100 * self.effective_minutes / self.rated_minutes

    @property
    def reached_percentage(self) -> float | None:
        """Return the planned output as a share of the target; None without a target."""
        if not self.target_output or self.planned_output is None:
            return None
        return 100 * self.planned_output / self.target_output

    @property
    def total_loss(self) -> float | None:
        """Return the cost of stops, scrap and lost speed, as far as it is known."""
        return _sum((self.downtime_loss, self.scrap_loss, self.speed_loss))


class Compared(NamedTuple):
    """Figures beside those of the day before and the average of like weekdays; None: no such day is known."""

    figures: Figures
    day_before: Figures | None
    usual: Figures | None
    usual_days: int


def total(rows: Iterable[AssetDay]) -> Figures:
    """Return the sums of rows."""
    return _sums([_of_asset(row) for row in rows])


def compared(day: ReportDay) -> Compared:
    """Return the total of the plant with what it compares with."""
    return _compared(day, {one: list(rows) for one, rows in day.before.items()}, day.rows)


def by_area(day: ReportDay) -> list[tuple[str | None, Compared]]:
    """Return a line for each area in alphabetical order, assets without one last."""
    spellings: dict[str, str | None] = {}
    for row in day.rows:
        spellings.setdefault(_area_key(row), row.area)
    lines = []
    for key in sorted(spellings, key=lambda one: (one == "", one)):
        before = {one: [row for row in rows if _area_key(row) == key] for one, rows in day.before.items()}
        rows = [row for row in day.rows if _area_key(row) == key]
        lines.append((spellings[key], _compared(day, before, rows)))
    return lines


def by_shift(day: ReportDay) -> list[tuple[str, Compared]]:
    """Return a line for each shift of the plant, in the order in which assets work them."""
    spellings: dict[str, str] = {}
    for row in day.rows:
        for shift in row.shifts:
            spellings.setdefault(normalise_key(shift.shift), shift.shift)
    before = {one: [row for row in rows if row.is_known] for one, rows in day.before.items()}
    return [
        (
            spelling,
            _beside(
                day,
                _of_shift(day.rows, key),
                {one: _of_shift(rows, key) for one, rows in before.items() if _works(rows, key)},
            ),
        )
        for key, spelling in spellings.items()
    ]


def _compared(
    day: ReportDay, before: Mapping[date, Sequence[AssetDay]], rows: Sequence[AssetDay]
) -> Compared:
    known = {one: [row for row in rows_ if row.is_known] for one, rows_ in before.items()}
    return _beside(day, total(rows), {one: total(rows_) for one, rows_ in known.items() if rows_})


def _beside(day: ReportDay, figures: Figures, before: Mapping[date, Figures]) -> Compared:
    like = [before[one] for one in day.like_dates if one in before]
    return Compared(figures, before.get(day.day_before), _average(like) if like else None, len(like))


def _average(days: Sequence[Figures]) -> Figures:
    return Figures(*(_mean(values) for values in zip(*days, strict=True)))


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _sums(parts: Sequence[Figures]) -> Figures:
    return Figures(*(_sum(values) for values in zip(*parts, strict=True))) if parts else NOTHING


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _of_asset(row: AssetDay) -> Figures:
    is_rated = row.oee_percentage is not None and bool(row.planned_minutes)
    made = row.actual_output
    return Figures(
        target_output=row.target_output,
        actual_output=made,
        planned_output=None if made is None else made - (row.unplanned_output or 0.0),
        planned_minutes=row.planned_minutes,
        rated_minutes=row.planned_minutes if is_rated else None,
        effective_minutes=_share(row.oee_percentage, row.planned_minutes) if is_rated else None,
        downtime_minutes=row.downtime_minutes,
        planned_stop_minutes=row.planned_stop_minutes,
        unexplained_minutes=row.unexplained_minutes,
        waste_count=row.waste_count,
        downtime_loss=row.downtime_loss,
        scrap_loss=row.scrap_loss,
        speed_loss=row.speed_loss,
    )


def _share(percentage: float | None, minutes: float | None) -> float:
    return (percentage or 0.0) * (minutes or 0.0) / 100


def _of_shift(rows: Iterable[AssetDay], key: str) -> Figures:
    return _sums(
        [_shift_figures(one) for row in rows for one in row.shifts if normalise_key(one.shift) == key]
    )


def _works(rows: Iterable[AssetDay], key: str) -> bool:
    return any(normalise_key(one.shift) == key for row in rows for one in row.shifts)


def _shift_figures(shift: ShiftDay) -> Figures:
    return Figures(
        target_output=shift.target_output,
        actual_output=shift.actual_output,
        planned_output=shift.actual_output,
        planned_minutes=shift.planned_minutes,
        downtime_minutes=shift.downtime_minutes,
        planned_stop_minutes=shift.planned_stop_minutes,
        unexplained_minutes=shift.unexplained_minutes,
    )


def _area_key(row: AssetDay) -> str:
    return normalise_key(row.area or "")


NOTHING: Final = Figures()
