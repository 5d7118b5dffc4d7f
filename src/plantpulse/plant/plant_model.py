"""The plant model in the claim's answer: assets and their shift targets.

Pure: JSON in, frozen values out. The database's own constraints have checked the rows. So a malformed one is
a mistake in the plant model that somebody must correct: a `ConfigurationError`, not a rejected row. Assets
share shift times, so equal patterns become one object. Source: plant_model in the migrations.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from plantpulse.errors import ConfigurationError, one_line
from plantpulse.plant.closed_days import ALWAYS_OPEN, ClosedDays, parse_closed_days
from plantpulse.plant.text import normalise_key

_ASSET_COLUMNS: Final = ("asset_id", "source_name", "ideal_units_per_hour", "is_active", "is_mapped")
_ADVICE: Final = "check SUPABASE_URL, and apply the newest migrations"
_EVERY_DAY: Final = frozenset(range(1, 8))
_NUMBERS: Final = (int, float)
_INFINITY: Final = float("inf")

ValueT = TypeVar("ValueT")


class Asset(NamedTuple):
    """An asset; `source_name` is its name in SQL Server, `key` is for comparisons of names.

    `product_rates`: ideal units per hour by product key, for products that have a rate of their own.
    """

    asset_id: int
    source_name: str
    key: str
    ideal_units_per_hour: float | None
    is_active: bool
    is_mapped: bool
    product_rates: Mapping[str, float] = MappingProxyType({})

    def ideal_units_per_hour_of(self, product_key: str) -> float | None:
        """Return the ideal rate of a product: its own, else that of the asset."""
        return self.product_rates.get(product_key, self.ideal_units_per_hour)


class ShiftPattern(NamedTuple):
    """The times of a shift, by the plant's wall clock.

    A shift that does not end after it starts crosses midnight and belongs to the day on which it starts;
    `days_of_week` are those days by ISO number, 1 = Monday. `valid_until` is the first day without it. On the
    days in `closed_on` it does not start.
    """

    starts_at: time
    ends_at: time
    days_of_week: frozenset[int]
    valid_from: date
    valid_until: date | None
    breaks: tuple[tuple[time, time], ...]
    closed_on: frozenset[date] = frozenset()

    def starts_on(self, day: date) -> bool:
        """Say whether the shift starts on the day."""
        return day.isoweekday() in self.days_of_week and self.is_valid(day) and day not in self.closed_on

    def is_valid(self, day: date) -> bool:
        """Say whether the shift's target holds on the day, whether or not it is worked."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


class ShiftTarget(NamedTuple):
    """What an asset should make in one shift, in units."""

    asset_id: int
    shift_name: str
    pattern: ShiftPattern
    target_output: float


class CostRates(NamedTuple):
    """The cost of an asset's losses: US dollars per hour of downtime, and per scrapped unit."""

    standard_hourly_rate: float
    scrap_unit_cost: float


class PlantModel(NamedTuple):
    """The assets of a plant, including inactive and unmapped ones, their shift targets, their closed days."""

    assets: Sequence[Asset]
    shift_targets: Sequence[ShiftTarget]
    closed_days: ClosedDays = ALWAYS_OPEN


def parse_plant_model(parts: Mapping[str, Any]) -> PlantModel:
    """Return the plant model of its parts: `assets`, `shift_patterns` and `closed_days`.

    Raises: ConfigurationError that names the malformed asset and field, or a part that is not there.
    """
    try:
        return _parsed(parts)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # Of a kind that no part of it ever had, so that nobody looks at where it is.
        raise ConfigurationError(f"the plant model cannot be read: a part is malformed; {_ADVICE}") from None


def _parsed(parts: Mapping[str, Any]) -> PlantModel:
    for name in ("assets", "shift_patterns", "closed_days"):
        if parts.get(name) is None:  # without it the plant would seem to have nothing of it
            raise ConfigurationError(
                f"Supabase did not answer the claim with {name}: apply the newest migrations"
            )
    for name in ("shift_patterns", "closed_days"):
        if not isinstance(parts[name], list) or not all(isinstance(one, dict) for one in parts[name]):
            raise ConfigurationError(
                f"the plant model cannot be read: its {name} are no list of objects; {_ADVICE}"
            )
    closed = parse_closed_days(parts["closed_days"])
    return PlantModel(
        parse_assets(parts["assets"]), parse_shift_patterns(parts["shift_patterns"], closed), closed
    )


def parse_assets(columns: Mapping[str, Any]) -> list[Asset]:
    """Return the assets of a list for each column, and of `product_rates`: rates of products by asset id.

    Of several with one key the one that the database finds by it has it: what was counted counts once.
    Raises: ConfigurationError.
    """
    try:
        rates = {int(asset_id): of_asset for asset_id, of_asset in columns["product_rates"].items()}
        rows = list(zip(*(columns[name] for name in _ASSET_COLUMNS), strict=True))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"the plant model cannot be read: its assets are no lists side by side; {_ADVICE}"
        ) from None
    assets = [_asset(row, rates.get(row[0])) for row in rows]
    if len({asset.key for asset in assets}) == len(assets):  # as always since names have keys
        return assets
    owners: dict[str, int] = {}
    for asset in sorted(assets, key=lambda one: (not one.is_mapped, not one.is_active, one.asset_id)):
        owners.setdefault(asset.key, asset.asset_id)
    return [
        asset
        if owners[asset.key] == asset.asset_id
        else asset._replace(key=f"{asset.key}\x1f{asset.asset_id}")
        for asset in assets
    ]


def parse_shift_patterns(
    rows: Iterable[Mapping[str, Any]], closed: ClosedDays = ALWAYS_OPEN
) -> list[ShiftTarget]:
    """Return the targets in the claim's `shift_patterns`, without the closed days.

    Targets of one row share their `ShiftPattern`, except those of assets with closed days of their own.
    Raises: ConfigurationError.
    """
    return [target for row in rows for target in _shift_targets(row, closed)]


def parse_cost_rates(rows: Iterable[Mapping[str, Any]] | None) -> dict[int, CostRates]:
    """Return the cost of losses by asset id, from the claim's `cost_centers`; assets may have none.

    Raises: ConfigurationError, also without cost centers in the answer.
    """
    if rows is None:  # otherwise no loss would seem to have a price
        raise ConfigurationError(
            "Supabase did not answer the claim with cost_centers: apply the newest migrations"
        )
    return {asset_id: rates for row in rows for asset_id, rates in _rates_by_asset(row)}


def _rates_by_asset(row: Mapping[str, Any]) -> Iterable[tuple[int, CostRates]]:
    first = {**row, "asset_id": next(iter(_read(row, "asset_ids", list)), None)}
    rates = CostRates(
        _read(first, "standard_hourly_rate", _not_negative), _read(first, "scrap_unit_cost", _not_negative)
    )
    return ((asset_id, rates) for asset_id in row["asset_ids"])


def _asset(cells: Sequence[Any], product_rates: Any) -> Asset:
    row = dict(zip(_ASSET_COLUMNS, cells, strict=True))
    rate = row["ideal_units_per_hour"]
    name = _read(row, "source_name", _text)
    return Asset(
        asset_id=_read(row, "asset_id", int),
        source_name=name,
        key=normalise_key(name),
        ideal_units_per_hour=None if rate is None else _read(row, "ideal_units_per_hour", _positive),
        is_active=_read(row, "is_active", bool),
        is_mapped=_read(row, "is_mapped", bool),
        product_rates=_read({**row, "product_rates": product_rates}, "product_rates", _product_rates)
        if product_rates
        else {},
    )


def _product_rates(rates: Mapping[str, float]) -> Mapping[str, float]:
    return {product: _positive(rate) for product, rate in rates.items()}


def _shift_targets(row: Mapping[str, Any], closed: ClosedDays) -> list[ShiftTarget]:
    asset_ids, outputs = _read(row, "asset_ids", list), _read(row, "target_outputs", list)
    first = {**row, "asset_id": asset_ids[0] if asset_ids else None}
    name, open_pattern = _read(first, "shift_name", _text), _pattern(first)
    closed_on = cache(lambda days: open_pattern._replace(closed_on=days))
    pattern = closed_on(frozenset(closed.of_plant)) if closed.of_plant else open_pattern
    return [
        _shift_target(
            name,
            closed_on(closed.days_of(asset_id)) if asset_id in closed.of_assets else pattern,
            asset_id,
            output,
        )
        for asset_id, output in zip(asset_ids, outputs, strict=True)
    ]


def _shift_target(name: str, pattern: ShiftPattern, asset_id: Any, output: Any) -> ShiftTarget:
    if type(output) in _NUMBERS and 0 <= output < _INFINITY:  # nearly all are
        return ShiftTarget(asset_id, name, pattern, float(output))
    row = {"asset_id": asset_id, "shift_name": name, "target_output": output}
    return ShiftTarget(asset_id, name, pattern, _read(row, "target_output", _not_negative))


def _pattern(row: Mapping[str, Any]) -> ShiftPattern:
    until = row.get("valid_until")
    return ShiftPattern(
        starts_at=_read(row, "starts_at", _clock_time),
        ends_at=_read(row, "ends_at", _clock_time),
        days_of_week=_read(row, "days_of_week", _days_of_week),
        valid_from=_read(row, "valid_from", date.fromisoformat),
        valid_until=None if until is None else _read(row, "valid_until", date.fromisoformat),
        breaks=_read(row, "breaks", _breaks),
    )


def _read(row: Mapping[str, Any], field: str, read: Callable[[Any], ValueT]) -> ValueT:
    try:
        return read(row[field])
    except (KeyError, TypeError, ValueError):
        name = one_line(str(row.get("shift_name") or ""))
        shift = f", shift {name}" if name else ""
        raise ConfigurationError(
            f"the plant model cannot be read: asset {one_line(str(row.get('asset_id')))}{shift}: "
            f"{field} is missing or malformed; correct it in Supabase"
        ) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _clock_time(text: str) -> time:
    # Postgres has 24:00 for the end of the day; 00:00 as a shift's end means the same.
    return time() if text[:5] == "24:00" else time.fromisoformat(text)


def _days_of_week(days: Iterable[int]) -> frozenset[int]:
    chosen = frozenset(days)
    if not chosen <= _EVERY_DAY:
        raise ValueError(days)
    return chosen


def _breaks(breaks: Iterable[Mapping[str, str]]) -> tuple[tuple[time, time], ...]:
    return tuple((_clock_time(one["starts_at"]), _clock_time(one["ends_at"])) for one in breaks)


def _positive(value: float) -> float:
    number = float(value)
    if not 0 < number < _INFINITY:
        raise ValueError(value)
    return number


def _not_negative(value: float) -> float:
    number = float(value)
    if not 0 <= number < _INFINITY:
        raise ValueError(value)
    return number
