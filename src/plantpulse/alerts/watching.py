"""What health and the sweep say of alerts: what no run can say of itself. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from plantpulse.alerts.judging import OF_RUNS, as_json, seen_by
from plantpulse.alerts.rules import pipelines, tags
from plantpulse.alerts.rules.channels import ChannelSight, channel_failing
from plantpulse.alerts.rules.pipelines import PipelineSight
from plantpulse.alerts.rules.tags import RuleOfTags, TagsSight
from plantpulse.alerts.sights import Fires, Json
from plantpulse.schedules.pipelines import ALL_PLANTS
from plantpulse.settings import AlertsSettings, Rule, Settings

RuleOfPipelines = Callable[[PipelineSight, Rule], Fires]

CHANNELS_SCOPE: Final = "channels"
TAGS_SCOPE: Final = "tags"
NEVER: Final = "-infinity"  # as Postgres writes it: before every slot
OF_PIPELINES: Final[Mapping[str, RuleOfPipelines]] = {
    rule.__name__: rule for rule in (pipelines.overdue, pipelines.stuck, pipelines.data_behind)
}
OF_TAGS: Final[Mapping[str, RuleOfTags]] = {
    rule.__name__: rule
    for rule in (
        tags.tag_group_failing,
        tags.tag_queue_filling,
        tags.tag_samples_dropped,
        tags.tag_burst_missing,
    )
}


def seen_by_health(
    sight: PipelineSight, settings: AlertsSettings, newest_slot: datetime | None
) -> dict[str, Json]:
    """Return what health saw of a pipeline. `newest_slot`: the newest one that it knew to have succeeded."""
    seen = seen_by(sight.pipeline, sight.plant, OF_PIPELINES, sight, settings)
    if sight.state == "stopped":
        seen["rules"] += list(OF_RUNS)  # no run will say that all is well
    slot = newest_slot.isoformat() if newest_slot else NEVER
    return seen | {"at": sight.now.isoformat(), "slot": slot}


def seen_of_tags(sight: TagsSight, settings: AlertsSettings) -> dict[str, Json]:
    """Return what health saw of a plant's groups of tags."""
    seen = seen_by(TAGS_SCOPE, sight.plant, OF_TAGS, sight, settings)
    return seen | {"at": sight.now.isoformat()}


def seen_of_channels(channels: Iterable[ChannelSight], settings: Settings) -> dict[str, Json]:
    """Return which channels fail; every other one is well."""
    rule = settings.alerts.rule("channel_failing")
    is_on = settings.alerts.enabled and rule.enabled
    firing = [one for channel in channels for one in channel_failing(channel, rule) or ()] if is_on else []
    return {
        "scope": CHANNELS_SCOPE,
        "plant": ALL_PLANTS,
        "rules": ["channel_failing"],
        "firing": [as_json("channel_failing", one, rule) for one in firing],
    }
