"""The rules, by what they look at. A rule has the name of its function; settings/alerts.py has its settings.

A new rule is one function here, its line in `RULES` of settings/alerts.py, and its words in `messages`.
"""

from collections.abc import Mapping
from typing import Final

from plantpulse.alerts.rules import channels, pipelines, runs, slots
from plantpulse.alerts.sights import RuleOfPipelines, RuleOfRuns

OF_RUNS: Final[Mapping[str, RuleOfRuns]] = {
    rule.__name__: rule
    for rule in (
        runs.run_failed,
        runs.run_partial,
        runs.run_succeeded,
        runs.run_slow,
        runs.rows_rejected,
        runs.result_truncated,
        runs.slots_given_up,
        runs.source_clock,
        runs.oee_scale,
        runs.ideal_rate,
        slots.asset_unknown,
        slots.no_output,
        slots.volume_unusual,
    )
}

OF_PIPELINES: Final[Mapping[str, RuleOfPipelines]] = {
    rule.__name__: rule for rule in (pipelines.overdue, pipelines.stuck, pipelines.data_behind)
}

channel_failing = channels.channel_failing
