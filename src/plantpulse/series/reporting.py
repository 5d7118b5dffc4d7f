"""Makes the reports of a night: of the day before, and on Mondays of the week before; as rows and as text."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from plantpulse.runs import Json, Run, require_fence
from plantpulse.series.asks import Stored
from plantpulse.series.collection_rates import Rates, parse_rates
from plantpulse.series.quality.scores import DayScore
from plantpulse.series.reports.rows import Known, Report, Subject, daily_report, weekly_report
from plantpulse.series.reports.wording import LANGUAGES, report_mail

DAYS_BEFORE: Final = 35  # for the trend
_DAY: Final = timedelta(days=1)
_MONDAY: Final = 0


class Store(Protocol):
    """What reports need from Supabase."""

    def series_report_input(self, since: date) -> dict[str, Json]: ...
    def collection_rates(self, start: datetime, until: datetime, *, by: Sequence[str]) -> dict[str, Json]: ...
    def keep_series_reports(self, fence: str, reports: Sequence[Mapping[str, Json]]) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class Reporting:
    """The reports of one night. `rated` are the scores that this run has just worked out."""

    run: Run
    store: Store
    stored: Sequence[Stored]
    rated: Mapping[str, Sequence[DayScore]]
    zone: ZoneInfo

    def report(self) -> list[tuple[str, Report]]:
        """Keep the reports as rows, and return each with its period: day or week.

        Raises: the store's errors; FenceRefused.
        """
        today = self.run.plan.at.astimezone(self.zone).date()
        last, since = today - _DAY, today - _DAY * DAYS_BEFORE
        found = self.store.series_report_input(since)
        scores = self._scores(found["quality"])
        reports = [("day", daily_report(last, self._known(scores, found["gaps"], last, 1)))]
        if today.weekday() == _MONDAY:
            reports.append(("week", weekly_report(last, self._known(scores, found["gaps"], last, 7))))
        rows = [row for period, report in reports for row in _rows(period, report)]
        require_fence(self.store.keep_series_reports(self.run.fence, rows))
        return reports

    def _scores(self, rows: Iterable[Mapping[str, Json]]) -> dict[str, list[DayScore]]:
        """Return the scores by series: those of this run, and for other days those that are stored."""
        scores = {key: {one.day: one for one in own} for key, own in self.rated.items()}
        for row in rows:
            scores.setdefault(row["series"], {}).setdefault(date.fromisoformat(row["day"]), DayScore.of(row))
        return {key: [own[day] for day in sorted(own)] for key, own in scores.items()}

    def _known(
        self,
        scores: Mapping[str, Sequence[DayScore]],
        gaps: Iterable[Mapping[str, Json]],
        last: date,
        days: int,
    ) -> dict[Subject, Known]:
        start = datetime.combine(last - _DAY * (days - 1), time(), self.zone).astimezone(UTC)
        until = datetime.combine(last + _DAY, time(), self.zone).astimezone(UTC)
        rates = _rates(self.store.collection_rates(start, until, by=("kind", "subject"))["rates"])
        states = _states(gaps, start, until)
        known: dict[Subject, list[Stored]] = defaultdict(list)
        for one in self.stored:
            known[Subject(one.subject, one.kind)].append(one)
        return {
            about: Known(
                scores=[score for one in own for score in scores.get(one.key, ())],
                gaps=[state for group in sorted({one.group for one in own}) for state in states[group]],
                rates=rates.get(about),
            )
            for about, own in known.items()
        }


def seen_of_reports(reports: Iterable[tuple[str, Report]]) -> Json:
    """Return the reports of a night in words, in every language that messages have."""
    return [
        {
            "period": period,
            "day": report.period.last.isoformat(),
            "title": {code: report_mail(report, code).subject for code in LANGUAGES},
            "report": {code: report_mail(report, code).text for code in LANGUAGES},
        }
        for period, report in reports
    ]


def _states(gaps: Iterable[Mapping[str, Json]], start: datetime, until: datetime) -> dict[str, list[Json]]:
    states: dict[str, list[Json]] = defaultdict(list)
    for gap in gaps:
        if start <= datetime.fromisoformat(gap["starts_at"]) < until:
            states[gap["group"]].append(gap["state"])
    return states


def _rates(rows: Iterable[Mapping[str, Json]]) -> dict[Subject, Rates]:
    parsed = ((Subject(row["subject"], row["kind"]), parse_rates(row)) for row in rows)
    return {about: rates for about, rates in parsed if rates}


def _rows(period: str, report: Report) -> list[dict[str, Json]]:
    day = report.period.last.isoformat()
    return [
        {
            "day": day,
            "period": period,
            "subject": row.about.subject,
            "kind": row.about.kind,
            "figures": {
                name: value for name, value in row.as_json().items() if name not in {"subject", "kind"}
            },
        }
        for row in report.rows
    ]
