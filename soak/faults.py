"""Which fault happens where: drawn by the name of each crossing of a boundary, and noted when it happens.

An outage is a fault that lasts: while it does, every crossing of its boundary has it. A shrunken seed allows
only some of the faults that it drew.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from soak.draws import Draws

# The share of crossings that a fault has, by boundary: the scheduler's deliveries, a process's steps, calls
# of the store, connections to the source, queries, publishers and what they are asked, machines
# that are read and written to, the line of a computer in the plant, its disk, the computer each ten minutes,
# its clock after a start, and what controllers do by themselves.
SHARES: Final[Mapping[str, Mapping[str, float]]] = {
    "delivery": {"late": 0.03, "very late": 0.01, "twice": 0.04, "never": 0.02},
    "clock": {"ahead": 0.01, "behind": 0.01},
    "step": {"dies": 0.003},
    "store": {
        "refused": 0.01,
        "500": 0.005,
        "503": 0.005,
        "page": 0.004,
        "nothing": 0.004,
        "half": 0.004,
        "lost": 0.01,
        "delayed": 0.01,
        "slow": 0.01,
        "dies behind it": 0.004,
    },
    "channel": {
        "unavailable": 0.02,
        "hangs": 0.01,
        "busy": 0.01,
        "refused": 0.005,
        "perhaps": 0.01,
        "dies behind it": 0.005,
    },
    "device": {"refused": 0.01, "hangs": 0.01, "slow": 0.02},
    "write": {"refused": 0.02, "lost": 0.02, "hangs": 0.01, "slow": 0.02, "dies behind it": 0.01},
    "uplink": {
        "refused": 0.01,
        "503": 0.005,
        "page": 0.004,
        "half": 0.004,
        "lost": 0.02,
        "delayed": 0.01,
        "slow": 0.03,
        "dies behind it": 0.003,
    },
    "disk": {"full": 0.01, "dies before": 0.002, "dies within": 0.002, "dies behind it": 0.002},
    "computer": {"reboots": 0.05, "killed": 0.03, "second": 0.05, "restarted": 0.05, "clock is set": 0.05},
    "boot": {"ahead": 0.15, "behind": 0.15, "years behind": 0.03},
    "machine": {"restarts": 0.02, "withdraws": 0.02, "flickers": 0.02},
    "publisher": {"hangs": 0.01, "slow": 0.02},
    "ask": {
        "refused": 0.02,
        "busy": 0.005,
        "login": 0.003,
        "garbage": 0.01,
        "half": 0.01,
        "nothing": 0.01,
    },
    "connect": {"refused": 0.01, "hangs": 0.005, "login": 0.002, "slow": 0.02},
    "query": {"reset": 0.004, "hangs": 0.003, "garbage": 0.004, "mismatch": 0.001, "slow": 0.01},
}
# How many outages a day, by boundary and kind.
OUTAGES: Final[Mapping[tuple[str, str], float]] = {
    ("store", "refused"): 0.10,
    ("store", "503"): 0.05,
    ("store", "lost"): 0.03,
    ("connect", "refused"): 0.15,
    ("query", "hangs"): 0.05,
    ("delivery", "never"): 0.07,
    ("publisher", "hangs"): 0.05,
    ("device", "hangs"): 0.1,
    ("ask", "refused"): 0.1,
    ("channel", "unavailable"): 0.1,
    ("uplink", "refused"): 0.8,
    ("uplink", "lost"): 0.2,
    ("disk", "full"): 0.3,
}
# How much worse than that a seed is; one is drawn.
SEVERITIES: Final = (0.3, 1.0, 1.0, 4.0)
LONGEST_OUTAGE_H: Final = 30.0


class _Outage(NamedTuple):
    """A fault that lasts; `ends` is no part of it."""

    name: str
    kind: str
    begins: datetime
    ends: datetime


@dataclass(slots=True)
class Faults:
    """The faults of one seed. `allowed` None allows all of them; after `until` there are none."""

    draws: Draws
    until: datetime
    allowed: frozenset[str] | None = None
    happened: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    _shares: Mapping[str, Mapping[str, float]] = field(init=False)
    _outages: dict[tuple[str, datetime], list[_Outage]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        worse = self.draws.pick(SEVERITIES, "how bad it is")
        self._shares = {
            boundary: {kind: worse * share for kind, share in shares.items()}
            for boundary, shares in SHARES.items()
        }

    def at(self, boundary: str, name: str, now: datetime) -> str | None:
        """Return the fault of one crossing; None if all goes well."""
        if now >= self.until:
            return None
        kind = self.draws.kind(self._shares[boundary], f"fault {name}")
        if kind and self._is_allowed(name):
            return self._note(name, boundary, kind)
        return self._outage(boundary, now)

    def _outage(self, boundary: str, now: datetime) -> str | None:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        for outage in self._outages_of(boundary, today):
            if outage.begins <= now < outage.ends and self._is_allowed(outage.name):
                return self._note(outage.name, boundary, outage.kind)
        return None

    def _outages_of(self, boundary: str, today: datetime) -> list[_Outage]:
        """Return the outages of a boundary that began today or yesterday."""
        if (boundary, today) not in self._outages:
            self._outages[boundary, today] = list(self._drawn(boundary, today))
        return self._outages[boundary, today]

    def _drawn(self, boundary: str, today: datetime) -> Iterator[_Outage]:
        for (where, kind), a_day in OUTAGES.items():
            if where != boundary:
                continue
            for day in (today, today - timedelta(days=1)):
                name = f"outage {boundary} {kind} {day:%Y-%m-%d}"
                if self.draws.share(f"{name} is") < a_day:
                    begins = day + timedelta(hours=self.draws.between(0, 24, f"{name} begins"))
                    lasts_h = LONGEST_OUTAGE_H * self.draws.share(f"{name} lasts") ** 4
                    yield _Outage(name, kind, begins, begins + timedelta(hours=lasts_h))

    def _is_allowed(self, name: str) -> bool:
        return self.allowed is None or name in self.allowed

    def _note(self, name: str, boundary: str, kind: str) -> str:
        self.happened[name] = f"{boundary}: {kind}"
        self.counts[f"{boundary}: {kind}"] += 1
        return kind
