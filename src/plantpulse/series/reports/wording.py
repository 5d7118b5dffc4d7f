"""A report in words: one sentence, a table of rows, and a line for each row that somebody should look at.

Pure. The same view makes the plain text and the mail; it is the one of the morning report's mail.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from plantpulse.plant.text import collapse_blanks, cut_text
from plantpulse.report_mail.mail import Mail, mail_of
from plantpulse.report_mail.view import Cell, Line, Table, View
from plantpulse.report_mail.words import Words
from plantpulse.series.quality import languages
from plantpulse.series.reports.english import ENGLISH
from plantpulse.series.reports.german import GERMAN
from plantpulse.series.reports.rows import Report, Row

LANGUAGES: Final[Mapping[str, Words]] = {words.code: words for words in (ENGLISH, GERMAN)}

MOST_ROWS: Final = 60
LONGEST_NAME: Final = 60


def report_mail(report: Report, language: str) -> Mail:
    """Return the report as a mail: subject, plain text and HTML."""
    return mail_of(view_of(report, LANGUAGES[language]))


def report_text(report: Report, language: str) -> str:
    """Return the report as plain text."""
    return report_mail(report, language).text


def view_of(report: Report, words: Words) -> View:
    """Return what stands in the report."""
    return View(
        language=words.code,
        subject=words.say("subject", period=_period(report, words), rest=", ".join(_rest(report, words))),
        summary=" ".join(_summary(report, words)),
        correction="",
        figures=_table(report, words) if report.rows else None,
        costs_heading="",
        costs=(),
        reasons_heading=words.say("attention"),
        reasons=[
            (_name(row, words), ", ".join(_troubles(row, words))) for row in report.attention[:MOST_ROWS]
        ],
        tables=(),
        unmapped_heading="",
        unmapped="",
        notes=[words.say("note_shares"), words.say("note_accuracy")] if report.rows else (),
    )


def _period(report: Report, words: Words) -> str:
    day = words.short_day(report.period.last)
    return day if report.period.days == 1 else words.say("week", day=day)


def _rest(report: Report, words: Words) -> Iterator[str]:
    if report.completeness is None:
        yield words.say("subject_empty")
        return
    yield words.say("subject_complete", percent=words.percentage(_down(report.completeness)))
    attention = len(report.attention)
    yield words.say("subject_attention", count=str(attention)) if attention else words.say("subject_well")


def _summary(report: Report, words: Words) -> Iterator[str]:
    ending = "" if report.period.days == 1 else "_week"
    day = words.day(report.period.last)
    if report.completeness is None:
        yield words.say(f"summary_empty{ending}", day=day)
        return
    timely = report.timeliness
    yield words.say(
        f"summary{ending}",
        day=day,
        count=_count(len(report.rows), words),
        percent=words.percentage(_down(report.completeness)),
        timely="" if timely is None else words.say("summary_timely", percent=words.percentage(_down(timely))),
    )
    attention = report.attention
    yield (
        words.say("summary_attention", count=_count(len(attention), words))
        if attention
        else words.say("summary_well")
    )


def _count(number: int, words: Words) -> str:
    return words.say("rows_one") if number == 1 else words.say("rows_many", count=words.count(number))


def _table(report: Report, words: Words) -> Table:
    lines = [Line(_name(row, words), _cells(row, words)) for row in report.rows[:MOST_ROWS]]
    left = len(report.rows) - MOST_ROWS
    note = words.say("more", count=str(left)) if left > 0 else words.say("rows_note")
    columns = [words.say(name) for name in ("completeness", "timeliness", "accuracy", "success")]
    return Table(words.say("rows"), columns, lines, note)


def _cells(row: Row, words: Words) -> Sequence[Cell]:
    success = row.rates.success_rate if row.rates else None
    shares = (row.completeness, row.timeliness, row.accuracy, success)
    return [Cell(words.percentage(None if share is None else _down(share))) for share in shares]


def _name(row: Row, words: Words) -> str:
    kind = words.sentences.get(row.about.kind, row.about.kind)
    return cut_text(collapse_blanks(f"{row.about.subject} {kind}"), LONGEST_NAME)


def _troubles(row: Row, words: Words) -> Iterator[str]:
    if row.missing_minutes:
        yield words.say("missing", span=words.span(row.missing_minutes))
    yield from (
        words.say(f"gaps_{state}", count=str(count)) for state, count in sorted(row.gaps.items()) if count
    )
    labels = languages.LANGUAGES[words.code].label
    yield from (
        words.say("finding", label=labels[name], count=words.count(count))
        for name, count in row.findings.items()
    )
    if row.rates and row.rates.succeeded < row.rates.collections:
        failed = row.rates.collections - row.rates.succeeded
        yield words.say("failing", failed=words.count(failed), all=words.count(row.rates.collections))
    yield from (words.say(f"worse_{name}") for name in row.degraded)


def _down(share: float) -> float:
    """Return a share in percent with one decimal, rounded down: only all of it is 100 percent."""
    return int(share * 1000 + 1e-6) / 10
