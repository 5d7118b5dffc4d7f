"""What a plant's rows in Supabase say after a poll, and what of it may be."""

from dataclasses import dataclass, replace
from enum import Enum
from itertools import zip_longest
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import tuple_row

from soak.cuts.cases import CORRUPTING, Case
from soak.cuts.process import Reply

ALLOWED_S: Final = 5.0  # after its time-out a run has ended
_QUERIES: Final[dict[str, LiteralString]] = {
    "runs": """
        select jsonb_build_object(
            'status', status, 'error_code', error_code, 'warnings', report -> 'warnings'
        )
        from public.pipeline_runs where plant = %s order by id offset 1
    """,
    "snapshots": """
        select jsonb_build_object('asset', a.source_name) || to_jsonb(s) - '{id, asset_id, run_id}'::text[]
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.plant = %s
        order by s.snapshot_timestamp, a.source_name
    """,
    "incidents": """
        select jsonb_build_object('asset', a.source_name) || to_jsonb(e)
            - '{id, plant, asset_id, run_id, recorded_at, updated_at, incident_key}'::text[]
        from public.safety_events as e
        join public.assets as a on a.id = e.asset_id
        where e.plant = %s
        order by e.event_timestamp, e.identity
    """,
    "rejected": "select jsonb_build_object('query', query) from public.rejected_records where plant = %s",
    "assets": "select to_jsonb(source_name) from public.assets where plant = %s order by id offset 3",
}


@dataclass(frozen=True)
class Stored:
    """A plant's rows, without ids and without the times at which they were written."""

    runs: list[dict[str, Any]]
    snapshots: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    assets: list[str]

    @classmethod
    def of(cls, connection: psycopg.Connection[Any], plant: str) -> "Stored":
        """Read a plant's rows."""
        with connection.cursor(row_factory=tuple_row) as cursor:
            return cls(
                **{
                    name: [row[0] for row in cursor.execute(query, [plant]).fetchall()]
                    for name, query in _QUERIES.items()
                }
            )

    def at(self, slot: str) -> list[dict[str, Any]]:
        """Return the snapshots of a slot, whether it was caught up or not."""
        return [
            {name: value for name, value in snapshot.items() if name != "is_catch_up"}
            for snapshot in self.snapshots
            if snapshot["snapshot_timestamp"] == slot
        ]


class Outcome(Enum):
    """What came of a broken poll."""

    FAILED = "failed, nothing of its slot stored"
    HARMLESS = "succeeded, all of it right"
    ALTERED_AND_SEEN = "other data stored, and noticed"
    ALTERED = "other data stored, unnoticed"
    PROCESS_ENDED = "its process was ended"
    HELD_UP = "not judged: the machine had no time"
    BROKEN = "broken"


def judge(case: Case, timeout_s: float, reply: Reply, stored: Stored, truth: Stored) -> tuple[Outcome, str]:
    """Return what came of a poll, and what is wrong about it or about what it stored."""
    wrong = _wrong_with(timeout_s, reply, stored)
    if wrong:
        is_excused = reply.took_s > timeout_s > reply.took_s - reply.held_up_s
        return (Outcome.HELD_UP if is_excused else Outcome.BROKEN), wrong
    if reply.exit_code is not None:
        return Outcome.PROCESS_ENDED, ""
    return _judge_data(case, stored, truth)


def _judge_data(case: Case, stored: Stored, truth: Stored) -> tuple[Outcome, str]:
    """Return what came of a poll that has ended. TLS alone notices bytes that were altered on their way."""
    [run], [true_run] = stored.runs, truth.runs
    is_failed = run["status"] == "failed"
    if is_failed:
        truth = replace(truth, snapshots=[], incidents=truth.incidents if stored.incidents else [])
    others = _differences(stored, truth)
    if not others and (is_failed or run["status"] == true_run["status"]):
        return (Outcome.FAILED if is_failed else Outcome.HARMLESS), ""
    told = ", ".join([run["status"], *others])
    if case.setting.is_encrypted or case.harm not in CORRUPTING or (is_failed and stored.snapshots):
        return Outcome.BROKEN, told
    is_noticed = is_failed or run["status"] == "partial" or run["warnings"] != true_run["warnings"]
    is_noticed |= bool(stored.rejected or stored.assets)
    return (Outcome.ALTERED_AND_SEEN if is_noticed else Outcome.ALTERED), told


def _differences(stored: Stored, truth: Stored) -> list[str]:
    """Return what people and pages read that is not true, value by value: `8 for 7`."""
    found = []
    for name in ("snapshots", "incidents", "rejected", "assets"):
        for ours, true in zip_longest(getattr(stored, name), getattr(truth, name)):
            if isinstance(ours, dict) and isinstance(true, dict):
                found += [f"{key} {ours[key]!r} for {true[key]!r}" for key in true if ours[key] != true[key]]
            elif ours != true:
                found.append(f"{name} {ours!r} for {true!r}")
    return found


def _wrong_with(timeout_s: float, reply: Reply, stored: Stored) -> str:
    """Return what must not be, whatever was broken."""
    if reply.status is None and reply.exit_code is None:
        return reply.told
    if reply.took_s > timeout_s + ALLOWED_S:
        return f"it ended after {reply.took_s:.1f} s, and its time-out is {timeout_s} s. {reply.told}"
    if [run["status"] for run in stored.runs] not in (["failed"], ["succeeded"], ["partial"]):
        return f"its runs are {stored.runs}, its answer was {reply}"
    if stored.runs[0]["error_code"] == "internal_error":
        return f"no error of ours: {reply.told}"
    left = {"threads": reply.threads, "descriptors": reply.descriptors, "files": reply.files}
    if max(left.values()) > 0:
        return f"left were {', '.join(f'{number} {what}' for what, number in left.items())}: {reply.told}"
    return ""
