"""What rules look at, and what they answer. Pure values.

A rule is a function of a sight and of its own settings. It returns what fires, nothing if all is well, or
None if the sight does not tell: then the rule is not evaluated, and its open alerts stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSight:
    """A pipeline as health sees it. `missing_since`: the oldest slot without a success; None without one.

    `lease_expired_at`: when the lease of a run ended that is still marked running.
    """

    pipeline: str
    plant: str
    state: str
    now: datetime
    interval_s: float
    missing_since: datetime | None = None
    last_success_at: datetime | None = None
    lease_expired_at: datetime | None = None
    consecutive_failures: int = 0
    last_error: str | None = None
    data_until: datetime | None = None
    is_data_behind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSight:
    """A channel whose messages fail."""

    name: str
    now: datetime
    failing_since: datetime
    failures: int
    error: str


RuleOfRuns = Callable[[RunSight, Rule], Fires]
RuleOfPipelines = Callable[[PipelineSight, Rule], Fires]
