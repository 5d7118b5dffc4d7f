"""A summary's text: two or three sentences, made of the figures of its row and of no others.

Pure. Figures are shown rounded: whole units and minutes as whole numbers, others and percent to one
decimal, money to the cent. The first sentence says what was made, the second what was lost, the third what
nothing explains.
"""

from datetime import date
from typing import Final

from plantpulse.morning_report.stops import ReasonMinutes
from plantpulse.morning_report.summaries import Summary
from plantpulse.plant.oee import is_rate_doubtful
from plantpulse.plant.rounding import shown_number, stored_number
from plantpulse.plant.text import collapse_blanks, cut_text

LONGEST_NAME: Final = 80
# English whatever the locale of the process is.
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def word(summary: Summary, name: str, day: date, *, closed_for: str | None = None) -> str:
    """Return the text of a summary.

    `name` is what people call the asset, `closed_for` the name of a closed day; None on other days.
    """
    name, written_day = _cut(name), _date(day)
    rest = f"was closed on {written_day} ({_cut(closed_for)})" if closed_for else ""
    rest = rest or f"was not scheduled on {written_day}"
    if summary.actual_output is None:
        return _without_data(summary, name, written_day, rest)
    return f"{_made(summary, name, written_day, rest)}. {_lost(summary)}.{_unexplained(summary)}"


def _without_data(summary: Summary, name: str, day: str, rest: str) -> str:
    if summary.planned_minutes is None:
        return f"No data came from the plant about {name} on {day}. What it made and lost is not known."
    if not summary.planned_minutes:
        return f"{name} {rest}. No data came from the plant that day."
    task = f"was to make {_count(summary.target_output, 'unit')}" if summary.target_output else "was to run"
    return f"{name} {task} on {day}, but no data came from the plant. What it made and lost is not known."


def _made(summary: Summary, name: str, day: str, rest: str) -> str:
    actual, target = summary.actual_output or 0.0, summary.target_output
    unplanned = summary.unplanned_output or 0.0
    about = "about " if unplanned and summary.is_planned_in_part else ""
    if target:
        made = (
            f"made {about}{_amount(_made_as_planned(summary))} of {_count(target, 'planned unit')} on {day}"
        )
        made += f" and {about}{_count(unplanned, 'unit')} outside the planned time" if unplanned else ""
    elif summary.planned_minutes == 0:
        made = f"{rest}, and made {_count(actual, 'unit')}"
    else:
        made = f"made {_count(actual, 'unit')} on {day}, without a target"
        made += f", {about}{_amount(unplanned)} of them outside the planned time" if unplanned else ""
    effectiveness = _effectiveness(summary)
    return f"{name} {made}, {effectiveness}" if effectiveness else f"{name} {made}"


def _made_as_planned(summary: Summary) -> float:
    """Return the units made in the planned time; all where there is no plan."""
    return stored_number((summary.actual_output or 0.0) - (summary.unplanned_output or 0.0))


def _effectiveness(summary: Summary) -> str:
    if _is_silent(summary) and summary.oee_percentage is not None:
        return f"OEE {_percent(summary.oee_percentage)}"
    factors = {
        "availability": summary.availability_percentage,
        "performance": summary.performance_percentage,
        "quality": summary.quality_percentage,
    }
    known = ", ".join(f"{name} {_percent(value)}" for name, value in factors.items() if value is not None)
    if is_rate_doubtful(summary.performance):
        known += "; its ideal rate looks too low"
    if summary.oee_percentage is None:
        return f"OEE not known ({known})" if known else ""
    told = f"OEE {_percent(summary.oee_percentage)}"
    return f"{told} ({known})" if known else told


def _lost(summary: Summary) -> str:
    stood = _stood_still(summary)
    cost = f", at a cost of ${summary.financial_loss:,.2f}" if summary.financial_loss else ""
    if summary.waste_count is None:
        return f"{stood}{cost}; its scrap is not known"
    scrap = _count(summary.waste_count, "unit") if summary.waste_count else "nothing"
    if _is_silent(summary):
        return f"{stood}, and it scrapped {scrap}{cost}"
    joint = ", and" if len(summary.downtime_reasons) > 1 else " and"
    return f"{stood}{joint} scrapped {scrap}{cost}"


def _unexplained(summary: Summary) -> str:
    """Return the sentence on minutes that neither stops nor output explain; empty below a minute.

    A silent asset needs none: the sentence before says that nobody wrote down why it made nothing.
    """
    lost = summary.unexplained_minutes or 0.0
    if lost < 1 or _is_silent(summary):
        return ""
    cost = f", at a cost of ${summary.speed_loss:,.2f}" if summary.speed_loss else ""
    return f" Nothing explains {_count(lost, 'minute')} of its planned time{cost}."


def _is_silent(summary: Summary) -> bool:
    """Tell whether an asset should have run, made nothing of its plan, and nobody recorded why.

    That it had no downtime would then be a claim that no record supports.
    """
    return summary.planned_minutes != 0 and not _made_as_planned(summary) and not summary.downtime_minutes


def _stood_still(summary: Summary) -> str:
    if _is_silent(summary):
        return f"No stop was recorded{' in its planned time' if summary.planned_minutes else ''}"
    if not summary.downtime_minutes:
        return "It had no downtime"
    stood = f"It stood still for {_count(summary.downtime_minutes, 'minute')}"
    if summary.planned_stop_minutes:
        stood += f" ({_amount(summary.planned_stop_minutes)} of them planned)"
    if not summary.downtime_reasons:
        return stood
    top = summary.downtime_reasons[0]
    if len(summary.downtime_reasons) == 1:
        return f"{stood} {_because(top)}"
    return f"{stood}, {_amount(top.minutes)} of them {_because(top)}"


def _because(one: ReasonMinutes) -> str:
    return f'because of "{_cut(one.reason)}"' if one.reason else "without a reason given"


def _count(number: float, thing: str) -> str:
    """Return a number with what it counts, in the singular or plural that the shown number asks for."""
    shown = _amount(number)
    return f"{shown} {thing}" if shown == "1" else f"{shown} {thing}s"


def _amount(number: float) -> str:
    shown = shown_number(number)
    return "under 0.1" if shown == "0" and number else shown


def _percent(percent: float) -> str:
    return f"{percent:.1f}%"


def _date(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _cut(text: str) -> str:
    return cut_text(collapse_blanks(text), LONGEST_NAME)
