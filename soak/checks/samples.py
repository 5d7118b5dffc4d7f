"""No sample of a machine is stored twice, and none is stored as good that the machine did not have then."""

from datetime import datetime, timedelta
from typing import Final

from soak.checks.view import View
from soak.ledger import Broken

INTERVAL: Final = timedelta(seconds=10)
# A clock is set as exactly as the answer was quick; until an exact one has come a sample may be read.
_UNSURE: Final = timedelta(seconds=20)
_SAMPLES: Final = """
select s.group_id, s.slot, s.quality, s."values"[1] as value
from public.tag_samples as s
order by s.group_id, s.slot
"""


def check_samples(view: View, start: datetime) -> None:
    """Check all samples; the machine's tag shows the seconds since `start`. Raises: Broken."""
    left = list(view.ledger.shown)
    last: datetime | None = None
    for row in view.rows(_SAMPLES):
        if last and INTERVAL < row["slot"] - last < timedelta(hours=1):
            view.checked["slots of machines without a sample"] += (row["slot"] - last) // INTERVAL - 1
        last = row["slot"]
        if row["value"] is None:
            view.checked["samples of machines that are bad"] += 1
            continue
        value = round(row["value"])
        if value not in left:
            raise Broken(f"the sample of {last} is {value}, which the machine has shown to nobody else")
        left.remove(value)
        shown_at = start + timedelta(seconds=value)
        if not last - _UNSURE <= shown_at <= last + INTERVAL + _UNSURE:
            raise Broken(f"the sample of {last} is what the machine showed at {shown_at}")
        view.checked["samples of machines"] += 1
