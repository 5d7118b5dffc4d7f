"""What an asset made in its planned time, from units that the source counts in buckets of time.

Pure. A bucket that is only partly planned counts with its planned share, as if its units had been made
evenly. Such a figure is marked (docs/decisions/0060).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from plantpulse.plant.intervals import Span, intersect, minutes
from plantpulse.plant.readings import OutputReading
from plantpulse.plant.shifts import PlannedTime

BucketSpans = Mapping[int, Sequence[Span]]


class PlannedShares(NamedTuple):
    """Which part of each bucket is planned, from 0 to 1, and whether one of them is planned only in part."""

    by_bucket: Mapping[int, float]
    is_in_part: bool


def planned_shares(plans: Mapping[str, PlannedTime], spans: BucketSpans) -> dict[str, PlannedShares]:
    """Return the planned shares of the buckets by asset key.

    `spans`: the time of each bucket. Every distinct plan is worked out once, however many assets have it.
    """
    known: dict[int, PlannedShares] = {}
    for plan in plans.values():
        # By identity: assets of one pattern have one plan, and comparing its spans takes longer than this.
        if id(plan) not in known:
            known[id(plan)] = _shares(plan, spans)
    return {key: known[id(plan)] for key, plan in plans.items()}


def planned_units(output: Iterable[OutputReading], shares: Mapping[str, PlannedShares]) -> dict[str, float]:
    """Return the units that each asset made in its planned time; an asset without shares is left out."""
    units: dict[str, float] = {}
    for _asset, key, bucket, made, _product in output:
        share = shares.get(key)
        if share is not None:
            units[key] = units.get(key, 0.0) + made * share.by_bucket.get(bucket, 0.0)
    return units


def planned_products(
    output: Iterable[OutputReading], shares: Mapping[str, PlannedShares]
) -> dict[str, dict[str, float]]:
    """Return the units that each asset made in its planned time, by the key of the product."""
    units: dict[str, dict[str, float]] = {}
    for _asset, key, bucket, made, product in output:
        share = shares.get(key)
        if share is not None:
            of_asset = units.setdefault(key, {})
            of_asset[product] = of_asset.get(product, 0.0) + made * share.by_bucket.get(bucket, 0.0)
    return units


def _shares(plan: PlannedTime, spans: BucketSpans) -> PlannedShares:
    shares = {bucket: minutes(intersect(plan.spans, one)) / minutes(one) for bucket, one in spans.items()}
    return PlannedShares(shares, any(0 < share < 1 for share in shares.values()))
