"""The view of health as OpenMetrics, for whoever has a monitoring of their own.

Pure. prometheus-client writes the text; it is imported only when somebody asks for it.
Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, get_args

from plantpulse.health.states import State
from plantpulse.runs import Json

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

MEDIA_TYPE: Final = "application/openmetrics-text"
CONTENT_TYPE: Final = f"{MEDIA_TYPE}; version=1.0.0; charset=utf-8"

_OF_A_PIPELINE: Final = ("pipeline", "plant")


def metrics_of(view: Mapping[str, Json], figures: Mapping[str, Json] | None) -> str:
    """Return the text; `figures` are the answer of alert_figures, None if they could not be had."""
    from prometheus_client.openmetrics.exposition import generate_latest  # noqa: PLC0415 - see above
    from prometheus_client.registry import CollectorRegistry  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(view, figures))
    text: str = generate_latest(registry).decode()  # type: ignore[no-untyped-call]
    return text


class _Collector:
    """What prometheus-client asks for metrics."""

    def __init__(self, view: Mapping[str, Json], figures: Mapping[str, Json] | None) -> None:
        self.view, self.figures = view, figures

    def collect(self) -> Iterator["Metric"]:
        """Return all metrics."""
        yield from _of_pipelines(self.view["pipelines"])
        yield _single("plantpulse_up", "Whether health could look at Supabase", "error" not in self.view)
        if self.figures is not None:
            yield from _of_alerts(self.figures)


def _of_pipelines(pipelines: Sequence[Mapping[str, Json]]) -> Iterator["Metric"]:
    from prometheus_client.core import StateSetMetricFamily  # noqa: PLC0415

    states = StateSetMetricFamily(
        "plantpulse_pipeline_state", "State of a pipeline", labels=[*_OF_A_PIPELINE]
    )
    for one in pipelines:
        states.add_metric(_labels(one), {state: one["state"] == state for state in get_args(State)})
    yield states
    yield _gauge("plantpulse_data_age_seconds", "Age of the newest data", pipelines, "data_age_s")
    yield _gauge(
        "plantpulse_consecutive_failures",
        "Failed runs since the last success",
        pipelines,
        "consecutive_failures",
    )
    yield _gauge("plantpulse_runs_24h", "Runs that ended within 24 hours", pipelines, "polls_executed")
    yield _gauge("plantpulse_failed_runs_24h", "Of these, the failed ones", pipelines, "polls_failed")
    yield _durations(pipelines)
    yield _instants("plantpulse_last_success_timestamp_seconds", pipelines)


def _of_alerts(figures: Mapping[str, Json]) -> Iterator["Metric"]:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    alerts = GaugeMetricFamily("plantpulse_alerts_open", "Open alerts", labels=["rule", "plant", "severity"])
    for one in figures["open"]:
        alerts.add_metric([one["rule"], one["plant"], one["severity"]], one["number"])
    yield alerts
    untold = GaugeMetricFamily(
        "plantpulse_outbox_alerts", "Open alerts that a channel was not told of yet", labels=["channel"]
    )
    failing = GaugeMetricFamily(
        "plantpulse_channel_failing", "Whether a channel takes no messages", labels=["channel"]
    )
    for one in figures["channels"]:
        untold.add_metric([one["name"]], one["untold"])
        failing.add_metric([one["name"]], float(one["is_failing"]))
    yield untold
    yield failing


def _gauge(name: str, told: str, pipelines: Sequence[Mapping[str, Json]], field: str) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    found = GaugeMetricFamily(name, told, labels=[*_OF_A_PIPELINE])
    for one in pipelines:
        if one.get(field) is not None:
            found.add_metric(_labels(one), one[field])
    return found


def _durations(pipelines: Sequence[Mapping[str, Json]]) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    found = GaugeMetricFamily(
        "plantpulse_run_duration_seconds",
        "Duration of successful runs within 24 hours",
        labels=[*_OF_A_PIPELINE, "quantile"],
    )
    for one in pipelines:
        for quantile, ms in (one.get("duration_ms") or {}).items():
            if ms is not None:
                found.add_metric([*_labels(one), _QUANTILES[quantile]], ms / 1000)
    return found


_QUANTILES: Final = {"p50": "0.5", "p95": "0.95"}


def _instants(name: str, pipelines: Sequence[Mapping[str, Json]]) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    found = GaugeMetricFamily(name, "When a run last succeeded", labels=[*_OF_A_PIPELINE])
    for one in pipelines:
        if at := one.get("last_success_timestamp"):
            found.add_metric(_labels(one), datetime.fromisoformat(at).timestamp())
    return found


def _single(name: str, told: str, value: Any) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    return GaugeMetricFamily(name, told, value=float(value))


def _labels(one: Mapping[str, Json]) -> list[str]:
    return [one["pipeline"], one["plant"] or ""]
