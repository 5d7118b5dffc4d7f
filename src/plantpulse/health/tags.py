"""From what Postgres says of groups of machine tags to what health says of alerts. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from plantpulse.alerts.rules.tags import GroupSight, TagsSight
from plantpulse.alerts.watching import TAGS_SCOPE, seen_of_tags
from plantpulse.health.observed import instant
from plantpulse.runs import Json
from plantpulse.settings import Settings


def polls_tags(settings: Settings) -> bool:
    """Say whether a plant has machine tags, in the cloud or in the plant."""
    return any(settings.of(plant, "tags") is not None for plant in settings.plants)


def seen_of_groups(
    troubles: Sequence[Mapping[str, Json]],
    settings: Settings,
    alerted: Collection[tuple[str, str]],
    now: datetime,
) -> list[dict[str, Json]]:
    """Return what is to be said, of plants where something fires and of those with an open alert.

    `troubles` are the groups of `tag_troubles`. In a plant that is not polled all is well.
    """
    seen = []
    for plant in settings.plants:
        if settings.of(plant, "tags") is None:
            continue
        is_on = settings.is_on_schedule(plant, "tags")
        groups = [_sight(one) for one in troubles if one["plant"] == plant] if is_on else []
        sight = TagsSight(plant=plant, now=now, groups=groups)
        seen.append(seen_of_tags(sight, settings.alerts_of(plant)))
    return [one for one in seen if one["firing"] or (TAGS_SCOPE, one["plant"]) in alerted]


def _sight(one: Mapping[str, Json]) -> GroupSight:
    return GroupSight(
        name=one["name"],
        failing_since=instant(one["failing_since"]),
        error_code=one["error_code"],
        error=one["error"],
        queue_highest=one["queue_highest"],
        queue_limit=one["queue_limit"],
        dropped_at=instant(one["dropped_at"]),
        dropped_count=one["dropped_count"] or 0,
        unheard_since=instant(one["unheard_since"]),
    )
