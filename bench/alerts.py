"""What alerts cost: a commit of 200 assets without and with them, and the sweep of 10,000 that are due.

The commits take turns, each for a slot of its own, straight at Postgres: the Data API in front would only
make the ratios look better. Nothing firing is the common case; 20 new ones each time is a bad quarter of
an hour.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from bench.figures import Samples, Table
from devstack.supabase import Supabase

_PLANT, _BEGIN = "bench", datetime(2026, 1, 1, tzinfo=UTC)
_CLAIM = "select public.claim_run(%s, %s)"
_COMMIT = "select public.commit_live_pulse(%s, %s, %s)"
_SWEEP = "select public.claim_notifications(%s, %s, %s) as claimed"
_MARK = "select public.mark_notifications(%s, 'mail', %s, %s, %s)"
_RULES = [
    "overdue",
    "stuck",
    "run_failed",
    "rejected_share",
    "truncated",
    "no_output",
    "clock",
    "data_behind",
]
_CHANNEL: dict[str, Any] = {
    "name": "mail", "least_severity": "info", "plants": None, "rules": None, "quiet_plants": [],
    "repeat_hours": 4, "is_single": False, "most_per_hour": 1_000_000, "lease_s": 90,
}  # fmt: skip

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    assets: int
    rounds: int
    due: int
    batch: int


# 2,000: as many as a sweep claims for a channel that groups them (alerts.outbox.CLAIMED_IN_GROUPS).
WHOLE = Plan(assets=200, rounds=200, due=10_000, batch=2_000)
QUICK = Plan(assets=20, rounds=3, due=100, batch=50)


@dataclass
class Figures:
    """Seconds of commits by what they say of alerts, and of the parts of a sweep."""

    without: Samples = field(default_factory=Samples)
    nothing: Samples = field(default_factory=Samples)
    firing: Samples = field(default_factory=Samples)
    claims: Samples = field(default_factory=Samples)
    marks: Samples = field(default_factory=Samples)


def measure(supabase: Supabase, plan: Plan) -> Figures:
    """Returns the figures, in a project of its own."""
    figures = Figures()
    with (
        supabase.fresh_database() as access,
        psycopg.connect(access.database_url, autocommit=True) as connection,
    ):
        assets = _enter_assets(connection, plan.assets)
        slots = count(1)
        contestants: dict[str, Callable[[int], dict[str, Any]]] = {
            "without": lambda _: {},
            "nothing": lambda _: {"alerts": [_look([])]},
            "firing": lambda slot: {"alerts": [_look([f"{slot}-{one}" for one in range(20)])]},
        }
        for turn in range(plan.rounds + 5):
            for name, alerts in contestants.items():
                slot = next(slots)
                seconds = _commit(connection, assets, slot, alerts(slot))
                if turn >= 5:  # plans and caches
                    getattr(figures, name).seconds.append(seconds)
                if name == "firing":  # well again, and not measured: the others meet nothing that is open
                    connection.execute(
                        "update public.alerts set resolved_at = last_seen_at where resolved_at is null"
                    )
        _sweep(connection, plan, figures)
    return figures


def _enter_assets(connection: Connection, number: int) -> list[int]:
    rows = connection.execute(
        """
        insert into public.assets (plant, name, source_name)
        select %s, 'asset ' || n, 'ASSET-' || n from generate_series(1, %s) as n
        returning id
        """,
        (_PLANT, number),
    ).fetchall()
    return [row[0] for row in rows]


def _look(subjects: list[str]) -> dict[str, Any]:
    fires = [
        {
            "rule": "no_output",
            "subject": subject,
            "severity": "warning",
            "facts": {"asset": subject, "slots": 4},
        }
        for subject in subjects
    ]
    return {"scope": "live_pulse", "plant": _PLANT, "rules": _RULES, "firing": fires}


def _commit(connection: Connection, assets: list[int], number: int, alerts: dict[str, Any]) -> float:
    slot, fence = _BEGIN + number * timedelta(minutes=15), str(uuid4())
    start = slot - timedelta(minutes=30)
    claim: dict[str, Any] = {
        "pipeline": "live_pulse", "plant": _PLANT, "trigger": "schedule", "slot": slot.isoformat(),
        "fence": fence, "idempotency_key": None, "requested_by": None, "lease_s": 90,
        "window_start": start.isoformat(),
        "window_until": slot.isoformat(), "code_version": "bench", "is_dry_run": False, "wants": [],
    }  # fmt: skip
    if alerts:
        alerts["alerts"][0]["slot"] = slot.isoformat()
    body = {
        "status": "succeeded", "snapshots_until": slot.isoformat(), "safety_until": slot.isoformat(),
        "unknown_assets": [], "rejected_records": [], "report": {"counts": {}, "timings_ms": {}},
        "slots": [
            {
                "snapshot_timestamp": slot.isoformat(), "window_start": start.isoformat(),
                "is_catch_up": False, "is_time_ambiguous": False,
                "snapshots": [_snapshot(asset) for asset in assets],
            }
        ],
        **alerts,
    }  # fmt: skip
    connection.execute(_CLAIM, (Jsonb(claim), slot))
    started_s = time.perf_counter()
    connection.execute(_COMMIT, (fence, Jsonb(body), slot))
    return time.perf_counter() - started_s


def _snapshot(asset: int) -> dict[str, Any]:
    return {
        "asset_id": asset, "output_actual": 50, "slot_output": 25, "output_target": 50, "variance_percent": 0,
        "status": "on_target", "oee_current": 81.5, "oee_source": "reported", "downtime_minutes": 1.5,
        "good_count": 48, "reject_count": 2, "labor_headcount": 3, "unplanned_output": 0,
        "is_planned_in_part": False,
    }  # fmt: skip


def _sweep(connection: Connection, plan: Plan, figures: Figures) -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    looks = [
        {**_look([str(one) for one in range(plan.due // 100)]), "plant": f"plant_{number}"}
        for number in range(100)
    ]
    connection.execute("select public.apply_alerts(%s, %s)", (Jsonb(looks), now))
    while True:
        started_s = time.perf_counter()
        row = connection.execute(_SWEEP, (Jsonb(_CHANNEL), plan.batch, now)).fetchone()
        figures.claims.seconds.append(time.perf_counter() - started_s)
        claimed = row[0] if row else {"items": []}
        if not claimed["items"]:
            return
        ids = [item["notification_id"] for item in claimed["items"]]
        started_s = time.perf_counter()
        connection.execute(_MARK, (claimed["lease"], ids, Jsonb({"key": str(uuid4())}), now))
        figures.marks.seconds.append(time.perf_counter() - started_s)


def tables(figures: Figures, plan: Plan) -> tuple[Table, Table]:
    """Returns what was measured as tables."""
    commits = Table(
        f"Alerts: a commit of {plan.assets} assets, ms: median (minimum), and ratios to one without alerts",
        ["", "commit", "ratio"],
    )
    for name, samples in (
        ("without alerts", figures.without),
        ("evaluated, nothing fires", figures.nothing),
        ("20 fire, new each time", figures.firing),
    ):
        commits.add(name, _shown(samples), samples.over(figures.without))
    sweep = Table(
        f"Alerts: a sweep of {plan.due:,} due in batches of {plan.batch}, ms",
        ["claim: median (minimum)", "mark: median (minimum)", "all claims and marks"],
    )
    whole_ms = 1000 * (sum(figures.claims.seconds) + sum(figures.marks.seconds))
    sweep.add(figures.claims.show(), figures.marks.show(), f"{whole_ms:,.0f}")
    return commits, sweep


def _shown(samples: Samples) -> str:
    return f"{samples.median_ms:.1f} ({samples.least_ms:.1f})"
