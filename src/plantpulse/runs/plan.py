"""The plan of an invocation, made before anything is claimed or read, and its claim."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from plantpulse import __version__
from plantpulse.errors import InternalError
from plantpulse.late_dataclasses import dataclass, field
from plantpulse.schedules.slots import Window

Json = Any
Trigger = Literal["schedule", "manual"]

# A lease lasts this much longer than its run's time-out, so that a run near its end is not taken over.
LEASE_MARGIN_S: Final = 30


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The plan of an invocation, made before anything is claimed or read.

    `slot` is None for a manual run; `at` is the time stamp of its data, the slot or now. `window` is the span
    that it reads, None for a pipeline that reads none. `wants` names the parts of the plant model that the
    claim returns, `recent_slots` the slots for which it returns fingerprints, `asks` what else the pipeline's
    claim contains. `slots` are the past slots that a person asked for, newest first; empty for other runs.
    """

    pipeline: str
    plant: str
    trigger: Trigger
    slot: datetime | None
    at: datetime
    lease_s: int
    window: Window | None = None
    wants: tuple[str, ...] = ()
    recent_slots: tuple[datetime, ...] = ()
    asks: Mapping[str, Json] = field(default_factory=dict)
    slots: tuple[datetime, ...] = ()
    is_dry_run: bool = False
    idempotency_key: str | None = None
    requested_by: str | None = None

    def as_claim(self, fence: str) -> dict[str, Json]:
        """Return the argument of `claim_run`."""
        return {
            "pipeline": self.pipeline,
            "plant": self.plant,
            "trigger": self.trigger,
            "slot": text_of(self.slot),
            "fence": fence,
            "idempotency_key": self.idempotency_key,
            "requested_by": self.requested_by,
            "lease_s": self.lease_s,
            "window_start": text_of(self.window.start if self.window else None),
            "window_until": text_of(self.window.until if self.window else None),
            "code_version": __version__,
            "is_dry_run": self.is_dry_run,
            "wants": [*self.wants, "failures"],
            "recent_slots": [slot.isoformat() for slot in self.recent_slots],
            "span": span_of(self.slots),
            **self.asks,
        }

    def require_window(self) -> Window:
        """Return the span to read. Raises: InternalError for a pipeline that reads none."""
        if self.window is None:
            raise InternalError(f"a run of {self.pipeline} has no window")
        return self.window


def span_of(slots: Sequence[datetime]) -> dict[str, str] | None:
    """Return the first and the last slot, as text for reports and claims; None without slots."""
    return {"from": min(slots).isoformat(), "until": max(slots).isoformat()} if slots else None


def text_of(instant: datetime | None) -> str | None:
    """Return an instant as text for reports and claims; None for None."""
    return instant.isoformat() if instant else None
