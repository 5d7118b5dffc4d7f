"""What a channel is asked to tell, as it was claimed, and how that is put together into messages. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import Any, Literal

from plantpulse.settings.alerts import SEVERITIES, AlertSeverity

Json = Any
# What there is to tell, the most urgent first.
DueOccasion = Literal["fired", "worse", "repeat", "over", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One alert that is due on a channel. `recipients`: only these, because the others have the message."""

    notification_id: int
    occasion: DueOccasion
    severity: AlertSeverity
    told_times: int
    attempts: int
    alert_id: int
    fingerprint: str
    rule: str
    plant: str
    scope: str
    subject: str
    facts: Mapping[str, Json]
    opened_at: datetime
    resolved_at: datetime | None
    reopened: int
    acknowledged_by: str | None
    recipients: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, claimed: Mapping[str, Json]) -> "Item":
        """Return an item of the answer to claim_notifications; unknown fields are ignored."""
        known = {name: claimed[name] for name in cls.__slots__ if name in claimed}
        known["opened_at"] = datetime.fromisoformat(claimed["opened_at"])
        ended = claimed["resolved_at"]
        known["resolved_at"] = datetime.fromisoformat(ended) if ended else None
        known["recipients"] = tuple(claimed["recipients"]) if claimed.get("recipients") else None
        return cls(**known)

    @property
    def is_over(self) -> bool:
        """Say whether the message says that something has ended."""
        return self.occasion in {"resolved", "over"}


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one message, the worst first. A digest has items of several plants or rules."""

    items: Sequence[Item]
    is_digest: bool = False

    @property
    def key(self) -> str:
        """Return what is the same for every try of this message, and for no other one."""
        parts = sorted(f"{one.alert_id}/{one.occasion}/{one.severity}/{one.told_times}" for one in self.items)
        return sha256(" ".join(parts).encode()).hexdigest()[:32]

    @property
    def thread(self) -> str:
        """Return what all messages about the same have in common: that of the oldest alert."""
        oldest = min(self.items, key=lambda one: one.alert_id)
        return f"{oldest.fingerprint}#{oldest.alert_id}"

    @property
    def severity(self) -> AlertSeverity:
        """Return the worst severity of its items."""
        return max((one.severity for one in self.items), key=SEVERITIES.index)

    @property
    def is_first(self) -> bool:
        """Say whether none of it was told before."""
        return all(one.told_times == 0 for one in self.items)


def groups_of(items: Sequence[Item], *, is_single: bool, most: int) -> list[Group]:
    """Return the messages for items that are due, at most `most`, and never none for an incident.

    A plant's alerts of one rule are one message, unless the channel wants each alone. What does not fit into
    the messages that the hour has left becomes one digest at the end.
    """
    groups = [Group([one]) for one in items] if is_single else list(_by_plant_and_rule(items))
    if len(groups) <= most or is_single:
        return groups
    kept = max(0, most - 1)
    incidents = [group for group in groups[kept:] if group.items[0].rule == "safety_event"]
    rest = [one for group in groups[kept:] if group not in incidents for one in group.items]
    return [*groups[:kept], *incidents, *([Group(rest, is_digest=True)] if rest else [])]


def _by_plant_and_rule(items: Iterable[Item]) -> Iterable[Group]:
    def what(one: Item) -> tuple[str, str, bool, tuple[str, ...]]:
        return one.plant, one.rule, one.is_over, one.recipients or ()

    found = [Group(list(part)) for _, part in groupby(sorted(items, key=what), key=what)]
    return sorted(
        found,
        key=lambda group: (-SEVERITIES.index(group.severity), min(one.opened_at for one in group.items)),
    )
