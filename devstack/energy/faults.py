"""What a test, or `--faults`, has the publishers get wrong: the only state of the stand-in beside its ledger.

Holes and flaws are part of what was published: the oracle knows them. Troubles are of one reply only: what
was published stays as it was. Series are named by patterns, such as `DE/*` or `*/load`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final, Literal
from zoneinfo import ZoneInfo

from devstack.energy.days import HOUR_S, instant, local_day

Flawed = Literal["zeros", "zeros_ahead", "flat", "times_1000", "hour_doubled", "other_auction"]
TroubleKind = Literal[
    "ban", "unavailable", "stall", "reset", "unauthorized", "html", "truncated", "no_data", "key_echoed"
]
BERLIN: Final = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Hole:
    """Nothing is published of [start, until) before `filled_at`; None leaves it open for ever."""

    series: str
    start: datetime
    until: datetime
    filled_at: datetime | None = None

    def concerns(self, key: str) -> bool:
        """Whether it is in this series."""
        return fnmatchcase(key, self.series)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Wrong values are published of [start, until) until they are corrected; None leaves them so.

    zeros: 0 in place of the value. zeros_ahead: 0 from the start of the day on, before the value is known.
    flat: the first value of the day all along. times_1000: another unit. hour_doubled: the value of an hour
    before. other_auction: the prices of the second auction as the first's.
    """

    series: str
    start: datetime
    until: datetime
    kind: Flawed
    corrected_at: datetime | None = None

    @property
    def is_of_auctions(self) -> bool:
        """Whether it needs the prices of another auction."""
        return self.kind == "other_auction"

    def concerns(self, key: str) -> bool:
        """Whether it is in this series."""
        return fnmatchcase(key, self.series)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Replies of a publisher go wrong while the server's clock is in [start, until).

    ban: 429 with Retry-After. unavailable: 503. stall: no answer until the client leaves. reset: the
    connection is cut. unauthorized: 401, whatever the key. html: a page with 200. truncated: half of the
    reply. no_data: nothing, as if nothing was published. key_echoed: EIA's reply has the key in it.
    `times` limits how many requests it meets, `only` to those with this word in their path or parameters.
    """

    publisher: str
    kind: TroubleKind
    start: datetime
    until: datetime
    times: int | None = None
    only: str = ""
    retry_after_s: int = 600


@dataclass(frozen=True)
class Plan:
    """What goes wrong."""

    holes: tuple[Hole, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    troubles: tuple[Trouble, ...] = ()


@dataclass
class Troubles:
    """The troubles of a plan, and how often each has struck."""

    planned: tuple[Trouble, ...] = ()
    _struck: dict[int, int] = field(default_factory=dict)

    def strike(self, publisher: str, request: str, now: datetime) -> Trouble | None:
        """Return the trouble that this request meets, and count it."""
        for number, trouble in enumerate(self.planned):
            is_over = trouble.times is not None and self._struck.get(number, 0) >= trouble.times
            is_met = trouble.publisher == publisher and trouble.start <= now < trouble.until
            if is_met and not is_over and trouble.only in request:
                self._struck[number] = self._struck.get(number, 0) + 1
                return trouble
        return None


def faulty_year(start: date, areas: Iterable[str]) -> Plan:
    """Return a plan for a year from a day on: every kind of fault, each some weeks after the other."""

    def at(day: int, hour: int = 0) -> datetime:
        return datetime.combine(start + timedelta(days=day), datetime.min.time(), BERLIN) + timedelta(
            hours=hour
        )

    first, *others = areas
    last = others[-1] if others else first
    return Plan(
        holes=(
            Hole(f"{first}/load", at(20, 5), at(20, 8), filled_at=at(21, 9)),
            Hole(f"{first}/day_ahead_price/1", at(33), at(34), filled_at=at(35, 10)),
            Hole(f"{last}/generation/*", at(60), at(63), filled_at=at(75)),
            Hole(f"{last}/load", at(90, 12), at(91), filled_at=at(110)),
            Hole("*/imbalance_*", at(120, 3), at(120, 9)),
            Hole(f"{last}/load_forecast", at(150), at(151)),
        ),
        flaws=(
            Flaw(f"{first}/load", at(40), at(41), "times_1000", corrected_at=at(43)),
            Flaw(f"{first}/load", at(52), at(53), "flat", corrected_at=at(54)),
            Flaw(f"{last}/load", at(70, 6), at(70, 18), "zeros", corrected_at=at(72)),
            Flaw(f"{last}/load", at(80), at(81), "zeros_ahead"),
            Flaw(f"{first}/load", *_repeated_hour(start), "hour_doubled"),
            Flaw(f"{first}/day_ahead_price/1", at(100), at(101), "other_auction", corrected_at=at(102)),
        ),
        troubles=(
            Trouble("entsoe", "unavailable", at(10), at(15), times=2),
            Trouble("entsoe", "html", at(16), at(21), times=1),
            Trouble("entsoe", "truncated", at(24), at(29), times=1),
            Trouble("entsoe", "ban", at(30), at(35), times=1),
            Trouble("entsoe", "unavailable", at(44), at(49)),
            Trouble("entsoe", "reset", at(54), at(59), times=2),
            Trouble("entsoe", "unauthorized", at(64), at(69), times=1),
            Trouble("fred", "ban", at(12), at(17), times=1),
            Trouble("eia", "unavailable", at(26), at(31)),
            Trouble("eia", "html", at(48), at(53), times=1),
        ),
    )


def _repeated_hour(start: date) -> tuple[datetime, datetime]:
    """Return the hour from two to three o'clock that comes again within a year of a day."""
    days = (local_day(BERLIN, start + timedelta(days=number)) for number in range(366))
    autumn = next(day for day in days if day.quarters == 100)
    return instant(autumn.start + 3 * HOUR_S), instant(autumn.start + 4 * HOUR_S)
