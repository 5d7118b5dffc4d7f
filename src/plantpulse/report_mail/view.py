"""What stands in the mail, as texts in the plant's language: the same for HTML and for plain text.

Pure. A table cell has a main text, and a small one for the day before and the average of like weekdays.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.plant.text import collapse_blanks, cut_text
from plantpulse.report_mail.days import ReportDay
from plantpulse.report_mail.figures import Compared, Figures, by_area, by_shift, compared
from plantpulse.report_mail.ranking import Loss, largest_losses, reasons
from plantpulse.report_mail.sentences import day_in_words, subject
from plantpulse.report_mail.words import NOT_KNOWN, Words

LONGEST_NAME: Final = 60
MOST_NAMES: Final = 10
MOST_LINES: Final = 30

Show = Callable[[Figures], str]


class Cell(NamedTuple):
    """A cell: its text, and small ones below it; none if there is nothing to compare."""

    text: str
    small: Sequence[str] = ()


class Line(NamedTuple):
    """A line of a table: its name and its cells."""

    name: str
    cells: Sequence[Cell]
    is_total: bool = False


class Table(NamedTuple):
    """A table: its heading, the names of its columns without the first, and its lines."""

    heading: str
    columns: Sequence[str]
    lines: Sequence[Line]
    note: str = ""


class View(NamedTuple):
    """A whole mail. `costs`: pairs of a text and a price, `reasons`: pairs of a name and a text."""

    language: str
    subject: str
    summary: str
    correction: str
    figures: Table | None
    costs_heading: str
    costs: Sequence[tuple[str, str]]
    reasons_heading: str
    reasons: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    unmapped_heading: str
    unmapped: str
    notes: Sequence[str]


def view_of(day: ReportDay, words: Words, zone: ZoneInfo, *, is_correction: bool) -> View:
    """Return the mail about a day. `zone` is the plant's."""
    whole = compared(day)
    ranking = largest_losses(day.rows)
    is_known = whole.figures.actual_output is not None
    tables = (_areas(day, whole, words), _shifts(day, words)) if is_known else ()
    return View(
        language=words.code,
        subject=subject(day, whole, words, is_correction=is_correction),
        summary=day_in_words(day, whole, words),
        correction=words.say("is_correction") if is_correction else "",
        figures=_figures(day, whole, words) if is_known else None,
        costs_heading=words.say("cost_most" if ranking.is_by_cost else "took_most"),
        costs=[(_loss(one, words), words.dollars(one.cost) if one.cost else "") for one in ranking.losses],
        reasons_heading=words.say("reasons"),
        reasons=list(_reasons(day, words)),
        tables=[table for table in tables if table.lines],
        unmapped_heading=words.say("unmapped"),
        unmapped=words.say("unmapped_names", names=_names(day.unmapped, words)) if day.unmapped else "",
        notes=list(_notes(day, words, zone)),
    )


def _figures(day: ReportDay, whole: Compared, words: Words) -> Table:
    shown: Sequence[tuple[str, Show]] = (
        ("output", lambda one: words.count(one.actual_output)),
        ("reached", lambda one: words.percentage(one.reached_percentage, 0)),
        ("effectiveness", lambda one: words.percentage(one.oee_percentage)),
        ("stops", lambda one: words.short_span(one.downtime_minutes)),
        ("planned_stops", lambda one: words.short_span(one.planned_stop_minutes)),
        ("unexplained", lambda one: words.short_span(one.unexplained_minutes)),
        ("scrap", lambda one: words.count(one.waste_count)),
        ("stops_cost", lambda one: words.dollars(one.downtime_loss)),
        ("scrap_cost", lambda one: words.dollars(one.scrap_loss)),
        ("speed_cost", lambda one: words.dollars(one.speed_loss)),
        ("total_cost", lambda one: words.dollars(one.total_loss)),
    )
    days = (whole.figures, whole.day_before, whole.usual)
    lines = [
        Line(words.say(name), [Cell(show(one) if one else NOT_KNOWN) for one in days], name == "total_cost")
        for name, show in shown
    ]
    columns = [words.short_day(day.report_date), words.say("day_before"), words.say("usual")]
    return Table(words.say("figures"), columns, lines, _usual_note(day, whole, words))


def _usual_note(day: ReportDay, whole: Compared, words: Words) -> str:
    weekday = words.weekday(day.report_date)
    if not whole.usual_days:
        return words.say("no_usual", weekday=weekday)
    if whole.usual_days == 1:
        return words.say("usual_note_one", weekday=weekday)
    return words.say("usual_note", days=str(whole.usual_days), weekday=weekday)


def _areas(day: ReportDay, whole: Compared, words: Words) -> Table:
    areas = by_area(day)[:MOST_LINES]
    shown: Sequence[Show] = (
        lambda one: words.percentage(one.reached_percentage, 0),
        lambda one: words.percentage(one.oee_percentage),
        lambda one: words.short_span(one.unexplained_minutes),
        lambda one: words.dollars(one.total_loss),
    )
    lines = [_line(_name(area) if area else words.say("no_area"), one, shown) for area, one in areas]
    total = _line(words.say("whole_plant"), whole, shown)._replace(is_total=True)
    columns = [words.say(name) for name in ("reached", "effectiveness", "unexplained", "cost")]
    return Table(words.say("areas"), columns, [*lines, total] if lines else [], words.say("small_note"))


def _shifts(day: ReportDay, words: Words) -> Table:
    shown: Sequence[Show] = (
        lambda one: words.count(one.actual_output),
        lambda one: words.percentage(one.reached_percentage, 0),
        lambda one: words.short_span(one.downtime_minutes),
        lambda one: words.short_span(one.unexplained_minutes),
    )
    lines = [_line(_name(shift), one, shown) for shift, one in by_shift(day)[:MOST_LINES]]
    columns = [words.say(name) for name in ("output", "reached", "stops", "unexplained")]
    return Table(words.say("shifts"), columns, lines, words.say("small_note"))


def _line(name: str, one: Compared, shown: Sequence[Show]) -> Line:
    return Line(name, [Cell(show(one.figures), _small(one, show)) for show in shown])


def _small(one: Compared, show: Show) -> Sequence[str]:
    small = [show(other) if other else NOT_KNOWN for other in (one.day_before, one.usual)]
    return small if set(small) != {NOT_KNOWN} else ()


def _loss(loss: Loss, words: Words) -> str:
    asset = _name(loss.asset)
    if loss.kind == "scrap":
        return words.say("cost_scrap", asset=asset, units=words.count(loss.amount))
    span = words.span(loss.amount)
    if loss.kind == "unexplained":
        return words.say("cost_unexplained", asset=asset, span=span)
    if loss.reason:
        return words.say("cost_stops_reason", asset=asset, span=span, reason=_name(loss.reason))
    return words.say("cost_stops", asset=asset, span=span)


def _reasons(day: ReportDay, words: Words) -> Iterator[tuple[str, str]]:
    for name, is_planned in (("unplanned_reasons", False), ("planned_reasons", True)):
        found = [
            words.say(
                "reason",
                reason=_name(one.reason) if one.reason else words.say("no_reason"),
                span=words.span(one.minutes),
            )
            for one in reasons(day.rows, is_planned=is_planned)
        ]
        if found:
            yield words.say(name), ", ".join(found)


def _names(names: Sequence[str], words: Words) -> str:
    shown = ", ".join(_name(name) for name in names[:MOST_NAMES])
    left = len(names) - MOST_NAMES
    return words.say("and_more", names=shown, count=str(left)) if left > 0 else shown


def _notes(day: ReportDay, words: Words, zone: ZoneInfo) -> Iterator[str]:
    made = [row for row in day.rows if row.actual_output is not None]
    rated = sum(row.oee_percentage is None and row.planned_minutes != 0 for row in made)
    scrap = sum(row.waste_count is None for row in made)
    cost = sum(row.downtime_loss is None for row in made)
    parts = [
        words.say(name, count=str(count), all=str(len(made)))
        for name, count in (("not_known_oee", rated), ("not_known_scrap", scrap), ("not_known_cost", cost))
        if count
    ]
    if parts:
        yield words.say("not_known", parts=words.joined(parts))
    if day.written_at:
        yield words.say("as_of", clock=words.clock(day.written_at, zone))


def _name(text: str) -> str:
    return cut_text(collapse_blanks(text), LONGEST_NAME)
