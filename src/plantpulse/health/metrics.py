"""The view of health as OpenMetrics, for whoever has a monitoring of their own.

Pure. prometheus-client writes the text; it is imported only when somebody asks for it.
Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, get_args

from plantpulse.health.states import State
from plantpulse.runs import Json

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

MEDIA_TYPE: Final = "application/openmetrics-text"
CONTENT_TYPE: Final = f"{MEDIA_TYPE}; version=1.0.0; charset=utf-8"

Sample = tuple[list[str], float]  # the values of the labels, and the figure

_OF_A_PIPELINE: Final = ("pipeline", "plant")
_QUANTILES: Final = {"p50": "0.5", "p95": "0.95"}
# The figures that stand in the view as they are: name, meaning, field.
_FIGURES: Final = (
    ("plantpulse_data_age_seconds", "Age of the newest data", "data_age_s"),
    ("plantpulse_consecutive_failures", "Failed runs since the last success", "consecutive_failures"),
    ("plantpulse_runs_24h", "Runs that ended within 24 hours", "polls_executed"),
    ("plantpulse_failed_runs_24h", "Of these, the failed ones", "polls_failed"),
)


def metrics_of(view: Mapping[str, Json], figures: Mapping[str, Json] | None) -> str:
    """Return the text; `figures` are the answer of alert_figures, None if they could not be had."""
    from prometheus_client.openmetrics.exposition import generate_latest  # noqa: PLC0415 - see above
    from prometheus_client.registry import CollectorRegistry  # noqa: PLC0415 - see above

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(view, figures))
    text: str = generate_latest(registry).decode()  # type: ignore[no-untyped-call] # it has no types
    return text


class _Collector:
    """What prometheus-client asks for metrics."""

    def __init__(self, view: Mapping[str, Json], figures: Mapping[str, Json] | None) -> None:
        self.view, self.figures = view, figures

    def collect(self) -> Iterator["Metric"]:
        """Return all metrics."""
        yield from _of_pipelines(self.view["pipelines"])
        is_up = float("error" not in self.view)
        yield _gauge("plantpulse_up", "Whether health could look at Supabase", (), [([], is_up)])
        if self.figures is not None:
            yield from _of_alerts(self.figures)


def _of_pipelines(pipelines: Sequence[Mapping[str, Json]]) -> Iterator["Metric"]:
    from prometheus_client.core import StateSetMetricFamily  # noqa: PLC0415 - see above

    states = StateSetMetricFamily(
        "plantpulse_pipeline_state", "State of a pipeline", labels=[*_OF_A_PIPELINE]
    )
    for one in pipelines:
        states.add_metric(_labels(one), {state: one["state"] == state for state in get_args(State)})
    yield states
    for name, told, field in _FIGURES:
        known = [one for one in pipelines if one.get(field) is not None]
        yield _gauge(name, told, _OF_A_PIPELINE, ((_labels(one), one[field]) for one in known))
    yield _gauge(
        "plantpulse_run_duration_seconds",
        "Duration of successful runs within 24 hours",
        (*_OF_A_PIPELINE, "quantile"),
        _durations(pipelines),
    )
    succeeded = [one for one in pipelines if one.get("last_success_timestamp")]
    yield _gauge(
        "plantpulse_last_success_timestamp_seconds",
        "When a run last succeeded",
        _OF_A_PIPELINE,
        ((_labels(one), _seconds(one["last_success_timestamp"])) for one in succeeded),
    )


def _of_alerts(figures: Mapping[str, Json]) -> Iterator["Metric"]:
    labels = ("rule", "plant", "severity")
    yield _gauge(
        "plantpulse_alerts_open",
        "Open alerts",
        labels,
        (([one[name] for name in labels], one["number"]) for one in figures["open"]),
    )
    channels = figures["channels"]
    yield _gauge(
        "plantpulse_outbox_alerts",
        "Open alerts that a channel was not told of yet",
        ("channel",),
        (([one["name"]], one["untold"]) for one in channels),
    )
    yield _gauge(
        "plantpulse_channel_failing",
        "Whether a channel takes no messages",
        ("channel",),
        (([one["name"]], float(one["is_failing"])) for one in channels),
    )


def _gauge(name: str, told: str, labels: Sequence[str], samples: Iterable[Sample]) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - see above

    found = GaugeMetricFamily(name, told, labels=labels)
    for values, number in samples:
        found.add_metric(values, number)
    return found


def _durations(pipelines: Sequence[Mapping[str, Json]]) -> Iterator[Sample]:
    for one in pipelines:
        for quantile, ms in (one.get("duration_ms") or {}).items():
            if ms is not None:
                yield [*_labels(one), _QUANTILES[quantile]], ms / 1000


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _labels(one: Mapping[str, Json]) -> list[str]:
    return [one["pipeline"], one["plant"] or ""]
