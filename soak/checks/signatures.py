"""What people have signed stays signed by who was first, whatever polls read later; no more is signed."""

from collections.abc import Mapping
from typing import Final

from soak.checks.view import View
from soak.ledger import Broken
from soak.people import Signature

_SIGNED: Final = """
select
  e.id, e.is_acknowledged, e.acknowledged_by_name, e.is_resolved, e.resolved_by_name, e.resolution,
  count(a.id) filter (where a.resolved_at is null) as open_alerts
from public.safety_events as e
left join public.alerts as a on a.safety_event_id = e.id
group by e.id
"""


def check_signatures(view: View, signed: Mapping[int, Signature]) -> None:
    """Check the signatures of all incidents. Raises: Broken."""
    for row in view.rows(_SIGNED):
        own = signed.get(row["id"])
        expected = (own.acknowledged_by, own.resolved_by, own.words) if own else (None, None, None)
        if (row["acknowledged_by_name"], row["resolved_by_name"], row["resolution"]) != expected:
            raise Broken(f"incident {row['id']} is signed {row}, and people have signed {own}")
        is_resolved = own is not None and own.resolved_by is not None
        if (row["is_acknowledged"], row["is_resolved"]) != (own is not None, is_resolved):
            raise Broken(f"incident {row['id']} is {row}, and people have signed {own}")
        if own and row["open_alerts"]:
            raise Broken(f"incident {row['id']} is signed by {own.acknowledged_by}, and its alert is open")
        view.checked["incidents signed"] += own is not None
        view.checked["incidents not signed"] += own is None
    if missing := signed.keys() - {row["id"] for row in view.rows(_SIGNED)}:
        raise Broken(f"incidents {sorted(missing)} were signed, and are gone")
