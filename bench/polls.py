"""A poll beside the physical floor and a bare client, warm and cold, and where its time and memory go.

Warm: processes that have polled before, as a cloud keeps them for a busy function. Cold: a new process for
each poll, from its start to its end, as every quarter of an hour has it. All poll one slot, which is then
forgotten, with a replay in place of SQL Server (`replayed`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.bundles import Deployed
from bench.figures import Samples, Table
from bench.plant import BARE_CLIENT, HISTORY, PHYSICAL_FLOOR
from bench.processes import Answer, Program, Runtime, run_once, running
from bench.replayed import replayed
from bench.stack import Servers
from bench.turns import Turns
from bundle.carried import carry
from plantpulse.live_pulse.second_look import SUMMED_FROM_ASSETS

HTTP: Program = ("deployed.py", "http")
EVENT: Program = ("deployed.py", "event")
BARE: Program = ("bare.py",)
FLOORS = (PHYSICAL_FLOOR, BARE_CLIENT)
# The first poll of a plant has no older slots to look at again, the second has one.
WARM_UP = 3
STEPS = ("claim", "connect", "read", "evaluate", "commit")
_OURS = "poll"


@dataclass
class PollFigures:
    """What was measured of one size of plant, by contestant; `cpu` is their own processor time."""

    assets: int
    warm: dict[str, Samples] = field(default_factory=dict)
    cpu: dict[str, Samples] = field(default_factory=dict)
    cold: dict[str, Samples] = field(default_factory=dict)
    cold_cpu: dict[str, Samples] = field(default_factory=dict)
    peak_kib: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    timings_ms: list[Mapping[str, int]] = field(default_factory=list)

    def note_warm(self, name: str, answer: Answer) -> None:
        self.warm.setdefault(name, Samples()).seconds.append(answer["seconds"])
        self.cpu.setdefault(name, Samples()).seconds.append(answer["cpu_seconds"])
        self.rows[name] = answer["rows"]

    def note_cold(self, name: str, answer: Answer) -> None:
        self.cold.setdefault(name, Samples()).seconds.append(answer["seconds"])
        self.cold_cpu.setdefault(name, Samples()).seconds.append(answer["whole_cpu_seconds"])
        self.peak_kib[name] = max(self.peak_kib.get(name, 0), answer["peak_kib"])


def measure(servers: Servers, deployed: Deployed, warm: int, cold: int) -> PollFigures:
    """Returns the figures of one plant, everything by turns. Raises: ChildProcessError."""
    figures = PollFigures(servers.assets)
    with replayed(servers) as (through, replay):
        _carry_settings(through, deployed)
        turns = Turns(through)
        _measure_warm(turns, deployed, warm, figures)
        asked = replay.asked
        _measure_cold(turns, deployed, cold, figures)
        if replay.asked != asked:
            raise ChildProcessError(f"{replay.asked - asked} answers were not replayed")
    # A poll does not count the rows of the sums, one for each bucket.
    sums = HISTORY if servers.assets >= SUMMED_FROM_ASSETS else 0
    if figures.rows[_OURS] + sums != figures.rows[PHYSICAL_FLOOR]:
        raise ChildProcessError(f"the floor did not fetch the rows of the poll: {figures.rows}")
    return figures


def _measure_warm(turns: Turns, deployed: Deployed, warm: int, figures: PollFigures) -> None:
    settings = turns.servers.settings()
    on_google, on_lambda = _runtimes(deployed)
    with running(HTTP, settings, on_google) as ours, running(BARE, settings, on_lambda) as floor:
        for _ in range(WARM_UP):
            ours.answer(turns.order_next_poll())
        turns.forget_poll()
        for turn in range(1 + warm):  # the first one is what is replayed
            answers = {_OURS: ours.answer(turns.order_poll())}
            answers |= {plant: floor.answer(turns.order_floor(plant)) for plant in FLOORS}
            turns.forget_poll()
            if turn:
                figures.timings_ms.append(answers[_OURS]["report"]["timings_ms"])
                for name, answer in answers.items():
                    figures.note_warm(name, answer)


def _measure_cold(turns: Turns, deployed: Deployed, cold: int, figures: PollFigures) -> None:
    settings = turns.servers.settings()
    on_google, on_lambda = _runtimes(deployed)
    for _ in range(cold):
        for program, runtime in ((HTTP, on_google), (EVENT, on_lambda)):
            turns.forget_poll()
            figures.note_cold(program[1], run_once(program, settings, runtime, turns.order_poll()))
        for plant in FLOORS:
            figures.note_cold(plant, run_once(BARE, settings, on_lambda, turns.order_floor(plant)))
    turns.forget_poll()


def _runtimes(deployed: Deployed) -> tuple[Runtime, Runtime]:
    """Returns the bundle on Google Cloud and the one on Lambda."""
    return Runtime(deployed.python, deployed.on_google), Runtime(deployed.python, deployed.on_lambda)


def _carry_settings(servers: Servers, deployed: Deployed) -> None:
    """Puts a plant's settings into the bundles, as if they had been built for it."""
    for bundle in (deployed.on_google, deployed.on_lambda):
        carry(servers.settings_file(), bundle)


def tables(measured: Sequence[PollFigures]) -> list[Table]:
    """Returns the figures of all sizes."""
    return [
        _warm_table(measured),
        _cpu_table(measured),
        _cold_table(measured),
        _cold_cpu_table(measured),
        _split_table(measured),
        _memory_table(measured),
    ]


def _warm_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "A poll in a warm process, ms: median (minimum)",
        ["assets", "poll", "physical floor", "ratio", "bare client", "ratio"],
    )
    for one in measured:
        ours, same, alone = (one.warm[name] for name in (_OURS, *FLOORS))
        cells = (ours.show(), same.show(), ours.over(same), alone.show(), ours.over(alone))
        table.add(f"{one.assets:,}", *cells)
    return table


def _cpu_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "The same in processor time of the client alone, ms, and the rows that it fetched",
        ["assets", "poll", "physical floor", "bare client", "rows: poll", "rows: bare client"],
    )
    for one in measured:
        times = [one.cpu[name].show() for name in (_OURS, *FLOORS)]
        table.add(f"{one.assets:,}", *times, f"{one.rows[_OURS]:,}", f"{one.rows[BARE_CLIENT]:,}")
    return table


def _cold_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "A poll in a new process, ms: median (minimum); ratios to the physical floor / the bare client",
        [
            "assets",
            "with the functions-framework",
            "ratios",
            "on Lambda",
            "ratios",
            "physical floor",
            "bare client",
        ],
    )
    for one in measured:
        cells: list[str] = []
        for way_in in ("http", "event"):
            ours = one.cold[way_in]
            cells += [ours.show(), " / ".join(ours.over(one.cold[plant]) for plant in FLOORS)]
        table.add(f"{one.assets:,}", *cells, *(one.cold[plant].show() for plant in FLOORS))
    return table


def _cold_cpu_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "The same in processor time of the new process alone, ms: median (minimum)",
        ["assets", "with the functions-framework", "on Lambda", "physical floor", "bare client"],
    )
    for one in measured:
        times = [one.cold_cpu[name].show() for name in ("http", "event", *FLOORS)]
        table.add(f"{one.assets:,}", *times)
    return table


def _split_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "Where a warm poll's time goes by its own report, ms: medians; other is parsing, mostly",
        ["assets", *STEPS, "other"],
    )
    for one in measured:
        steps = [median(timing.get(step, 0) for timing in one.timings_ms) for step in STEPS]
        other = one.warm[_OURS].median_ms - sum(steps)
        table.add(f"{one.assets:,}", *(f"{step:,.0f}" for step in (*steps, other)))
    return table


def _memory_table(measured: Sequence[PollFigures]) -> Table:
    table = Table(
        "Peak memory of a new process, MiB",
        [
            "assets",
            "with the functions-framework",
            "on Lambda",
            "physical floor",
            "bare client",
            "KiB for each further asset",
        ],
    )
    first = measured[0]
    for one in measured:
        more_kib = one.peak_kib["http"] - first.peak_kib["http"]
        growth = f"{more_kib / (one.assets - first.assets):.1f}" if one is not first else ""
        peaks = [f"{one.peak_kib[name] / 1024:.0f}" for name in ("http", "event", *FLOORS)]
        table.add(f"{one.assets:,}", *peaks, growth)
    return table
