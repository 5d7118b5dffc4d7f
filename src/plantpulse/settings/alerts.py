"""Which rules fire alerts, how bad each one is, and from where on."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import Checked, Number, Prepared, Section, setting
from plantpulse.settings.web_addresses import web_address

AlertSeverity = Literal["info", "warning", "critical"]
SEVERITIES: Final[tuple[AlertSeverity, ...]] = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is without settings. `threshold` is in `unit`; None: the rule has none."""

    purpose: str
    severity: AlertSeverity = "warning"
    enabled: bool = True
    threshold: float | None = None
    unit: str = ""


# A rule has a line here, a pure function of its name in `alerts.rules`, its words in `alerts.messages` and a
# line in docs/operations.md.
RULES: Final[Mapping[str, Rule]] = {
    "safety_event": Rule("A safety incident was recorded", "critical"),
    "overdue": Rule("A pipeline is late (warning) or down (this severity)", "critical"),
    "stuck": Rule("A run neither ends nor is taken over", threshold=5, unit="minutes after its lease"),
    "run_failed": Rule(
        "Runs fail: at once if a repetition cannot help, else this many in a row", threshold=2, unit="runs"
    ),
    "run_partial": Rule("A run ended with gaps"),
    "run_succeeded": Rule("A run succeeded; told once a run, never repeated", "info", enabled=False),
    "run_slow": Rule("A run took longer than warn_after_s", "info"),
    "rows_rejected": Rule("More rows were malformed than rejected_share_for_partial allows"),
    "result_truncated": Rule("A query returned as many rows as row_limit allows"),
    "slots_given_up": Rule("Slots were missed for longer than catch_up_hours and stay missing"),
    "source_clock": Rule("SQL Server's clock is wrong"),
    "oee_scale": Rule("The plant's own OEE figures do not fit oee_scale"),
    "ideal_rate": Rule("An asset is faster than its ideal rate allows", "info"),
    "data_behind": Rule("Polls succeed, but bring no data", threshold=2, unit="intervals"),
    "asset_unknown": Rule("SQL Server names assets that nobody has mapped; once a day"),
    "no_output": Rule("An asset was planned to run and made nothing", threshold=4, unit="slots"),
    "volume_unusual": Rule(
        "Far fewer or more rows came than in the same hour of the weeks before",
        enabled=False,
        threshold=5,
        unit="times as many or as few",
    ),
    "series_stale": Rule(
        "The newest value of a series is late", threshold=48, unit="hours later than it was due"
    ),
    "series_gap": Rule(
        "A publisher did not fill a gap in a series", "info", threshold=24, unit="hours without values"
    ),
    "series_quality": Rule(
        "The last day of a series is incomplete, or its values cannot be true", threshold=90, unit="percent"
    ),
    "collection_unusual": Rule(
        "A collection of series brought far more or less, or took far longer, than in the weeks before",
        enabled=False,
    ),
    "series_report": Rule(
        "The report of series, each night and each week; told once, never repeated", "info", enabled=False
    ),
    "tag_group_failing": Rule(
        "No tag of a group could be read", threshold=1, unit="minutes in which every slot failed"
    ),
    "tag_queue_filling": Rule(
        "Samples of a group wait to be stored", threshold=50, unit="percent of the queue, at least 10"
    ),
    "tag_samples_dropped": Rule(
        "Samples of a group were dropped", threshold=10, unit="minutes since the last one"
    ),
    "tag_burst_missing": Rule("Nobody polls a group", threshold=3, unit="minutes"),
    "channel_failing": Rule("A channel does not take messages", threshold=5, unit="minutes"),
}


def _known_rule(name: object) -> str:
    if isinstance(name, str) and name in RULES:
        return name
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistake

    close = get_close_matches(str(name), RULES, n=1)
    meant = f"did you mean {close[0]}?" if close else f"the rules are {', '.join(RULES)}"
    raise ValueError(f"there is no such rule; {meant}")


RuleName = Annotated[str, Prepared(_known_rule)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings(Section):
    """What a plant or the deployment wants otherwise of one rule; what is left out stays as it is."""

    enabled: bool | None = setting(None, description="Whether the rule fires")
    severity: AlertSeverity | None = setting(None, description="How bad it is: info, warning or critical")
    threshold: Number | None = setting(
        None, ge=0, le=1_000_000, description="From where on it fires; docs/alerts.md has the unit of each"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsSettings(Section):
    """Which rules fire, and how bad each one is. A plant may override them."""

    enabled: bool = setting(True, description="Whether anything fires at all")
    rules: dict[RuleName, RuleSettings] = setting(
        {}, description="What differs from a rule's own severity, threshold or being on, by the rule's name"
    )
    board_url: Annotated[str, Checked(web_address("https://board.example.com"))] | None = setting(
        None, description="Address of the board; messages link to it where it is set"
    )

    def rule(self, name: str) -> Rule:
        """Return a rule as it holds here."""
        own, written = RULES[name], self.rules.get(name)
        if written is None:
            return own
        return Rule(
            own.purpose,
            _first(written.severity, own.severity),
            _first(written.enabled, own.enabled),
            _first(written.threshold, own.threshold),
            own.unit,
        )


def _first(written: Any, own: Any) -> Any:
    return own if written is None else written
