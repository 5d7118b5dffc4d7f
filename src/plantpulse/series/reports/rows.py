"""The rows of a report: one for each area (or commodity) and kind.

Pure. Shares are of sums: a series of 15 minutes and one of an hour count by their minutes. The trend is of
the days that end with the report's last.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from plantpulse.runs import Json
from plantpulse.series.collection_rates import Rates
from plantpulse.series.quality.findings import Finding, Name
from plantpulse.series.quality.scores import DayScore, share_of
from plantpulse.series.quality.trends import Trend, trend_of

GapState = Literal["open", "filled", "absent"]
ScoreName = Literal["completeness", "timeliness", "accuracy"]
SCORES: Final[Sequence[ScoreName]] = ("completeness", "timeliness", "accuracy")

# From here on somebody should look.
LEAST_COMPLETE: Final = 0.99
LEAST_SUCCESSFUL: Final = 0.9


class Subject(NamedTuple):
    """What a row is about: an area or a commodity, and a kind."""

    subject: str
    kind: str


class Period(NamedTuple):
    """The local days of a report, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Return how many days there are."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known of one area and kind.

    `scores` are of all its series, also of the weeks before, for the trend; `findings` and `gaps` are those
    of the period. `rates` is None if nothing was collected.
    """

    scores: Sequence[DayScore] = ()
    findings: Sequence[Finding] = ()
    gaps: Sequence[GapState] = ()
    rates: Rates | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One area and kind in a period. Shares are between 0 and 1, None if nothing was due or is known.

    `findings` counts points by the name of what was found, and days where points are missing.
    """

    about: Subject
    completeness: float | None
    timeliness: float | None
    accuracy: float | None
    points: int
    invalid: int
    suspect: int
    missing_minutes: int
    findings: Mapping[Name, int]
    gaps: Mapping[GapState, int]
    rates: Rates | None
    degraded: Sequence[ScoreName] = field(default=())

    @property
    def needs_attention(self) -> bool:
        """Tell whether somebody should look at it."""
        is_short = self.completeness is not None and self.completeness < LEAST_COMPLETE
        has_failed = self.rates is not None and self.rates.success_rate < LEAST_SUCCESSFUL
        return bool(is_short or has_failed or self.invalid or self.suspect or self.degraded)

    def as_json(self) -> dict[str, Json]:
        """Return the row as a table has it."""
        return {
            "subject": self.about.subject,
            "kind": self.about.kind,
            "completeness": self.completeness,
            "timeliness": self.timeliness,
            "accuracy": self.accuracy,
            "points": self.points,
            "invalid": self.invalid,
            "suspect": self.suspect,
            "missing_minutes": self.missing_minutes,
            "findings": dict(self.findings),
            "gaps": dict(self.gaps),
            "collections": self.rates.collections if self.rates else 0,
            "success_rate": self.rates.success_rate if self.rates else None,
            "api_ms": self.rates.api_ms if self.rates else None,
            "degraded": list(self.degraded),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A daily or weekly report: rows that need attention first, then by subject and kind."""

    period: Period
    rows: Sequence[Row]

    @property
    def completeness(self) -> float | None:
        """Return the average completeness of the rows; None if nothing was due."""
        return _average(row.completeness for row in self.rows)

    @property
    def timeliness(self) -> float | None:
        """Return the average timeliness of the rows; None if nobody can tell."""
        return _average(row.timeliness for row in self.rows)

    @property
    def attention(self) -> Sequence[Row]:
        """Return the rows that somebody should look at."""
        return [row for row in self.rows if row.needs_attention]


def daily_report(day: date, known: Mapping[Subject, Known]) -> Report:
    """Return the report of a local day."""
    return _report(Period(day, day), known)


def weekly_report(last: date, known: Mapping[Subject, Known]) -> Report:
    """Return the report of the seven local days that end with the last."""
    return _report(Period(last - timedelta(days=6), last), known)


def _report(period: Period, known: Mapping[Subject, Known]) -> Report:
    rows = [_row(about, one, period) for about, one in known.items()]
    return Report(period, sorted(rows, key=lambda row: (not row.needs_attention, row.about)))


def _row(about: Subject, known: Known, period: Period) -> Row:
    scores = [one for one in known.scores if period.first <= one.day <= period.last]
    told = [one for one in scores if one.timely_minutes is not None]
    due, covered = sum(one.due_minutes for one in scores), sum(one.covered_minutes for one in scores)
    points, invalid = sum(one.points for one in scores), sum(one.invalid for one in scores)
    suspect = sum(one.suspect for one in scores)
    return Row(
        about=about,
        completeness=share_of(covered, due),
        timeliness=share_of(
            sum(one.timely_minutes or 0 for one in told), sum(one.due_minutes for one in told)
        ),
        accuracy=share_of(points - invalid - suspect, points),
        points=points,
        invalid=invalid,
        suspect=suspect,
        missing_minutes=due - covered,
        findings=_counted(known.findings),
        gaps=Counter(known.gaps),
        rates=known.rates,
        degraded=_degraded(known.scores, period.last),
    )


def _counted(findings: Iterable[Finding]) -> dict[Name, int]:
    counts: Counter[Name] = Counter()
    for finding in findings:
        counts[finding.name] += len(finding.at) or 1
    return dict(sorted(counts.items()))


def _degraded(scores: Sequence[DayScore], last: date) -> list[ScoreName]:
    trends = {name: _trend(scores, name, last) for name in SCORES}
    return [name for name, trend in trends.items() if trend and trend.is_degraded]


def _trend(scores: Sequence[DayScore], name: ScoreName, last: date) -> Trend | None:
    by_day: dict[date, list[float | None]] = {}
    for one in scores:
        by_day.setdefault(one.day, []).append(getattr(one, name))
    return trend_of([(day, _average(found)) for day, found in by_day.items()], last)


def _average(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
