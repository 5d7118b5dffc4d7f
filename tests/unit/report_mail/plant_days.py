"""Days of a plant as `report_day` answers them, for the tests of the mail."""

from datetime import date, timedelta
from typing import Any, Final

from plantpulse.report_mail.days import ReportDay, parse_day

TUESDAY: Final = date(2026, 3, 10)
A_DAY: Final = timedelta(days=1)
A_WEEK: Final = timedelta(days=7)


def row(name: str = "Press 1", day: date = TUESDAY, **changes: Any) -> dict[str, Any]:
    """Return a summary: 912 of 960 units, OEE 75 %, an hour of stops, two hours that nothing explains."""
    return {
        "report_date": day.isoformat(),
        "name": name,
        "area": "Pressing",
        "oee_percentage": 75,
        "planned_minutes": 480,
        "target_output": 960,
        "actual_output": 912,
        "unplanned_output": 0,
        "downtime_minutes": 60,
        "planned_stop_minutes": 0,
        "unexplained_minutes": 120,
        "waste_count": 12,
        "downtime_loss": 120,
        "scrap_loss": 30,
        "speed_loss": 240,
        "downtime_reasons": [{"reason": "No Material", "minutes": 45}, {"reason": None, "minutes": 15}],
        "shifts": [],
        **changes,
    }


def unknown(name: str = "Press 1", day: date = TUESDAY, **changes: Any) -> dict[str, Any]:
    """Return the summary of an asset of which no data came."""
    nothing = dict.fromkeys(
        (
            "oee_percentage",
            "actual_output",
            "unplanned_output",
            "downtime_minutes",
            "planned_stop_minutes",
            "unexplained_minutes",
            "waste_count",
            "downtime_loss",
            "scrap_loss",
            "speed_loss",
        )
    )
    return row(name, day, **nothing, downtime_reasons=[], **changes)


def closed(name: str = "Press 1", day: date = TUESDAY) -> dict[str, Any]:
    """Return the summary of an asset that was not scheduled on a day of which data came."""
    return row(name, day, planned_minutes=0, target_output=0, actual_output=0, oee_percentage=None)


def answer(*rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an answer of `report_day` about Tuesday, 10 March 2026."""
    return {
        "plant": "northfield",
        "report_date": TUESDAY.isoformat(),
        "rows": list(rows),
        "unmapped": [],
        "written_at": "2026-03-11T11:00:20+00:00",
        **changes,
    }


def day_of(*rows: dict[str, Any], **changes: Any) -> ReportDay:
    """Return Tuesday, 10 March 2026."""
    return parse_day(answer(*rows, **changes))
