"""Which questions a run puts to which publisher, and over which span.

Pure. What is stored already comes from the claim of the run.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, get_args
from zoneinfo import ZoneInfo

from plantpulse.plant.nearest import unknown
from plantpulse.runs import Json
from plantpulse.series.freshness import has_ended
from plantpulse.series.kinds import BRUSSELS, KINDS, Job, Kind
from plantpulse.series.publisher import Ask, Span
from plantpulse.series.request import Wanted
from plantpulse.settings import SeriesSettings

_ASKED_WITH: Final[Mapping[str, str]] = {"pumping": "generation"}


def asked_kind(kind: str) -> str:
    """Return the kind that is asked for to get one: pumping comes with generation, in the same reply."""
    return _ASKED_WITH.get(kind, kind)


@dataclass(frozen=True, slots=True)
class Stored:
    """One series as it is stored: what it is and how far it reaches; `until` ends its newest value."""

    key: str
    kind: str
    subject: str
    source: str
    group: str
    time_zone: str
    minutes: int
    first_at: datetime
    until: datetime

    @classmethod
    def of(cls, row: Mapping[str, Json]) -> "Stored":
        """Return a series from the answer to a claim."""
        return cls(
            key=row["key"],
            kind=row["kind"],
            subject=row["subject"],
            source=row["source"],
            group=row["group"],
            time_zone=row["time_zone"],
            minutes=row["minutes"],
            first_at=datetime.fromisoformat(row["first_at"]).astimezone(UTC),
            until=datetime.fromisoformat(row["until"]).astimezone(UTC),
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What is collected of an area or a commodity from one publisher."""

    source: str
    kind: str
    subject: str


def subjects_of(job: Job, series: SeriesSettings) -> Iterator[Subject]:
    """Yield what a job collects, in the order of the settings."""
    if job == "commodity_prices":
        yield from _prices(series)
    elif series.has_energy:
        for area in series.areas:
            kinds = (kind for kind in series.kinds_of(area) if KINDS[kind].job == job)
            yield from (Subject("entsoe", kind, area) for kind in kinds)


def _prices(series: SeriesSettings) -> Iterator[Subject]:
    for source in series.publishers_of_prices:
        traded = (name for name in series.commodities if series.commodity(name).symbol(source))
        yield from (Subject(source, "price", name) for name in traded)


def still_collected(rows: Iterable[Mapping[str, Json]], series: SeriesSettings) -> list[Stored]:
    """Return the series of a claim that the settings still collect.

    The others stay stored, but nobody waits for more of them: their publisher, area or kind was taken out.
    """
    jobs: tuple[Job, ...] = get_args(Job)
    collected = {subject for job in jobs for subject in subjects_of(job, series)}
    return [
        Stored.of(row)
        for row in rows
        if Subject(row["source"], asked_kind(row["kind"]), row["subject"]) in collected
    ]


def subjects_wanted(subjects: Iterable[Subject], wanted: Wanted) -> list[Subject]:
    """Return the subjects that were asked for. Raises: InvalidRequest naming the nearest ones, or all."""
    found = list(subjects)
    of_whom = "area" if any(one.source == "entsoe" for one in found) else "commodity"
    for field, named, known in (
        ("kind", wanted.kind, {one.kind for one in found}),
        (of_whom, wanted.subject, {one.subject for one in found}),
    ):
        if named is not None and named not in known:
            raise unknown(f"collected {field}", named, sorted(known), field=field)
    return [one for one in found if wanted.subject in (None, one.subject) and wanted.kind in (None, one.kind)]


def asks_of(
    subjects: Iterable[Subject],
    wanted: Wanted,
    stored: Sequence[Stored],
    series: SeriesSettings,
    now: datetime,
) -> list[Ask]:
    """Return what is asked: over the span that was named, or from each one's newest value on.

    Who is furthest behind comes first: where the time of a run is too short for all, nobody waits for ever.
    """
    asks = [
        Ask(one.source, one.kind, one.subject, wanted.span or _from_newest(one, stored, series, now))
        for one in subjects
    ]
    return sorted(asks, key=lambda ask: ask.span.start)


def asks_again(subjects: Iterable[Subject], days: int, now: datetime) -> list[Ask]:
    """Return what is asked to read the last days again."""
    start = _midnight_before(now - timedelta(days=days))
    return [
        Ask(one.source, one.kind, one.subject, Span(start, end_of(KINDS[one.kind], now))) for one in subjects
    ]


def _from_newest(subject: Subject, stored: Sequence[Stored], series: SeriesSettings, now: datetime) -> Span:
    reached = [
        one.until
        for one in stored
        if (one.source, asked_kind(one.kind), one.subject) == (subject.source, subject.kind, subject.subject)
    ]
    # The newest of all: a type of production that was given up years ago must not be asked for since then.
    # If all were given up, what lies between is a gap, which series_backfill asks for until it is absent.
    start = (
        min(max(reached), now) - timedelta(days=series.look_back_days)
        if reached and not has_ended(max(reached), now)
        else now - timedelta(days=series.first_look_back_days)
    )
    return Span(_midnight_before(start), end_of(KINDS[subject.kind], now))


def end_of(kind: Kind, now: datetime) -> datetime:
    """Return up to when values may be published: whole days, some of them ahead for forecasts."""
    if kind.name == "weekly_load_forecast":
        return _midnight_before(now + timedelta(days=372))
    ahead = timedelta(days=3 if kind.job == "energy_forecasts" else 1)
    return _midnight_before(now + ahead)


def _midnight_before(at: datetime, zone: ZoneInfo = BRUSSELS) -> datetime:
    """Return the start of a local day: whole days are what publishers answer."""
    return datetime.combine(at.astimezone(zone).date(), time(), tzinfo=zone).astimezone(UTC)
