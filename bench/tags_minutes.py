"""Machine tags for ten minutes: how many samples come within a tenth of their interval.

Ten groups of 100 tags, each read every second; the controller of one accepts a connection and says nothing. A
burst comes about every minute, anywhere around it, and relieves the one before.
"""

import os
import statistics
from typing import Final

from bench.figures import Table
from bench.tags import Figures, Plan, measure_with
from devstack.supabase import Supabase

WHOLE: Final = Plan(groups=10, tags=100, burst_s=60, bursts=10, spread=0.3)
QUICK: Final = Plan(groups=2, tags=5, burst_s=4, bursts=2, spread=0.3)
_A_TENTH_MS: Final = 100.0


def measure(supabase: Supabase, plan: Plan) -> Table:
    """Polls for the time of all bursts; returns a line for the healthy groups."""
    return _table(measure_with(supabase, plan, plan.silent), plan)


def _table(measured: Figures, plan: Plan) -> Table:
    table = Table(
        f"Tags: {plan.groups - 1} groups x {plan.tags} tags x 1 s for {plan.bursts * plan.burst_s:g} s, "
        "beside a silent controller",
        [
            "hand-overs",
            "reads",
            "within 10 % of their interval",
            "off by, ms: median",
            "p99",
            "most",
            "slots not stored",
            "read twice",
            "load of the machine",
        ],
    )
    off = measured.off_ms
    within = sum(one <= _A_TENTH_MS for one in off)
    table.add(
        f"{plan.bursts - 1}",
        f"{sum(map(len, measured.reads.values())):,}",
        f"{within:,} of {len(off):,} ({100 * within / len(off):.2f} %)",
        f"{statistics.median(off):.1f}",
        f"{off[int(len(off) * 0.99)]:.1f}",
        f"{off[-1]:.0f}",
        f"{measured.not_stored}",
        f"{measured.doubled}",
        f"{os.getloadavg()[1]:.1f}",
    )
    return table
