"""Values that cannot be true: outside of the bounds of their kind, or no number at all.

Pure. Bounds are of the kind (`kinds`), and no statistic moves them: WTI at -36.98 US dollars on 2020-04-20
was a real price.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from plantpulse.series.kinds import Kind
from plantpulse.series.points import Point
from plantpulse.series.quality.findings import Finding, Name, finding_of


def invalid_values(points: Iterable[Point], kind: Kind) -> Iterator[Finding]:
    """Yield a finding for each run of neighbouring values that are invalid in one way."""
    run: list[Point] = []
    name: Name | None = None
    for point in points:
        found = None if point.value is None else _what_is_wrong(point.value, kind)
        if run and name and (found != name or point.at != run[-1].until):
            yield _finding(name, run, kind)
            run = []
        name = found
        if found:
            run.append(point)
    if run and name:
        yield _finding(name, run, kind)


def _what_is_wrong(value: Decimal, kind: Kind) -> Name | None:
    if not value.is_finite():
        return "not_a_number"
    if (kind.least is not None and value < kind.least) or (kind.most is not None and value > kind.most):
        return "out_of_bounds"
    return None


def _finding(name: Name, run: list[Point], kind: Kind) -> Finding:
    if name == "not_a_number":
        return finding_of(name, run)
    values = [point.value for point in run if point.value is not None]
    furthest = max(values, key=abs)
    bounds = {"least": _bound(kind.least), "most": _bound(kind.most)}
    return finding_of(name, run, {"value": str(furthest), "unit": kind.unit, **bounds})


def _bound(bound: Decimal | None) -> str:
    return "-" if bound is None else str(bound)
