"""The whole way of a year of quarter-hours: reply, rows, gaps; beside a pipeline of dlt and entsoe-py.

Each turn is a new process, as each run of a function is. The first turn stores, the second stores the same
again. The rivals are measured when `--rivals` names an interpreter that can import them.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.figures import Samples, Table
from bench.processes import Runtime, run_once
from bench.series_parse import a_year
from bench.stack import clean_environment
from devstack.supabase import Supabase

_PROGRAM: Final = "series_load.py"
_LABELS: Final = {
    "plantpulse": "plantpulse",
    "dlt": "dlt, merged by key",
    "entsoe-py": "entsoe-py and pandas",
}
_STEPS: Final = ("read", "store", "look for gaps")


@dataclass(frozen=True)
class Plan:
    """How much is measured: values of the reply, and turns of each contestant."""

    values: int
    turns: int


WHOLE: Final = Plan(values=35_040, turns=5)
QUICK: Final = Plan(values=96, turns=2)


@dataclass
class Figures:
    """What was measured of one contestant."""

    label: str
    steps: dict[str, Samples] = field(default_factory=dict)
    again: Samples = field(default_factory=Samples)
    cpu: Samples = field(default_factory=Samples)
    peak_mib: float = 0.0

    def add(self, answer: dict[str, Any], *, is_first: bool) -> None:
        """Add one turn."""
        self.cpu.seconds.append(answer["cpu_s"])
        self.peak_mib = max(self.peak_mib, answer["peak_mib"])
        for step, seconds in answer["steps"].items():
            if step == "store" and not is_first:
                self.again.seconds.append(seconds)
            else:
                self.steps.setdefault(step, Samples()).seconds.append(seconds)


def measure(supabase: Supabase, plan: Plan, rivals: Path | None) -> Table:
    """Return the table."""
    with tempfile.TemporaryDirectory() as folder:
        reply = Path(folder) / "year.xml"
        reply.write_text(a_year(plan.values), "utf-8")
        measured = list(_measured(supabase, plan, rivals, reply))
    return _table(measured, plan)


def _measured(supabase: Supabase, plan: Plan, rivals: Path | None, reply: Path) -> Iterator[Figures]:
    known: dict[str, Figures] = {}
    for turn in range(plan.turns):
        # A database of its own for each pair of turns, so that the first one always stores.
        with supabase.fresh_database() as access:
            environment = clean_environment(reply.parent) | {
                "SUPABASE_URL": access.url,
                "SUPABASE_SECRET_KEY": access.secret_key,
                "RUNTIME__DLTHUB_TELEMETRY": "false",
            }
            for name in _LABELS if rivals else ("plantpulse",):
                runtime = Runtime() if name == "plantpulse" else Runtime(rivals or Path())
                for again in (False, True):
                    order = {"path": str(reply), "turn": 2 * turn + again, "database": access.database_url}
                    answer = run_once((_PROGRAM, name), environment, runtime, order)
                    if answer["missing"]:
                        print(f"{name} cannot be imported, and is left out", file=sys.stderr)
                        break
                    figures = known.setdefault(name, Figures(_LABELS[name]))
                    figures.add(answer, is_first=not again)
    yield from known.values()


def _table(measured: list[Figures], plan: Plan) -> Table:
    table = Table(
        f"Series: from a reply with {plan.values:,} values to rows in Postgres and a look for gaps",
        ["", *(f"{step}, ms" for step in _STEPS), "the same again, ms", "processor, ms", "peak, MiB"],
    )
    for one in measured:
        table.add(
            one.label,
            *(one.steps[step].show() if step in one.steps else "-" for step in _STEPS),
            one.again.show() if one.again.seconds else "-",
            one.cpu.show(),
            f"{one.peak_mib:,.0f}",
        )
    return table
