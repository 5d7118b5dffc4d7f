"""What rules look at, and what they answer. Pure values.

A rule is a function of a sight and of its own settings. It returns what fires, nothing if all is well, or
None if the sight does not tell: then the rule is not evaluated, and its open alerts stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from plantpulse.late_dataclasses import dataclass, field
from plantpulse.runs import RunReport
from plantpulse.settings import Rule

Json = Any


@dataclass(frozen=True, slots=True)
class Firing:
    """Something is wrong. `subject` is what exactly, where a rule may fire more than once in a scope.

    `facts` are what its message is made of. `severity` is that of the rule where it is None. It is told after
    `told_after_s` seconds if it is still so.
    """

    facts: Mapping[str, Json] = field(default_factory=dict)
    subject: str = ""
    severity: str | None = None
    told_after_s: int = 0
    is_event: bool = False


Fires = Iterable[Firing] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSight:
    """A run at its end, or one slot of it.

    `report` is None for a slot: its run may still fail. `failures_before`: how many runs of the pipeline have
    failed since its last success. `seen`: what the run saw beyond its report, by rule.
    """

    pipeline: str
    plant: str
    report: RunReport | None
    failures_before: int = 0
    seen: Mapping[str, Json] = field(default_factory=dict)


RuleOfRuns = Callable[[RunSight, Rule], Fires]
