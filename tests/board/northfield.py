"""An invented plant as the board's SQL functions would tell of it, at 10:49 on 11 March 2026 in Brussels.

Only what a page shows is checked with it. test_local_documents compares it with what the functions return.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Json = dict[str, Any]

NOW: Final = datetime(2026, 3, 11, 9, 49, tzinfo=UTC)
AS_OF: Final = datetime(2026, 3, 11, 9, 45, tzinfo=UTC)
_AREAS: Final[Mapping[str, Sequence[str]]] = {
    "Stamping": ["Press 1", "Press 2", "Press 3", "Press 4", "Press 5", "Press 6", "Blanking"],
    "Body": [
        "Weld A1",
        "Weld A2",
        "Weld A3",
        "Weld B1",
        "Weld B2",
        "Weld B3",
        "Hemming",
        "Laser 1",
        "Laser 2",
    ],
    "Paint": ["E-coat", "Sealer", "Primer", "Base coat", "Clear coat", "Oven 1", "Oven 2"],
    "Assembly": [
        "Trim 1",
        "Trim 2",
        "Chassis 1",
        "Chassis 2",
        "Marriage",
        "Doors L",
        "Doors R",
        "Glass",
        "Final 1",
        "Final 2",
        "Fill",
    ],
    "Packing": ["Pack 1", "Pack 2", "Pack 3", "Palletiser", "Stretch wrap"],
}
_STATUS: Final = {
    "Press 4": "stopped",
    "Weld B2": "below_target",
    "Base coat": "below_target",
    "Chassis 2": "below_target",
    "Oven 2": "no_data",
    "Fill": "not_planned",
    "Pack 3": "not_planned",
    "Trim 1": "above_target",
}
_ENDING: Final = {
    "stopped": "<=!!",
    "below_target": "=<<<",
    "no_data": "=...",
    "above_target": "==>>",
    "not_planned": "----",
    "on_target": "====",
}


def at(**ago: float) -> str:
    """Return the instant that long before now."""
    return (NOW - timedelta(**ago)).isoformat()


def plant(**values: Any) -> Json:
    return {
        "plant": "northfield",
        "name": "Northfield",
        "time_zone": "Europe/Brussels",
        "language": "en",
        "currency": "USD",
        "role": "operator",
        "slot_minutes": 15,
        "window_minutes": 30,
        **values,
    }


def fresh() -> Json:
    times = {
        "as_of": AS_OF,
        "next_at": AS_OF + timedelta(minutes=15),
        "stale_after": AS_OF + timedelta(minutes=30),
    }
    return {**{name: time.isoformat() for name, time in times.items()}, "is_stale": False}


def head(**values: Any) -> Json:
    return {"now": NOW.isoformat(), "plant": plant(**values)}


def poll(**values: Any) -> Json:
    return {
        "run_id": 812,
        "status": "succeeded",
        "slot": AS_OF.isoformat(),
        "started_at": at(minutes=4),
        "finished_at": at(minutes=3.9),
        "error_code": None,
        "error_message": None,
        **values,
    }


def plants(*each: Json) -> Json:
    mine = each or (plant(),)
    marks = {"safety": "1/0/9", "alert": "4/1/2/2/34/1/5", "report": "790", "poll": "1970543/9d0c"}
    each_plant = [{"plant": one, **fresh(), "poll": poll(), "marks": marks} for one in mine]
    return {"now": NOW.isoformat(), "health": health(), "plants": each_plant}


def health(looked: float = 1) -> Json:
    """Return when health looked, so many minutes ago, and until when that says something."""
    return {"as_of": at(minutes=looked), "stale_after": at(minutes=looked - 3)}


def machine(number: int, name: str, area: str | None, status: str = "on_target") -> Json:
    target = 60 + number * 7 % 100
    units = {"stopped": 0, "below_target": target * 0.78, "above_target": target * 1.04}.get(
        status, target * (0.97 + number * 13 % 7 / 100)
    )
    is_known = status not in {"no_data", "not_planned"}
    strip = ("=" * (8 + number % 11) + "<" + "=" * 28)[:28] if status != "not_planned" else "-" * 28
    return {
        "asset_id": number,
        "name": name,
        "area": area,
        "as_of": AS_OF.isoformat(),
        "status": status,
        "units": round(units) if is_known else None,
        "target": target if is_known else None,
        "variance": units / target - 1 if is_known else None,
        "oee": round(units / target * 0.82, 3) if is_known else None,
        "stopped_since": at(minutes=26) if status == "stopped" else None,
        "strip": strip + _ENDING[status],
    }


def machines() -> list[Json]:
    named = [(name, area) for area, names in _AREAS.items() for name in names]
    return [
        machine(number, name, area, _STATUS.get(name, "on_target"))
        for number, (name, area) in enumerate(named, 1)
    ]


def many_machines(number: int) -> list[Json]:
    """Return so many machines in areas of fifty; one in twenty is off target, one in a hundred stands."""
    each = []
    for n in range(number):
        status = "stopped" if n % 100 == 41 else "below_target" if n % 20 == 7 else "on_target"
        status = "no_data" if n % 90 == 3 else status
        each.append(machine(n + 1, f"Cell {n + 1}", f"Line {n // 50 + 1}", status))
    return each


def need(kind: str, asset: Json | None, **values: Any) -> Json:
    named = {
        "asset_id": asset and asset["asset_id"],
        "asset": asset and asset["name"],
        "area": asset and asset["area"],
    }
    return {"kind": kind, **named, "since": at(minutes=26), **values}


def needs(all_: list[Json]) -> list[Json]:
    by_name = {one["name"]: one for one in all_}
    safety = {
        "safety_event_id": 9,
        "severity": "critical",
        "reason": "Guard open during cycle",
        "is_acknowledged": False,
    }
    losses = {
        "Weld B2": (-58, 3, "Tip dressing", 9),
        "Base coat": (-41, 2, "Colour change", 12),
        "Chassis 2": (-17, 1, None, None),
    }
    return [
        need("safety", by_name["Press 4"], **safety),
        need(
            "stopped",
            by_name["Press 4"],
            minutes=26,
            reason="Safety stop",
            slots=2,
            units=160,
            target=264,
            difference=-104,
        ),
        *(
            need("below", by_name[name], difference=lost, slots=slots, reason=reason, reason_minutes=minutes)
            for name, (lost, slots, reason, minutes) in losses.items()
        ),
        need("no_data", by_name["Oven 2"], slots=3),
    ]


def board(all_: list[Json] | None = None, needs_you: list[Json] | None = None, **values: Any) -> Json:
    each = machines() if all_ is None else all_
    wanted = (needs(each) if all_ is None else []) if needs_you is None else needs_you
    counts = {status: sum(one["status"] == status for one in each) for status in _ENDING}
    planned = len(each) - counts["no_data"] - counts["not_planned"]
    shift = {
        "name": "Early",
        "starts_at": "2026-03-11T05:00:00+00:00",
        "ends_at": "2026-03-11T13:00:00+00:00",
    }
    reasons = [("Safety stop", 26), ("Colour change", 12), ("Tip dressing", 9), (None, 4)]
    sum_of_shift = {
        "units": 6411,
        "target": 6631,
        "difference": -220,
        "is_below": True,
        "shift_target": 11020,
        "projected": 10654,
        "downtime_minutes": 63,
        "assets": planned,
        "slots_missing": 0,
        "reasons": [{"reason": reason, "minutes": minutes, "stops": 1} for reason, minutes in reasons],
    }
    safety = sum(one["kind"] == "safety" for one in wanted)
    return {
        **head(),
        **fresh(),
        "poll": poll(),
        "shift": {**shift, "elapsed": 0.594, "assets": planned},
        "shifts": [],
        "shift_so_far": sum_of_shift,
        "counts": {
            **counts,
            "assets": len(each),
            "planned": planned,
            "off_target": counts["below_target"] + counts["stopped"],
        },
        "oee": {
            "window": 0.71,
            "assets": planned,
            "shift": 0.74,
            "slots": [0.7 + n * 7 % 11 / 100 for n in range(31)] + [None],
        },
        "safety": {
            "open": safety,
            "unacknowledged": safety,
            "as_of": AS_OF.isoformat(),
            "stale_after": (AS_OF + timedelta(minutes=30)).isoformat(),
        },
        "strip_from": at(hours=8),
        "strip_slots": 32,
        "needs_you_total": len(wanted),
        "needs_you": wanted,
        "machines": each,
        **values,
    }


def asset() -> Json:
    press = next(one for one in machines() if one["name"] == "Press 4")
    marks = "=" * 12 + "-" * 28 + "=" * 16 + "<<<" + "=" * 14 + "." + "=" * 20 + "!!"
    return {
        **head(),
        **fresh(),
        "asset": {
            "asset_id": press["asset_id"],
            "name": "Press 4",
            "source_name": "PRESS_04",
            "area": "Stamping",
            "is_active": True,
            "is_mapped": True,
        },
        "machine": press,
        "day": {"oee": 0.74, "units": 4012, "target": 4200, "downtime_minutes": 88},
        "slots": [_slot(mark, n) for n, mark in enumerate(marks[-96:])],
        "stops": [
            {
                "reason": "Safety stop",
                "since": at(minutes=26),
                "until": None,
                "minutes": 26,
                "shift_minutes": 26,
            },
            {
                "reason": None,
                "since": at(hours=9),
                "until": at(hours=8.8),
                "minutes": 12,
                "shift_minutes": None,
            },
        ],
        "safety": [],
    }


def _slot(mark: str, n: int) -> Json:
    status = {"=": "on_target", "<": "below_target", "!": "stopped", "-": "not_planned", ".": "no_data"}[mark]
    units = {"=": 57 + n * 7 % 9, "<": 38, "!": 0, "-": 0, ".": None}[mark]
    return {
        "at": (AS_OF - timedelta(minutes=15 * (95 - n))).isoformat(),
        "mark": mark,
        "status": status,
        "units": units,
        "target": {"-": 0, ".": None}.get(mark, 60),
        "oee": None if mark in "-." else (units or 0) / 74,
        "downtime_minutes": None if mark == "." else 15 if mark == "!" else 0,
        "headcount": None if mark == "." else 2,
        "is_catch_up": n == 80,
    }


def incident(number: int, **values: Any) -> Json:
    return {
        "id": number,
        "asset_id": 4,
        "asset": "Press 4",
        "area": "Stamping",
        "at": at(minutes=26),
        "reason": "Guard open during cycle",
        "severity": "critical",
        "downtime_minutes": 26,
        "details": "Operator side, gate 2",
        "recorded_at": at(minutes=20),
        "is_acknowledged": False,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
        "resolved_by": None,
        "resolution": None,
        **values,
    }


def safety(**values: Any) -> Json:
    seen = {"is_acknowledged": True, "acknowledged_at": at(hours=20), "acknowledged_by": "a.berg@example.com"}
    done = {
        **seen,
        "resolved_at": at(hours=19),
        "resolved_by": "m.lee@example.com",
        "resolution": "Light curtain cleaned, tested twice.",
    }
    return {
        **head(),
        "as_of": AS_OF.isoformat(),
        "stale_after": (AS_OF + timedelta(minutes=30)).isoformat(),
        "may_sign": True,
        "counts": {"unacknowledged": 1, "open": 2, "resolved": 2},
        "open": [
            incident(9),
            incident(8, reason="Light curtain", severity="high", at=at(hours=21), details=None, **seen),
        ],
        "open_left_off": 0,
        "resolved": [incident(n, reason="E-STOP", at=at(days=n), **done) for n in (1, 2)],
        "resolved_left_off": 0,
        **values,
    }


def report() -> Json:
    total = {
        "units": 32220,
        "planned_units": 31720,
        "target": 33010,
        "reached": 0.961,
        "oee": 0.743,
        "downtime_minutes": 408,
        "unexplained_minutes": 51,
        "scrap": 412,
        "loss": 18420,
    }
    losses = [
        ("Weld B2", "stops", 71, 4310, "Tip dressing"),
        ("Base coat", "unexplained", 58, 3870, None),
        ("Press 4", "scrap", 412, 2060, None),
    ]
    reasons = [
        ("Tip dressing", 132, False),
        ("Colour change", 118, False),
        ("No material", 74, False),
        (None, 51, False),
        ("Cleaning", 33, True),
    ]
    days = [(datetime(2026, 2, 25, tzinfo=UTC) + timedelta(days=n)).date().isoformat() for n in range(14)]
    return {
        **head(),
        "day": "2026-03-10",
        "before": "2026-03-09",
        "after": None,
        "newest": "2026-03-10",
        "stale_after": at(hours=-20),
        "made_at": "2026-03-11T05:00:00+00:00",
        "corrected_at": "2026-03-11T08:14:00+00:00",
        "currency": "USD",
        "total": total,
        "day_before": {**total, "oee": 0.762},
        "week_before": {**total, "oee": 0.731},
        "costs": {
            "is_by_cost": True,
            "losses": [
                {
                    "asset_id": n,
                    "asset": asset,
                    "kind": kind,
                    "amount": amount,
                    "cost": cost,
                    "reason": reason,
                }
                for n, (asset, kind, amount, cost, reason) in enumerate(losses)
            ],
        },
        "reasons": [
            {"reason": reason, "minutes": minutes, "is_planned": is_planned}
            for reason, minutes, is_planned in reasons
        ],
        "days": [
            {
                "day": day,
                "oee": None if n == 4 else 0.7 + n * 5 % 11 / 100,
                "reached": 0.95,
                "has_report": n != 4,
            }
            for n, day in enumerate(days)
        ],
        "machines": [_row(one) for one in machines() if one["units"] is not None],
        "unmapped": ["PRESS_99"],
    }


def _row(one: Json) -> Json:
    units, target = one["units"] * 16, one["target"] * 16
    return {
        "asset_id": one["asset_id"],
        "asset": one["name"],
        "area": one["area"],
        "units": units,
        "target": target,
        "is_below": one["status"] == "below_target",
        "oee": one["oee"],
        "availability": 0.93,
        "performance": 0.89,
        "quality": 0.98,
        "downtime_minutes": 14,
        "scrap": 3,
        "loss": 610,
        "text": f"{one['name']} made {units:,} of {target:,} units. 14 minutes were lost to Tip dressing.",
    }


def pipelines() -> Json:
    def one(name: str, strip: str, **values: Any) -> Json:
        return {
            "pipeline": name,
            "plant": "northfield",
            "state": "running",
            "since": None,
            "next_at": at(minutes=-11),
            "interval_minutes": 15,
            "is_data_behind": False,
            "last_success_at": at(minutes=4),
            "running_since": None,
            "consecutive_failures": 0,
            "last_error": None,
            "day": {"executed": 96, "failed": 2, "p50_ms": 1900, "p95_ms": 4200},
            "strip": strip,
            "strip_from": at(hours=24),
            **values,
        }

    run = {
        "pipeline": "live_pulse",
        "plant": "northfield",
        "is_retryable": True,
        "warnings": [],
        "error_code": None,
        "error_message": None,
    }
    late = {
        "state": "late",
        "since": at(minutes=47),
        "interval_minutes": 60,
        "plant": None,
        "consecutive_failures": 1,
    }
    return {
        **head(),
        "looked_at": at(minutes=1),
        "stale_after": at(minutes=-2),
        "pipelines": [
            one("live_pulse", "#" * 41 + "xx" + "#" * 27 + "~" + "#" * 24 + ">"),
            one(
                "morning_report",
                "#",
                interval_minutes=1440,
                day={"executed": 1, "failed": 0, "p50_ms": 6100, "p95_ms": 6100},
            ),
            one(
                "cleanup",
                "#" * 23 + ".",
                **late,
                last_error={"code": "store_unavailable", "at": at(minutes=40)},
            ),
        ],
        "runs": [
            {
                **run,
                "run_id": 790,
                "slot": at(hours=13.8),
                "status": "failed",
                "error_code": "source_unavailable",
                "error_message": "SQL Server at 10.2.0.4:1433 did not answer within 10 s",
                "started_at": at(hours=13.8),
                "duration_ms": 10400,
                "made_up_at": at(hours=13.5),
            },
            {
                **run,
                "run_id": 801,
                "slot": at(hours=6.3),
                "status": "partial",
                "warnings": ["rows_rejected"],
                "started_at": at(hours=6.3),
                "duration_ms": 2000,
                "made_up_at": None,
            },
        ],
        "runs_left_off": 0,
    }


def alert(number: int, rule: str, severity: str, **values: Any) -> Json:
    return {
        "id": number,
        "plant": "northfield",
        "scope": "live_pulse",
        "rule": rule,
        "subject": "",
        "fingerprint": f"live_pulse/northfield/{rule}",
        "severity": severity,
        "facts": {},
        "opened_at": at(minutes=50),
        "last_seen_at": at(minutes=1),
        "reopened": 0,
        "is_event": False,
        "is_acknowledged": False,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
        "silenced_until": None,
        "may_acknowledge": True,
        **values,
    }


def alerts() -> Json:
    incident_facts = {"asset": "Press 4", "reason_code": "Guard open during cycle"}
    seen = {"is_acknowledged": True, "acknowledged_at": at(hours=2), "acknowledged_by": "a.berg@example.com"}
    opened = {"at": at(minutes=50), "what": "opened", "by": None, "channel": None, "occasion": None}
    open_ones = [
        alert(31, "safety_event", "critical", scope="safety", facts=incident_facts),
        alert(32, "overdue", "critical", scope="cleanup"),
        alert(33, "no_output", "warning", facts={"asset": "Weld B2"}, reopened=2, **seen),
        alert(34, "ideal_rate", "info"),
    ]
    return {
        **head(),
        "as_of": at(minutes=1),
        "stale_after": at(minutes=-2),
        "may_silence": True,
        "counts": {"open": 4, "critical": 2, "unacknowledged": 3},
        "open": [{**one, "steps": [opened]} for one in open_ones],
        "over": [
            alert(
                n, "run_failed", "warning", facts={"error": "source_unavailable"}, resolved_at=at(minutes=10)
            )
            for n in (1, 2)
        ],
        "open_left_off": [],
        "over_left_off": 0,
        "silences": [
            {
                "id": 5,
                "plant": "northfield",
                "rule": "no_output",
                "fingerprint": None,
                "starts_at": at(hours=1),
                "ends_at": at(hours=-3),
                "why": "Maintenance of the line",
                "created_by": "m.lee@example.com",
                "is_active": True,
                "may_end": True,
            }
        ],
    }


def energy() -> Json:
    start = datetime(2026, 3, 9, 10, tzinfo=UTC)

    def one(key: str, unit: str, base: float, **values: Any) -> Json:
        figures: list[float | None] = [round(base * (1 + (n % 96 - 48) ** 2 / 9000), 1) for n in range(190)]
        figures[30:34] = [None, None, None, None]
        return {
            "key": key,
            "kind": "load",
            "subject": "BE",
            "source": "entsoe",
            "unit": unit,
            "time_zone": "Europe/Brussels",
            "group": key,
            "minutes": 15,
            "newest_at": at(minutes=19),
            "until": at(minutes=4),
            "value": figures[-1],
            "is_stale": False,
            "stale_since": None,
            "open_gaps": 0,
            "quality": {"day": "2026-03-10", "completeness": 1, "timeliness": 0.98, "accuracy": 1},
            "points": [
                {"start": start.isoformat(), "minutes": 15, "values": figures[:100]},
                {"start": (start + timedelta(hours=27)).isoformat(), "minutes": 15, "values": figures[108:]},
            ],
            **values,
        }

    return {
        "now": NOW.isoformat(),
        "looked_at": at(minutes=1),
        "stale_after": at(minutes=-2),
        "pipelines": [
            {
                "pipeline": "energy_actuals",
                "state": "late",
                "since": at(minutes=34),
                "next_at": at(minutes=-11),
                "last_success_at": at(minutes=49),
            }
        ],
        "subjects": ["BE", "DE"],
        "subject": "BE",
        "series": [
            one("BE/day-ahead price", "EUR/MWh", 84),
            one("BE/load", "MW", 9100, open_gaps=1),
            one("BE/wind", "MW", 1900, is_stale=True, stale_since=at(days=3)),
        ],
        "points_from": at(hours=48),
        "points_until": at(hours=-24),
        "gaps": [
            {
                "group": "BE/load",
                "starts_at": at(hours=21.8),
                "ends_at": at(hours=19.8),
                "state": "open",
                "attempts": 2,
                "next_attempt_at": at(minutes=-20),
                "reason": None,
            }
        ],
        "gaps_left_off": 0,
    }


def tags(**values: Any) -> Json:
    def one(number: int, name: str, **group: Any) -> Json:
        return {
            "id": number,
            "name": name,
            "mode": "fixed",
            "interval_ms": 1000,
            "driver": "modbus",
            "address": "modbus://plc",
            "active": True,
            "tag_count": 48,
            "state": "polling",
            "runner": "cloud",
            "last_poll_at": at(seconds=1),
            "last_good_at": at(seconds=1),
            "stale_after": at(seconds=-9),
            "last_error_code": None,
            "failing_since": None,
            "queue_length": 3 * number,
            "queue_limit": 600,
            "dropped_count": 0,
            "read_ms": 9.2 * number,
            "command": None,
            "sample": {"at": at(seconds=1), "quality": 0, "read_ms": 9},
            "tags": [
                {"name": "Temperature", "unit": "°C", "value": 21.53, "quality": 0},
                {"name": "Door closed", "unit": None, "value": True, "quality": 0},
                {"name": "Pressure", "unit": "bar", "value": None, "quality": 4},
            ],
            "tags_left_off": 0,
            **group,
        }

    stopped = {
        "kind": "stop",
        "requested_at": at(hours=2),
        "requested_by": "a.berg@example.com",
        "done_at": at(hours=2),
    }
    trouble = {
        "state": "failing",
        "failing_since": at(minutes=9),
        "last_error_code": "device_timed_out",
        "last_good_at": at(minutes=9),
    }
    return {
        **head(),
        "may_command": True,
        "groups": [
            one(1, "press-counts"),
            one(2, "weld-energy", driver="slmp", interval_ms=2000, **trouble),
            one(
                3,
                "recipes",
                mode="handshake",
                state="waiting",
                queue_length=None,
                read_ms=None,
            ),
            one(4, "packing", active=False, state="stopped", command=stopped, last_good_at=at(hours=2)),
        ],
        **values,
    }


def tag_history() -> Json:
    return {
        **head(),
        "groups": [
            {
                "id": number,
                "name": name,
                "history": {
                    "from": at(minutes=61),
                    "minutes": 60,
                    "samples": [60] * 60,
                    "bad": [0] * 60,
                    "read_ms": [None if 20 < n < 24 else 9.0 * number + n * 7 % 5 for n in range(60)],
                },
            }
            for number, name in enumerate(("press-counts", "weld-energy"), 1)
        ],
    }


def documents() -> dict[str, Json]:
    """Return what each function answers."""
    return {
        "board_plants": plants(),
        "board": board(),
        "board_asset": asset(),
        "board_safety": safety(),
        "board_report": report(),
        "board_pipelines": pipelines(),
        "board_alerts": alerts(),
        "board_energy": energy(),
        "board_tags": tags(),
        "board_tag_history": tag_history(),
    }
