"""No run is left behind: each one that is stored was claimed, and ended as the ledger says."""

from datetime import datetime, timedelta
from typing import Final

from soak.checks.view import View
from soak.ledger import Broken, Claim

_RUNS: Final = """
select id, pipeline, plant, slot, status, fence::text
from public.pipeline_runs
where started_at >= %s and started_at < %s
"""
_CLOCKS: Final = timedelta(seconds=2)  # what the clocks of two processes may differ by
_DONE: Final = {"succeeded", "partial"}


def check_runs(view: View, start: datetime, until: datetime) -> None:
    """Check the runs that began in a span. Raises: Broken."""
    done = set[tuple[str, str, datetime]]()
    for run in view.rows(_RUNS, start, until):
        scope = (run["pipeline"], run["plant"])
        claim = view.ledger.claims.get(run["fence"])
        if claim is None:
            raise Broken(f"run {run['id']} of {scope} was claimed by nobody")
        is_last = view.ledger.holders[scope] is claim or claim.is_overlapping
        if run["status"] == "running" and (not is_last or _was_due(view, claim)):
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


def _was_due(view: View, claim: Claim) -> bool:
    """Say whether a call that met no fault came behind the lease, for a later slot: it takes over."""
    slot, came_at = view.ledger.called.get(claim.scope, (claim.claimed_at, claim.claimed_at))
    return came_at > claim.lease_until + _CLOCKS and (claim.slot is None or slot > claim.slot)
