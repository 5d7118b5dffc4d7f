"""`plantpulse series report`: how good the series of a day or a week were, in words and as rows."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import click
from rich.text import Text

from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.arguments import Day
from plantpulse.cli.axes import midnight
from plantpulse.cli.series_times import EARLIEST
from plantpulse.cli.series_words import instant
from plantpulse.database.series_records import SeriesRecords
from plantpulse.errors import InvalidRequest
from plantpulse.series.collection_rates import Rates, parse_rates
from plantpulse.series.kinds import BRUSSELS
from plantpulse.series.publisher import Span
from plantpulse.series.quality.findings import VERDICTS, Finding
from plantpulse.series.quality.scores import DayScore
from plantpulse.series.quality.trends import BEFORE_DAYS, RECENT_DAYS
from plantpulse.series.reports.rows import Known, Report, Subject, daily_report, weekly_report
from plantpulse.series.reports.wording import LANGUAGES, report_mail

Record = Mapping[str, Any]

_MOST_ROWS: Final = 100_000


@click.command()
@click.option("--daily", "is_daily", is_flag=True, help="Of one day (default).")
@click.option("--weekly", "is_weekly", is_flag=True, help="Of seven days.")
@click.option("--date", "day", type=Day(), help="The day, or the last of the seven (default: yesterday).")
@click.option(
    "--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True,
    help="The language of the words.",
)  # fmt: skip
@json_option
@pass_app
def report(app: App, is_daily: bool, is_weekly: bool, day: date | None, language: str) -> None:
    """Show how complete, timely and accurate the series of a day or a week were, and what to look at."""
    if is_daily and is_weekly:
        raise InvalidRequest("is either --daily or --weekly", field="weekly")
    today = app.now().astimezone(BRUSSELS).date()
    last = day or today - timedelta(days=1)
    if last > today:
        raise InvalidRequest("is in the future", field="date")
    if last < EARLIEST.date():
        raise InvalidRequest(f"must not be before {EARLIEST:%Y-%m-%d}", field="date")
    days = RECENT_DAYS if is_weekly else 1
    with app.series_records() as records:
        known = _Reading(records, last, days).known()
    found = (weekly_report if is_weekly else daily_report)(last, known)
    _answer(app, found, language)


def _answer(app: App, found: Report, language: str) -> None:
    mail = report_mail(found, language)
    answer = {
        "first": found.period.first.isoformat(),
        "last": found.period.last.isoformat(),
        "completeness": found.completeness,
        "timeliness": found.timeliness,
        "rows": [row.as_json() for row in found.rows],
        "subject": mail.subject,
        "text": mail.text,
    }
    app.output.answer(answer, lambda: Text(f"{mail.subject}\n\n{mail.text}".rstrip()))


class _Reading:
    """What is known of the days of a report, by area and kind; days are those of Brussels."""

    def __init__(self, records: SeriesRecords, last: date, days: int) -> None:
        self._records = records
        self._last = last
        self._start = midnight(last - timedelta(days=days - 1), BRUSSELS)
        self._until = midnight(last + timedelta(days=1), BRUSSELS)

    def known(self) -> dict[Subject, Known]:
        """Return everything, each area and kind once."""
        about = {one["group"]: Subject(one["subject"], one["kind"]) for one in self._records.series()}
        scores, findings, gaps = self._scores(), self._findings(), self._gaps(about)
        rates = self._rates()
        return {
            one: Known(scores[one], findings[one], gaps[one], rates.get(one))
            for one in dict.fromkeys([*scores, *findings, *gaps, *rates])
        }

    def _scores(self) -> "defaultdict[Subject, list[DayScore]]":
        since = self._last - timedelta(days=RECENT_DAYS + BEFORE_DAYS)
        found: defaultdict[Subject, list[DayScore]] = defaultdict(list)
        for row in self._records.quality({}, since=since, limit=_MOST_ROWS):
            if row["day"] <= self._last.isoformat():
                found[Subject(row["subject"], row["kind"])].append(DayScore.of(row))
        return found

    def _findings(self) -> "defaultdict[Subject, list[Finding]]":
        """Return what was found: the flags, by series and reason."""
        found: defaultdict[Subject, list[Finding]] = defaultdict(list)
        by_reason: defaultdict[tuple[Subject, str, str], list[datetime]] = defaultdict(list)
        for row in self._records.flags_between(self._start, self._until, limit=_MOST_ROWS):
            if row["reason"] in VERDICTS:
                about = Subject(row["subject"], row["kind"])
                by_reason[about, row["key"], row["reason"]].append(instant(row["at"]))
        for (about, _, reason), at in by_reason.items():
            span = Span(min(at), max(at))
            found[about].append(Finding(reason, span, tuple(at)))  # type: ignore[arg-type] # as checked
        return found

    def _gaps(self, about: Mapping[str, Subject]) -> "defaultdict[Subject, list[Any]]":
        found: defaultdict[Subject, list[Any]] = defaultdict(list)
        for row in self._records.gaps(None, state=None, since=self._start, limit=_MOST_ROWS):
            if row["group"] in about and instant(row["starts_at"]) < self._until:
                found[about[row["group"]]].append(row["state"])
        return found

    def _rates(self) -> dict[Subject, Rates]:
        rows = self._records.rates(self._start, self._until, ("subject", "kind"), None)
        parsed = ((Subject(row["subject"], row["kind"]), parse_rates(row)) for row in rows)
        return {about: rates for about, rates in parsed if rates}
