"""A finding: what is wrong with some points, by a name that people and alerts can show.

Pure. A name has one verdict. `invalid` is what cannot be true; `suspect` is what statistics doubt; a `note`
says something about the day and nothing against a value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from plantpulse.series.points import Point
from plantpulse.series.publisher import Span

Name = Literal[
    "not_a_number",
    "out_of_bounds",
    "future_zeros",
    "zeros_for_missing",
    "flat_day",
    "doubled_hour",
    "wrong_unit",
    "wrong_auction",
    "unlike_the_day",
    "unlike_the_week",
    "partial_day",
    "revision",
]
Verdict = Literal["invalid", "suspect", "note"]
Fact = str | int | float

VERDICTS: Final[Mapping[Name, Verdict]] = {
    "not_a_number": "invalid",
    "out_of_bounds": "invalid",
    "future_zeros": "invalid",
    "zeros_for_missing": "suspect",
    "flat_day": "suspect",
    "doubled_hour": "suspect",
    "wrong_unit": "suspect",
    "wrong_auction": "suspect",
    "unlike_the_day": "suspect",
    "unlike_the_week": "suspect",
    "partial_day": "note",
    "revision": "note",
}
# Statistics can be wrong about a real crisis, so what only they doubt is never held back.
ONLY_STATISTICS: Final[frozenset[Name]] = frozenset({"unlike_the_day", "unlike_the_week"})

_NO_FACTS: Final[Mapping[str, Fact]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about a series. `at` are the starts of its points; there are none if points are missing.

    `facts` are the numbers of its sentence.
    """

    name: Name
    span: Span
    at: tuple[datetime, ...]
    facts: Mapping[str, Fact] = field(default_factory=lambda: _NO_FACTS)

    @property
    def verdict(self) -> Verdict:
        """Return what the finding says of its points."""
        return VERDICTS[self.name]


class Verdicts(NamedTuple):
    """The starts of invalid points, and of suspect ones that are not invalid too."""

    invalid: frozenset[datetime]
    suspect: frozenset[datetime]


def finding_of(name: Name, points: Iterable[Point], facts: Mapping[str, Fact] = _NO_FACTS) -> Finding:
    """Return a finding about points that are in order; there is at least one."""
    listed = list(points)
    return Finding(name, Span(listed[0].at, listed[-1].until), tuple(one.at for one in listed), facts)


def verdicts_of(findings: Iterable[Finding]) -> Verdicts:
    """Return which points are invalid and which are suspect."""
    invalid: set[datetime] = set()
    suspect: set[datetime] = set()
    for finding in findings:
        if finding.verdict == "invalid":
            invalid.update(finding.at)
        elif finding.verdict == "suspect":
            suspect.update(finding.at)
    return Verdicts(frozenset(invalid), frozenset(suspect - invalid))
