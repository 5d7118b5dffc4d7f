"""Rules about groups of machine tags: health looks at all groups of a plant at once. Pure.

Each group is a subject of its own. So a group that fails is one alert, however many others do well or badly.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from plantpulse.alerts.sights import Fires, Firing
from plantpulse.settings import Rule

MOST_GROUPS: Final = 50  # so many alerts tell the story of a plant that cannot be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSight:
    """A group that may be in trouble. `failing_since`: since when every slot has failed.

    `unheard_since`: since when nobody polls it. `queue_highest`: the most samples that waited lately.
    """

    name: str
    failing_since: datetime | None = None
    error_code: str | None = None
    error: str | None = None
    queue_highest: int | None = None
    queue_limit: int | None = None
    dropped_at: datetime | None = None
    dropped_count: int = 0
    unheard_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsSight:
    """The groups of a plant that may be in trouble; every other one does well."""

    plant: str
    now: datetime
    groups: Sequence[GroupSight] = ()


def tag_group_failing(sight: TagsSight, rule: Rule) -> Fires:
    """Fire for each group of which every slot has failed for `threshold` minutes."""
    return _first(
        Firing(
            {
                "group": group.name,
                "failing_since": since.isoformat(),
                "error": group.error_code,
                "message": group.error,
            },
            subject=group.name,
        )
        for group in sight.groups
        if (since := group.failing_since) is not None and _is_over(sight.now - since, rule)
    )


def tag_queue_filling(sight: TagsSight, rule: Rule) -> Fires:
    """Fire for each group with `threshold` percent of its queue in use: Supabase takes less than comes."""
    return _first(
        Firing({"group": group.name, "waiting": waiting, "limit": limit}, subject=group.name)
        for group in sight.groups
        if (waiting := group.queue_highest) is not None
        and (limit := group.queue_limit)
        and waiting * 100 >= limit * (rule.threshold or 0)
    )


def tag_samples_dropped(sight: TagsSight, rule: Rule) -> Fires:
    """Fire for each group that dropped samples within `threshold` minutes."""
    return _first(
        Firing(
            {"group": group.name, "dropped": group.dropped_count, "dropped_at": at.isoformat()},
            subject=group.name,
        )
        for group in sight.groups
        if (at := group.dropped_at) is not None and sight.now - at < timedelta(minutes=rule.threshold or 0)
    )


def tag_burst_missing(sight: TagsSight, rule: Rule) -> Fires:
    """Fire for each group that nobody has polled for `threshold` minutes."""
    return _first(
        Firing({"group": group.name, "unheard_since": since.isoformat()}, subject=group.name)
        for group in sight.groups
        if (since := group.unheard_since) is not None and _is_over(sight.now - since, rule)
    )


RuleOfTags = Callable[[TagsSight, Rule], Fires]


def _is_over(span: timedelta, rule: Rule) -> bool:
    return span >= timedelta(minutes=rule.threshold or 0)


def _first(firing: Iterable[Firing]) -> list[Firing]:
    return list(firing)[:MOST_GROUPS]
