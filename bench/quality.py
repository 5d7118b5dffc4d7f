"""How well faults are found in series: false alarms in 10,000 points, the share found, and the time.

`python -m bench.quality` measures made years with faults put in. `python -m bench.quality FOLDER` measures
published years too: files `price_NAME.csv`, `load_NAME.csv` and `generation_NAME.csv` with lines
`START,VALUE`, where START is an ISO 8601 instant; the zone is Europe/Berlin.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from time import process_time
from typing import Final

from bench.figures import Table
from bench.made_series import BERLIN, LOAD_FAULTS, PRICE_FAULTS, Fault, made_load, made_prices
from plantpulse.series.kinds import KINDS, Kind
from plantpulse.series.points import Point
from plantpulse.series.quality.findings import Finding, verdicts_of
from plantpulse.series.quality.judge import HISTORY, Judge
from plantpulse.series.quality.known_points import KnownPoint
from plantpulse.series.quality.scores import Scoring

START: Final = datetime(2025, 1, 1, tzinfo=BERLIN)
LATER: Final = datetime(2030, 1, 1, tzinfo=UTC)
TRIES: Final = 40
AROUND: Final = timedelta(days=9)

PRICE: Final = KINDS["day_ahead_price"]
LOAD: Final = KINDS["load"]
BY_FILE: Final = {"price": PRICE, "load": LOAD, "generation": KINDS["generation"]}
LEAST_DAYS: Final = 60  # of a published series, so that faults can be put in


def false_alarms(kind: Kind, points: Sequence[Point]) -> Counter[str]:
    """Return how many points are flagged, by the name of what was found."""
    counted: Counter[str] = Counter()
    for finding in findings_of(kind, points):
        counted[finding.name] += len(finding.at)
    return counted


def recall(kind: Kind, points: Sequence[Point], name: str, fault: Fault, tries: int = TRIES) -> float | None:
    """Return the share of injected faults that were found by their name; None if none could be put in."""
    random, found = Random(7), 0  # noqa: S311 - the same faults each time
    first = _history(kind) // timedelta(minutes=points[0].minutes)
    for _ in range(tries):
        faulty, touched = fault(points, random.randrange(first, len(points) - 200), random)
        if not touched:
            return None
        near = _near(kind, faulty, touched)
        found += any(one.name == name and touched.intersection(one.at) for one in findings_of(kind, near))
    return found / tries


def findings_of(kind: Kind, points: Sequence[Point]) -> list[Finding]:
    """Return everything that is found in points."""
    return Judge(kind, BERLIN, LATER).findings(points, points[0].at)


def published(folder: Path) -> Iterator[tuple[str, Kind, list[Point]]]:
    """Yield the published series in a folder."""
    for path in sorted(folder.glob("*_*.csv")):
        what, _, name = path.stem.partition("_")
        with path.open(encoding="utf-8") as file:
            read = [(datetime.fromisoformat(at), Decimal(value)) for at, value in csv.reader(file)]
        minutes = int((read[1][0] - read[0][0]) / timedelta(minutes=1))
        yield f"{what} {name}", BY_FILE[what], [Point(at, minutes, value) for at, value in read]


def milliseconds_to_score_a_year() -> Mapping[str, float]:
    """Return the least processor time of three for judging and for scoring a year of 35,040 points."""
    points = made_load(START, 365)
    known = [KnownPoint(*point, known_at=point.until) for point in points]
    scoring = Scoring(LOAD, BERLIN, 15)
    judged, scored = [], []
    for _ in range(3):
        began = process_time()
        verdicts = verdicts_of(findings_of(LOAD, points))
        judged.append(process_time() - began)
        began = process_time()
        scoring.score_days(known, (date(2025, 1, 1), date(2025, 12, 31)), verdicts, LATER)
        scored.append(process_time() - began)
    return {"judged": 1000 * min(judged), "scored": 1000 * min(scored)}


def _history(kind: Kind) -> timedelta:
    return HISTORY if kind.judged == "week" else AROUND


def _near(kind: Kind, points: Sequence[Point], touched: set[datetime]) -> list[Point]:
    """Return the points around a fault, with as much history as is worth giving."""
    start, until = min(touched) - _history(kind), max(touched) + timedelta(days=1)
    return [point for point in points if start <= point.at <= until]


def _show_false_alarms(series: Sequence[tuple[str, Kind, list[Point]]]) -> None:
    table = Table("False alarms in 10,000 points", ["series", "points", "flagged", "in 10,000", "by name"])
    for name, kind, points in series:
        counted = false_alarms(kind, points)
        by_name = ", ".join(f"{one} {number}" for one, number in counted.items()) or "none"
        share = 10_000 * counted.total() / len(points)
        table.add(name, f"{len(points):,}", str(counted.total()), f"{share:.1f}", by_name)
    table.show()


def _show_recall(
    title: str, faults: Mapping[str, tuple[str, Fault]], measured: Sequence[tuple[str, Kind, list[Point]]]
) -> None:
    table = Table(title, ["fault", "told as", *(name.partition(" ")[2] for name, _, _ in measured)])
    for fault, (name, inject) in faults.items():
        shares = [recall(kind, points, name, inject) for _, kind, points in measured]
        table.add(fault, f"`{name}`", *("" if share is None else f"{100 * share:.0f} %" for share in shares))
    table.show()


def main(folder: str | None = None) -> None:
    """Print the tables."""
    prices, loads = made_prices(START, 365), made_load(START, 365)
    series = [("price made", PRICE, prices), ("load made", LOAD, loads)]
    series += published(Path(folder)) if folder else ()
    _show_false_alarms(series)
    long = [one for one in series if one[2][-1].at - one[2][0].at > timedelta(days=LEAST_DAYS)]
    _show_recall("Prices: faults found", PRICE_FAULTS, [one for one in long if one[1] is PRICE])
    _show_recall("Loads: faults found", LOAD_FAULTS, [one for one in long if one[1] is LOAD])
    took = milliseconds_to_score_a_year()
    print(f"A year of 15 minutes: judged in {took['judged']:.0f} ms, scored in {took['scored']:.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:2])
