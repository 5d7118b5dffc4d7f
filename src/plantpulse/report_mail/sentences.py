"""The subject line and the day in two sentences.

Pure. The first sentence says what was made and how well, the second what was lost and what that cost.
"""

from collections.abc import Iterator
from typing import Final

from plantpulse.plant.text import cut_text
from plantpulse.report_mail.days import ReportDay
from plantpulse.report_mail.figures import Compared, Figures
from plantpulse.report_mail.words import Words

LONGEST_PLANT: Final = 40
AS_USUAL_POINTS: Final = 0.5


def subject(day: ReportDay, compared: Compared, words: Words, *, is_correction: bool) -> str:
    """Return the subject line, short enough for a locked phone."""
    told = words.say(
        "subject",
        plant=cut_text(day.plant, LONGEST_PLANT),
        day=words.short_day(day.report_date),
        rest=", ".join(_subject_parts(compared.figures, words)),
    )
    return words.say("corrected", subject=told) if is_correction else told


def day_in_words(day: ReportDay, compared: Compared, words: Words) -> str:
    """Return the day in two sentences."""
    figures = compared.figures
    if figures.actual_output is None:
        return words.say("no_data", plant=day.plant, day=words.day(day.report_date))
    return f"{_made(day, compared, words)} {_lost(figures, words)}"


def _subject_parts(figures: Figures, words: Words) -> Iterator[str]:
    if figures.actual_output is None:
        yield words.say("subject_no_data")
        return
    if figures.reached_percentage is None:
        yield words.say("subject_made", units=words.count(figures.actual_output))
    else:
        yield words.say("subject_reached", percent=words.percentage(figures.reached_percentage, 0))
    if figures.oee_percentage is not None:
        yield words.say("subject_oee", percent=words.percentage(figures.oee_percentage))
    if figures.total_loss:
        yield words.say("subject_lost", money=words.dollars(figures.total_loss))


def _made(day: ReportDay, compared: Compared, words: Words) -> str:
    figures = compared.figures
    more = "".join(f", {part}" for part in _more(day, compared, words))
    facts = {"plant": day.plant, "day": words.day(day.report_date), "more": more}
    if figures.reached_percentage is None:
        return words.say("made", units=words.count(figures.actual_output), **facts)
    return words.say(
        "made_of_target",
        units=words.count(figures.planned_output),
        target=words.count(figures.target_output),
        percent=words.percentage(figures.reached_percentage, 0),
        **facts,
    )


def _more(day: ReportDay, compared: Compared, words: Words) -> Iterator[str]:
    figures = compared.figures
    outside = (figures.actual_output or 0.0) - (figures.planned_output or 0.0)
    if figures.reached_percentage is not None and outside > 0:
        yield words.say("made_outside", units=words.count(outside))
    if figures.oee_percentage is not None:
        usual = compared.usual.oee_percentage if compared.usual else None
        yield _effectiveness(figures.oee_percentage, usual, words.weekday(day.report_date), words)


def _effectiveness(oee: float, usual: float | None, weekday: str, words: Words) -> str:
    percent = words.percentage(oee)
    if usual is None:
        return words.say("oee", percent=percent)
    if abs(oee - usual) < AS_USUAL_POINTS:
        return words.say("oee_as_usual", percent=percent, weekday=weekday)
    sentence = "oee_above" if oee > usual else "oee_below"
    return words.say(sentence, percent=percent, points=words.points(oee - usual), weekday=weekday)


def _lost(figures: Figures, words: Words) -> str:
    parts: list[str] = []
    for name, minutes, cost in (
        ("lost_stops", figures.downtime_minutes, figures.downtime_loss),
        ("lost_unexplained", figures.unexplained_minutes, figures.speed_loss),
    ):
        if minutes and minutes >= 1:
            parts.append(_part(name, cost, words, span=words.span(minutes)))
    if figures.waste_count:
        parts.append(_part("lost_scrap", figures.scrap_loss, words, units=words.count(figures.waste_count)))
    return words.say("lost", parts=words.joined(parts)) if parts else words.say("lost_nothing")


def _part(name: str, cost: float | None, words: Words, **amount: str) -> str:
    if not cost:
        return words.say(name, **amount)
    return words.say(f"{name}_cost", money=words.dollars(cost), **amount)
