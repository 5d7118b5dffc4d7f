"""No run is left behind: each one that is stored was claimed, and ended as the ledger says."""

from datetime import datetime, timedelta
from typing import Final

from soak.checks.view import View
from soak.ledger import Broken

_RUNS: Final = """
select id, pipeline, plant, slot, status, fence::text
from public.pipeline_runs
where started_at >= %s and started_at < %s
"""
# How long nobody may come who would take over, by pipeline: the time between two slots, and some.
_TAKEN_OVER_WITHIN: Final = {
    "morning_report": timedelta(hours=26),
    "series_backfill": timedelta(hours=26),
    "tags": timedelta(hours=26),
    "energy_forecasts": timedelta(hours=7),
    "series_gaps": timedelta(hours=5),
}
_OTHERS_WITHIN: Final = timedelta(hours=2)
_DONE: Final = {"succeeded", "partial"}


def check_runs(view: View, start: datetime, until: datetime, now: datetime, *, is_end: bool) -> None:
    """Check the runs that began in a span; at the end none may be left running. Raises: Broken."""
    done = set[tuple[str, str, datetime]]()
    for run in view.rows(_RUNS, start, until):
        scope = (run["pipeline"], run["plant"])
        claim = view.ledger.claims.get(run["fence"])
        if claim is None:
            raise Broken(f"run {run['id']} of {scope} was claimed by nobody")
        is_last = view.ledger.holders[scope] is claim or claim.is_overlapping
        taken_over_by = claim.lease_until + _TAKEN_OVER_WITHIN.get(run["pipeline"], _OTHERS_WITHIN)
        if run["status"] == "running" and (not is_last or (is_end and now > taken_over_by)):
            raise Broken(f"run {run['id']} of {scope} is left running past {claim.lease_until}")
        if (run["status"] in {*_DONE, "failed"}) != claim.is_ended:
            told = "ended" if claim.is_ended else "not ended"
            raise Broken(f"run {run['id']} of {scope} is {run['status']}, and had {told}")
        if run["slot"] and run["status"] in _DONE:
            key = (*scope, run["slot"])
            if key in done:
                raise Broken(f"slot {run['slot']} of {scope} succeeded twice")
            done.add(key)
        view.checked[f"runs {run['status']}"] += 1
