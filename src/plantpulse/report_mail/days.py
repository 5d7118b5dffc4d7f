"""A day of a plant as `report_day` answers it: its summaries, those to compare with, and unmapped names.

Pure: JSON in, frozen values out. Of no summary is anything computed again.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from plantpulse.plant.text import collapse_blanks

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
WEEKS_BACK: Final = 4


class Reason(NamedTuple):
    """Downtime for one reason, in minutes; None: no reason was given."""

    reason: str | None
    minutes: float
    is_planned: bool


class ShiftDay(NamedTuple):
    """One shift of an asset on the day: units and minutes; None: not known."""

    shift: str
    planned_minutes: float | None
    target_output: float | None
    actual_output: float | None
    downtime_minutes: float | None
    planned_stop_minutes: float | None
    unexplained_minutes: float | None


class AssetDay(NamedTuple):
    """One row of `daily_summaries`: units, minutes, percent, US dollars; None: not known."""

    name: str
    area: str | None
    oee_percentage: float | None
    planned_minutes: float | None
    target_output: float | None
    actual_output: float | None
    unplanned_output: float | None
    downtime_minutes: float | None
    planned_stop_minutes: float | None
    unexplained_minutes: float | None
    waste_count: float | None
    downtime_loss: float | None
    scrap_loss: float | None
    speed_loss: float | None
    reasons: Sequence[Reason]
    shifts: Sequence[ShiftDay]

    @property
    def is_known(self) -> bool:
        """Tell whether the row is of a day worth comparing with: data came, and the asset was not closed."""
        return self.actual_output is not None and not (self.planned_minutes == 0 and not self.actual_output)


class ReportDay(NamedTuple):
    """A plant's day. `before`: the day before and like weekdays, by date, those without a row left out."""

    plant: str
    report_date: date
    rows: Sequence[AssetDay]
    before: Mapping[date, Sequence[AssetDay]]
    unmapped: Sequence[str]
    written_at: datetime | None

    @property
    def like_dates(self) -> Sequence[date]:
        """Return the same weekday of the last four weeks, newest first."""
        return [self.report_date - _WEEK * back for back in range(1, WEEKS_BACK + 1)]

    @property
    def day_before(self) -> date:
        """Return the date of the day before."""
        return self.report_date - _DAY


def parse_day(answer: Mapping[str, Any]) -> ReportDay:
    """Return the day in an answer of `report_day`."""
    day = date.fromisoformat(answer["report_date"])
    by_date: dict[date, list[AssetDay]] = {}
    for row in answer["rows"]:
        by_date.setdefault(date.fromisoformat(row["report_date"]), []).append(_asset_day(row))
    written_at = answer.get("written_at")
    return ReportDay(
        plant=answer["plant"],
        report_date=day,
        rows=by_date.pop(day, []),
        before=by_date,
        unmapped=[collapse_blanks(name) for name in answer.get("unmapped", ())],
        written_at=datetime.fromisoformat(written_at) if written_at else None,
    )


def _asset_day(row: Mapping[str, Any]) -> AssetDay:
    numbers = {name: _number(row.get(name)) for name in _NUMBERS}
    return AssetDay(
        name=collapse_blanks(row["name"]),
        area=collapse_blanks(row.get("area") or "") or None,
        reasons=[
            Reason(one.get("reason"), float(one["minutes"]), bool(one.get("is_planned")))
            for one in row.get("downtime_reasons") or ()
        ],
        shifts=[_shift_day(one) for one in row.get("shifts") or ()],
        **numbers,
    )


def _shift_day(one: Mapping[str, Any]) -> ShiftDay:
    return ShiftDay(
        shift=collapse_blanks(one["shift"]),
        planned_minutes=_number(one.get("planned_minutes")),
        target_output=_number(one.get("target_output")),
        actual_output=_number(one.get("output")),
        downtime_minutes=_number(one.get("downtime_minutes")),
        planned_stop_minutes=_number(one.get("planned_stop_minutes")),
        unexplained_minutes=_number(one.get("unexplained_minutes")),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


_NUMBERS: Final = tuple(name for name, kind in AssetDay.__annotations__.items() if kind == float | None)
