"""A poll beside its floor, warm and cold, and where its time and memory go.

Warm: processes that have polled before, as a cloud keeps them for a busy function. Cold: a new process for
each poll, from its start to its end, as every quarter of an hour has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.figures import Samples, Table
from bench.processes import Answer, Contestant, run_once, running
from bench.stack import Servers
from bench.turns import Turns

HTTP = ("deployed.py", "http")
EVENT = ("deployed.py", "event")
BARE = ("bare.py",)
# The first poll of a plant has no older slots to look at again, the second has one.
WARM_UP = 3
STEPS = ("claim", "connect", "read", "judge", "commit")


@dataclass
class PollFigures:
    """What was measured of one size of plant; `*_cpu` is processor time of the contestant's own process."""

    assets: int
    ours: Samples = field(default_factory=Samples)
    ours_cpu: Samples = field(default_factory=Samples)
    floor: Samples = field(default_factory=Samples)
    floor_cpu: Samples = field(default_factory=Samples)
    cold_http: Samples = field(default_factory=Samples)
    cold_event: Samples = field(default_factory=Samples)
    cold_floor: Samples = field(default_factory=Samples)
    peaks_kib: dict[str, list[int]] = field(default_factory=dict)
    timings_ms: list[Mapping[str, int]] = field(default_factory=list)
    rows_read: int = 0
    rows_floor: int = 0

    def peak_mib(self, program: Sequence[str]) -> float:
        """Returns the most memory that a new process of a program has held."""
        return max(self.peaks_kib[" ".join(program)]) / 1024


def measure(servers: Servers, warm: int, cold: int) -> PollFigures:
    """Returns the figures of one plant, everything by turns."""
    figures, turns, settings = PollFigures(servers.assets), Turns(servers), servers.settings()
    with running(HTTP, settings) as ours, running(BARE, settings) as floor:
        for turn in range(WARM_UP + warm):
            _take_warm_turn(figures, turns, ours, floor, is_counted=turn >= WARM_UP)
    for _ in range(cold):
        for program, samples in ((HTTP, figures.cold_http), (EVENT, figures.cold_event)):
            answer = run_once(program, settings, turns.order_poll())
            samples.seconds.append(answer["seconds"])
            _note_peak(figures, program, answer)
        answer = run_once(BARE, settings, turns.order_floor())
        figures.cold_floor.seconds.append(answer["seconds"])
        _note_peak(figures, BARE, answer)
    return figures


def _take_warm_turn(
    figures: PollFigures, turns: Turns, ours: Contestant, floor: Contestant, *, is_counted: bool
) -> None:
    polled = ours.answer(turns.order_poll())
    bare = floor.answer(turns.order_floor())
    if not is_counted:
        return
    figures.ours.seconds.append(polled["seconds"])
    figures.ours_cpu.seconds.append(polled["cpu_seconds"])
    figures.floor.seconds.append(bare["seconds"])
    figures.floor_cpu.seconds.append(bare["cpu_seconds"])
    report = polled["report"]
    figures.timings_ms.append({**report["timings_ms"], "all": round(1000 * polled["seconds"])})
    figures.rows_read = sum(count for name, count in report["counts"].items() if name.endswith("_rows"))
    figures.rows_floor = bare["rows"]


def _note_peak(figures: PollFigures, program: Sequence[str], answer: Answer) -> None:
    figures.peaks_kib.setdefault(" ".join(program), []).append(answer["peak_kib"])


def tables(measured: Sequence[PollFigures]) -> list[Table]:
    """Returns the figures of all sizes."""
    return [_warm_table(measured), _cold_table(measured), _split_table(measured), _memory_table(measured)]


def _warm_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "A poll in a warm process, ms: median (minimum)",
        ["assets", "poll", "floor", "ratio", "poll CPU", "floor CPU", "rows read", "rows of the floor"],
    )
    for one in measured:
        table.add(
            f"{one.assets:,}",
            one.ours.show(),
            one.floor.show(),
            one.ours.over(one.floor),
            one.ours_cpu.show(),
            one.floor_cpu.show(),
            f"{one.rows_read:,}",
            f"{one.rows_floor:,}",
        )
    return table


def _cold_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "A poll in a new process, ms: median (minimum)",
        ["assets", "over HTTP", "ratio", "on Lambda", "ratio", "floor"],
    )
    for one in measured:
        table.add(
            f"{one.assets:,}",
            one.cold_http.show(),
            one.cold_http.over(one.cold_floor),
            one.cold_event.show(),
            one.cold_event.over(one.cold_floor),
            one.cold_floor.show(),
        )
    return table


def _split_table(measured: Sequence[PollFigures]) -> Table:
    """Where the time goes, by the run report's own clock; `other` is parsing, mostly."""
    table = Table("Where a warm poll's time goes, ms: medians", ["assets", *STEPS, "other"])
    for one in measured:
        steps = [median(timing.get(step, 0) for timing in one.timings_ms) for step in STEPS]
        whole = median(timing["all"] for timing in one.timings_ms)
        table.add(f"{one.assets:,}", *(f"{step:,.0f}" for step in (*steps, whole - sum(steps))))
    return table


def _memory_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "Peak memory of a new process, MiB",
        ["assets", "over HTTP", "on Lambda", "floor", "KiB for each further asset"],
    )
    first = measured[0]
    for one in measured:
        more_kib = 1024 * (one.peak_mib(HTTP) - first.peak_mib(HTTP))
        growth = f"{more_kib / (one.assets - first.assets):.1f}" if one is not first else ""
        peaks = [f"{one.peak_mib(program):.0f}" for program in (HTTP, EVENT, BARE)]
        table.add(f"{one.assets:,}", *peaks, growth)
    return table
