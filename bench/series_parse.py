"""Reading a year of quarter-hours beside expat alone, a plain tree, and other clients of ENTSO-E.

The contestants take turns, each in a process that stays; memory is that of a new process for each. The others
are measured when `--rivals` names an interpreter that can import them (entsoe-py, dlt): they are no part of
this project. The recorded replies are read by entsoe-py as well, and compared value by value.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.figures import Samples, Table
from bench.processes import Answer, Contestant, Order, Runtime, run_once, running
from bench.stack import clean_environment
from devstack.migrations import REPOSITORY

RECORDED: Final = REPOSITORY / "tests" / "series" / "replies" / "entsoe"
_PROGRAM: Final = "series_parse.py"
_OWN: Final = {"expat": "floor: expat alone", "plantpulse": "plantpulse", "tree": "a tree, nothing put back"}
_RIVALS: Final = {"entsoe-py": "entsoe-py", "dlt": "dlt, nothing put back"}
_KINDS: Final = {
    "a44_AT": ("day_ahead_price", "AT"),
    "a44_NL": ("day_ahead_price", "NL"),
    "a44_hass_BE": ("day_ahead_price", "BE"),
    "a44_hass_DE": ("day_ahead_price", "DE"),
    "a65_A01": ("load_forecast", "NL"),
    "a65_A16_CZ": ("load", "CZ"),
    "a65_A16_NL": ("load", "NL"),
    "a65_A33": ("weekly_load_forecast", "NL"),
    "a69": ("wind_solar_forecast", "NL"),
    "a75_A16_FR": ("generation", "FR"),
    "a75_A16_one": ("generation", "DE"),
    "a85": ("imbalance_price", "AT"),
    "a86": ("imbalance_volume", "AT"),
    "dst": ("day_ahead_price", "DE"),
}


@dataclass(frozen=True)
class Plan:
    """How much is measured: values of the reply, and rounds of each contestant."""

    values: int
    rounds: int
    slow_rounds: int


WHOLE: Final = Plan(values=35_040, rounds=15, slow_rounds=3)
QUICK: Final = Plan(values=96, rounds=2, slow_rounds=1)


@dataclass
class Figures:
    """What was measured of one contestant."""

    label: str
    import_s: float
    start_mib: float
    peak_mib: float
    parse: Samples = field(default_factory=Samples)


def a_year(values: int) -> str:
    """Return a reply about load with so many quarter-hours, laid out like a recorded one."""
    start = datetime(2023, 12, 31, 23, tzinfo=UTC)
    end = start + timedelta(minutes=15 * values)
    points = "".join(
        f"                  <Point>\n                    <position>{place}</position>\n"
        f"                    <quantity>{9000 + place * 7919 % 600_000 / 100:.2f}</quantity>\n"
        "                  </Point>\n"
        for place in range(1, values + 1)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<GL_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0">
  <mRID>1</mRID>
  <type>A65</type>
  <process.processType>A16</process.processType>
      <TimeSeries>
        <mRID>1</mRID>
        <businessType>A04</businessType>
        <outBiddingZone_Domain.mRID codingScheme="A01">10YNL----------L</outBiddingZone_Domain.mRID>
        <quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name>
        <curveType>A03</curveType>
            <Period>
              <timeInterval>
                <start>{start:%Y-%m-%dT%H:%MZ}</start>
                <end>{end:%Y-%m-%dT%H:%MZ}</end>
              </timeInterval>
              <resolution>PT15M</resolution>
{points}            </Period>
      </TimeSeries>
</GL_MarketDocument>
"""


def measure(plan: Plan, rivals: Path | None) -> Iterator[Table]:
    """Yield the tables."""
    with tempfile.TemporaryDirectory() as folder:
        reply = Path(folder) / "year.xml"
        reply.write_text(a_year(plan.values), "utf-8")
        environment = clean_environment(Path(folder)) | {"RUNTIME__DLTHUB_TELEMETRY": "false"}
        order = {"path": str(reply), "kind": "load", "area": "NL"}
        figures = list(_parsed(plan, order, environment, rivals))
        yield _table(figures, plan, reply.stat().st_size)
        if rivals and any(one.label.startswith("entsoe-py") for one in figures):
            yield _compared(environment, Runtime(rivals))


def _parsed(
    plan: Plan, order: Order, environment: Mapping[str, str], rivals: Path | None
) -> Iterator[Figures]:
    figures: dict[str, Figures] = {}
    with ExitStack() as stack:
        contestants: dict[str, Contestant] = {}
        for name, label, runtime in _contestants(rivals):
            known = _once(name, runtime, environment, order)
            if known["missing"]:
                print(f"{label} cannot be imported, and is left out", file=sys.stderr)
                continue
            told = f"{label} {known['version']}" if name in _RIVALS else label
            figures[name] = Figures(told, known["import_s"], known["start_mib"], known["peak_mib"])
            contestants[name] = stack.enter_context(running((_PROGRAM, name), environment, runtime))
        for number in range(plan.rounds):
            for name, contestant in contestants.items():
                if name not in _RIVALS or number < plan.slow_rounds:
                    figures[name].parse.seconds.append(contestant.answer(order)["seconds"])
    yield from figures.values()


def _contestants(rivals: Path | None) -> Iterator[tuple[str, str, Runtime]]:
    for name, label in _OWN.items():
        yield name, label, Runtime()
    for name, label in _RIVALS.items() if rivals else ():
        yield name, label, Runtime(rivals or Path())


def _once(name: str, runtime: Runtime, environment: Mapping[str, str], order: Order) -> Answer:
    """Return what a new process answers; the second, because the first one compiles."""
    run_once((_PROGRAM, name), environment, runtime, order)
    return run_once((_PROGRAM, name), environment, runtime, order)


def _table(figures: Sequence[Figures], plan: Plan, size: int) -> Table:
    table = Table(
        f"Series: reading {plan.values:,} values of ENTSO-E, {size / 1e6:.1f} MB of XML",
        [
            "",
            "processor ms: median (minimum)",
            "ratio to the floor",
            "import, ms",
            "peak, MiB",
            "of it for reading",
        ],
    )
    floor = figures[0].parse
    for one in figures:
        table.add(
            one.label,
            one.parse.show(),
            one.parse.over(floor),
            f"{one.import_s * 1000:,.0f}",
            f"{one.peak_mib:,.0f}",
            f"{one.peak_mib - one.start_mib:,.0f}",
        )
    return table


def _compared(environment: Mapping[str, str], rivals: Runtime) -> Table:
    columns = ["reply", "values", "the same in entsoe-py", "missing there", "others there"]
    table = Table("Series: values of the recorded replies, by instant and value", columns)
    with (
        running((_PROGRAM, "plantpulse"), environment) as plantpulse,
        running((_PROGRAM, "entsoe-py"), environment, rivals) as entsoe_py,
    ):
        for path in sorted(RECORDED.iterdir()):
            begins = [begin for begin in _KINDS if path.name.startswith(begin)]
            if begins:
                kind, area = _KINDS[max(begins, key=len)]
                order = {"path": str(path), "kind": kind, "area": area, "values": True}
                own, other = _values(plantpulse.answer(order)), _values(entsoe_py.answer(order))
                counts = [own, own & other, own - other, other - own]
                table.add(path.name, *(f"{count.total():,}" for count in counts))
    return table


def _values(answer: dict[str, Any]) -> Counter[tuple[str, float]]:
    return Counter((at, round(abs(value), 6)) for at, value in answer.get("values", ()))
