"""A mail about a day of a plant: subject, plain text and HTML.

Pure. The template is `templates/mail.html`. Everything from a plant is escaped, because an asset's name may
hold anything. Jinja2 is imported only when a mail is made.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.report_mail.days import ReportDay
from plantpulse.report_mail.languages import LANGUAGES
from plantpulse.report_mail.view import Cell, Table, View, view_of

TEMPLATE: Final = Path(__file__).with_name("templates") / "mail.html"


class Mail(NamedTuple):
    """A mail, ready to send; both bodies say the same."""

    subject: str
    text: str
    html: str

    def as_json(self) -> dict[str, str]:
        """Return the mail as `{subject, text, html}`."""
        return self._asdict()


def make_mail(day: ReportDay, language: str, zone: ZoneInfo, *, is_correction: bool = False) -> Mail:
    """Return the mail about a day in a plant's language and time zone."""
    return mail_of(view_of(day, LANGUAGES[language], zone, is_correction=is_correction))


def mail_of(view: View) -> Mail:
    """Return a mail with what stands in a view."""
    return Mail(view.subject, plain_text(view), _template().render(view=view))


def plain_text(view: View) -> str:
    """Return the mail as plain text."""
    return "\n".join(_text_lines(view)).rstrip() + "\n"


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only when a mail is made

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _text_lines(view: View) -> Iterator[str]:
    yield view.summary
    if view.correction:
        yield view.correction
    if view.figures:
        yield from ("", view.figures.heading, *_in_columns(view.figures), *_note(view.figures))
    if view.costs:
        yield from ("", view.costs_heading)
        yield from (f"  {text}{f', {cost}' if cost else ''}" for text, cost in view.costs)
    if view.reasons:
        yield from ("", view.reasons_heading)
        yield from (f"  {name}: {text}" for name, text in view.reasons)
    for table in view.tables:
        yield from ("", table.heading, *_in_sentences(table), *_note(table))
    if view.unmapped:
        yield from ("", view.unmapped_heading, f"  {view.unmapped}")
    yield from ("", *view.notes)


def _in_columns(table: Table) -> Iterator[str]:
    rows = [["", *table.columns], *([line.name, *(cell.text for cell in line.cells)] for line in table.lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        name, *cells = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {'  '.join([name, *cells])}".rstrip()


def _in_sentences(table: Table) -> Iterator[str]:
    for line in table.lines:
        cells = zip(table.columns, line.cells, strict=True)
        yield f"  {line.name}: {'; '.join(f'{column} {_cell_text(cell)}' for column, cell in cells)}"


def _note(table: Table) -> Iterator[str]:
    if table.note:
        yield f"  ({table.note})"


def _cell_text(cell: Cell) -> str:
    return f"{cell.text} ({' · '.join(cell.small)})" if cell.small else cell.text
