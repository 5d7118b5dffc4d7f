"""The calendar of closed days in the claim's answer: when a plant or an asset does not work, and why.

Pure. A shift belongs to the day on which it starts, so on a closed day no shift starts. A day of one asset
counts before the same day of the plant.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from plantpulse.errors import ConfigurationError


class ClosedDays(NamedTuple):
    """The closed days of a plant, and those of its assets by id: the reason by day.

    None: the asset works on the day, whatever the plant does.
    """

    of_plant: Mapping[date, str]
    of_assets: Mapping[int, Mapping[date, str | None]]

    def reason(self, asset_id: int, day: date) -> str | None:
        """Return why the asset is closed on the day; None if it is not."""
        own = self.of_assets.get(asset_id)
        return own[day] if own and day in own else self.of_plant.get(day)

    def days_of(self, asset_id: int) -> frozenset[date]:
        """Return the closed days of an asset."""
        days = self.of_plant.keys() | self.of_assets.get(asset_id, {}).keys()
        return frozenset(day for day in days if self.reason(asset_id, day) is not None)


ALWAYS_OPEN: Final = ClosedDays({}, {})


def parse_closed_days(rows: Iterable[Mapping[str, Any]]) -> ClosedDays:
    """Return the closed days in the plant model's `closed_days`. Raises: ConfigurationError."""
    of_plant: dict[date, str] = {}
    of_assets: dict[int, dict[date, str | None]] = {}
    for row in rows:
        asset_id, day, reason = _closed_day(row)
        if asset_id is not None:
            of_assets.setdefault(asset_id, {})[day] = reason
        elif reason is not None:
            of_plant[day] = reason
    return ClosedDays(of_plant, of_assets)


def _closed_day(row: Mapping[str, Any]) -> tuple[int | None, date, str | None]:
    try:
        day, reason = date.fromisoformat(row["date"]), str(row["name"])
        return row["asset_id"], day, reason if row["is_closed"] else None
    except (KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"the closed days cannot be read: that of {row.get('date')} is malformed; correct it in Supabase"
        ) from None
