"""Which rows the plant's database receives in a span of time. Pure: no clock, no database.

A row belongs to the span in which it is *entered*, not the one in which it happened, and nothing is carried
from one span to the next: `produce(a, b) + produce(b, c)` is `produce(a, c)`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devstack.plant.machine import (
    LATEST_ENTRY_MIN,
    LONGEST_STOP_MIN,
    LOT_MIN,
    Work,
    draw,
    headcount,
    instant_of,
    minute_at,
    rejects,
    stops,
    work,
)
from devstack.plant.model import Asset, Plant
from devstack.plant.rows import Downtime, Labor, Oee, Output, Production, Quality, Row

QUARTER_MIN = 15
LATE_SHARE = 0.01
LATEST_DELIVERY_MIN = 8

# Malformed rows come at odd intervals below half an hour: every window of a poll holds one of each.
NEGATIVE_COUNT_EVERY_MIN = 25
NAMELESS_COUNT_EVERY_MIN = 27

HISTORY = timedelta(hours=10)  # more than a shift, on the night that is an hour longer too
# Long enough before the end that a poll of the last quarter of an hour's slot, which ends up to fifteen
# minutes and the source's lag earlier, sees it; still within the last half hour.
STAGED_INCIDENT_BEFORE_END = timedelta(minutes=20)


def produce(plant: Plant, start: datetime, until: datetime) -> Production:
    """Return the rows entered in [start, until), two aware instants."""
    span = _quarters_around(start, until)
    rows = [row for asset in plant.assets for row in _rows_of(plant, asset, span)]
    rows += _malformed(plant, span)
    return Production.of(row for row in rows if start <= row.entered_at < until)


def history(plant: Plant, until: datetime) -> Production:
    """Return what a demonstration starts from: the last hours, and one safety incident minutes ago.

    `produce` alone has an incident every few hours only. Go on with `produce(plant, until, ...)`.
    """
    return produce(plant, until - HISTORY, until) + Production(downtime=(_staged_incident(plant, until),))


def _quarters_around(start: datetime, until: datetime) -> range:
    """Return the minutes of all quarter hours from which a row may be entered in the span."""
    first = minute_at(start) - LATEST_DELIVERY_MIN
    last = minute_at(until) + 1
    return range(first // QUARTER_MIN * QUARTER_MIN, -(-last // QUARTER_MIN) * QUARTER_MIN)


def _rows_of(plant: Plant, asset: Asset, span: range) -> Iterator[Row]:
    worked = work(plant, asset, span.start, span.stop)
    yield from _output(plant, asset, worked)
    yield from _downtime(plant, asset, span)
    yield from _standstill(plant, asset, span)
    yield from _labor(plant, asset, span)
    if not asset.is_mapped:
        return
    for lot in range(span.start, span.stop, LOT_MIN):
        yield from _quality(plant, asset, worked, lot)
    if asset.reports_oee:
        for quarter in range(span.start, span.stop, QUARTER_MIN):
            yield from _oee(plant, asset, worked, quarter)


def _output(plant: Plant, asset: Asset, worked: dict[int, Work]) -> Iterator[Output]:
    second = timedelta(seconds=int(60 * draw(plant.seed, asset.source_name, "second")))
    for minute, done in worked.items():
        counted_at = instant_of(minute) + second
        delay = timedelta(minutes=_minutes_late(plant, asset, minute))
        yield Output(counted_at + delay, asset.source_name, done.units, plant.local(counted_at))


def _minutes_late(plant: Plant, asset: Asset, minute: int) -> int:
    """A gateway loses its connection now and then and delivers minutes later."""
    chance = draw(plant.seed, asset.source_name, "late", minute)
    return 1 + int(LATEST_DELIVERY_MIN * chance / LATE_SHARE) if chance < LATE_SHARE else 0


def _downtime(plant: Plant, asset: Asset, span: range) -> Iterator[Downtime]:
    earliest = span.start - LONGEST_STOP_MIN - LATEST_ENTRY_MIN
    for stop in stops(plant, asset, earliest, span.stop):
        yield Downtime(
            instant_of(stop.entered),
            asset.name_in_records,
            stop.reason_code,
            stop.length,
            plant.local(instant_of(stop.start)),
            stop.notes,
        )


def _standstill(plant: Plant, asset: Asset, span: range) -> Iterator[Downtime]:
    """Every crew that finds the asset out of order at the start of its shift opens a stop for it."""
    if not asset.stands_still:
        return
    for minute in range(span.start, span.stop, QUARTER_MIN):
        local = plant.local(instant_of(minute))
        if any(target.shift.starts_at == local.time() for target in asset.targets) and asset.works(local):
            yield Downtime(instant_of(minute), asset.name_in_records, "Overhaul", None, local, None)


def _quality(plant: Plant, asset: Asset, worked: dict[int, Work], lot: int) -> Iterator[Quality]:
    units = [worked[minute].units for minute in range(lot, lot + LOT_MIN) if minute in worked]
    if not units:
        return
    scrap = rejects(plant, asset, lot, sum(units))
    at = _end_of(lot + LOT_MIN)
    yield Quality(at, asset.source_name, sum(units) - scrap, scrap, plant.local(at))


def _oee(plant: Plant, asset: Asset, worked: dict[int, Work], quarter: int) -> Iterator[Oee]:
    done = [worked[minute] for minute in range(quarter, quarter + QUARTER_MIN) if minute in worked]
    if not done:
        return
    running = sum(minute.is_running for minute in done)
    units = sum(minute.units for minute in done)
    scrap = sum(
        rejects(plant, asset, lot, _units_of_lot(worked, lot))
        for lot in range(quarter, quarter + QUARTER_MIN, LOT_MIN)
    )
    availability = running / len(done)
    performance = units / (running * asset.ideal_units_per_hour / 60) if running else None
    quality = (units - scrap) / units if units else None
    at = _end_of(quarter + QUARTER_MIN)
    yield Oee(
        at,
        asset.source_name,
        _percent(availability * (performance or 0) * (quality or 0)),
        _percent(availability),
        None if performance is None else _percent(performance),
        None if quality is None else _percent(quality),
        plant.local(at),
    )


def _labor(plant: Plant, asset: Asset, span: range) -> Iterator[Labor]:
    for quarter in range(span.start, span.stop, QUARTER_MIN):
        if not asset.is_staffed(plant.local(instant_of(quarter))):
            continue
        people = headcount(plant, asset, quarter)
        at = _end_of(quarter + QUARTER_MIN)
        yield Labor(at, asset.name_in_records, people, people * QUARTER_MIN / 60, plant.local(at))


def _malformed(plant: Plant, span: range) -> Iterator[Output]:
    """A counter that was reset counts backwards, and a gateway forgets to say for whom it speaks."""
    for minute in span:
        at = instant_of(minute)
        if minute % NEGATIVE_COUNT_EVERY_MIN == 0:
            yield Output(at, "PACK-01", -4, plant.local(at))
        if minute % NAMELESS_COUNT_EVERY_MIN == 0:
            yield Output(at, None, 12, plant.local(at))


def _staged_incident(plant: Plant, until: datetime) -> Downtime:
    """At the asset that stands still, so that nobody else's figures change."""
    at = instant_of(minute_at(until - STAGED_INCIDENT_BEFORE_END))
    asset = next(asset for asset in plant.assets if asset.stands_still)
    notes = "Sleeve caught in the clamp during the overhaul; released by hand. First aid given."
    return Downtime(
        at + timedelta(minutes=4), asset.name_in_records, "Safety Issue", 12, plant.local(at), notes
    )


def _units_of_lot(worked: dict[int, Work], lot: int) -> int:
    return sum(worked[minute].units for minute in range(lot, lot + LOT_MIN) if minute in worked)


def _end_of(minute: int) -> datetime:
    """Return the last second before a minute: an amount is booked inside the time that it belongs to."""
    return instant_of(minute) - timedelta(seconds=1)


def _percent(share: float) -> float:
    return round(100 * share, 1)
