"""Totals of one poll's readings by asset key.

Pure. Amounts are added, spans of time are merged, and the latest state counts.
"""

from collections.abc import Container, Iterable

from plantpulse.plant.intervals import Span, clip, unite
from plantpulse.plant.readings import (
    DowntimeReading,
    LaborReading,
    OeeReading,
    OutputReading,
    QualityReading,
)
from plantpulse.schedules.slots import Window


def sum_units(output: Iterable[OutputReading], buckets: Container[int]) -> dict[str, float]:
    """Return each asset's units in the buckets."""
    units: dict[str, float] = {}
    for _asset, key, bucket, made, _product in output:
        if bucket in buckets:
            units[key] = units.get(key, 0.0) + made
    return units


def unite_stops(downtime: Iterable[DowntimeReading], window: Window) -> dict[str, list[Span]]:
    """Return each asset's downtime inside the window, overlaps once; an open stop lasts to its end."""
    stops: dict[str, list[Span]] = {}
    for _asset, key, _reason_code, started_at, ended_at, _is_second in downtime:
        stops.setdefault(key, []).append((started_at, ended_at or window.until))
    return {key: unite(clip(spans, *window)) for key, spans in stops.items()}


def latest_oee(oee: Iterable[OeeReading]) -> dict[str, OeeReading]:
    """Return each asset's latest reported OEE."""
    latest: dict[str, OeeReading] = {}
    for reading in oee:
        known = latest.get(reading.asset_key)
        if known is None or reading.at > known.at:
            latest[reading.asset_key] = reading
    return latest


def sum_quality(quality: Iterable[QualityReading]) -> dict[str, tuple[float, float]]:
    """Return each asset's good and rejected units."""
    sums: dict[str, tuple[float, float]] = {}
    for _asset, key, good, rejected in quality:
        known = sums.get(key)
        sums[key] = (known[0] + good, known[1] + rejected) if known else (good, rejected)
    return sums


def latest_headcounts(labor: Iterable[LaborReading]) -> dict[str, float]:
    """Return each asset's headcount; the rows come newest first."""
    headcounts: dict[str, float] = {}
    for _asset, key, headcount in labor:
        headcounts.setdefault(key, headcount)
    return headcounts
