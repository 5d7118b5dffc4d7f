"""The kinds of series: unit, publication, bounds, and how its values are judged.

Pure. A new kind is one entry here and one in the module of its source. Bounds are what nothing real has
passed: day-ahead prices are limited by the harmonised maximum (4,000 EUR/MWh) and minimum (-500), and WTI was
settled at -36.98 on 2020-04-20.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from plantpulse.series.publication import AfterEnd, DayAhead, Publication

Job = Literal["commodity_prices", "energy_actuals", "energy_forecasts"]
BRUSSELS: Final = ZoneInfo("Europe/Brussels")
_D = Decimal


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `job` collects it. Values outside of `least` to `most` are invalid; None sets no bound.

    `judged` is the statistic that flags suspect values: by the day's own spread, by the same time of the
    week, or none. `is_daily_trade`: there is a value only on days on which its market trades.
    """

    name: str
    job: Job
    unit: str
    publication: Publication
    least: Decimal | None = None
    most: Decimal | None = None
    judged: Literal["day", "week"] | None = None
    is_daily_trade: bool = False


_HOUR = AfterEnd(timedelta(hours=1))
_NEXT_DAY = AfterEnd(timedelta(days=1))

_ALL: Final = (
    Kind(
        "day_ahead_price",
        "energy_forecasts",
        "EUR/MWh",
        DayAhead(time(14), BRUSSELS),
        _D(-500),
        _D(4000),
        "day",
    ),
    Kind("load", "energy_actuals", "MW", _HOUR, _D(0), _D(200_000), "week"),
    Kind("generation", "energy_actuals", "MW", _HOUR, _D(0), _D(100_000)),
    Kind("pumping", "energy_actuals", "MW", _HOUR, _D(0), _D(100_000)),
    Kind("imbalance_price", "energy_actuals", "EUR/MWh", _NEXT_DAY, _D(-100_000), _D(100_000)),
    Kind("imbalance_volume", "energy_actuals", "MWh", _NEXT_DAY, _D(0), _D(100_000)),
    Kind("load_forecast", "energy_forecasts", "MW", DayAhead(time(12), BRUSSELS), _D(0), _D(200_000), "week"),
    Kind("generation_forecast", "energy_forecasts", "MW", DayAhead(time(18), BRUSSELS), _D(0), _D(200_000)),
    Kind("wind_solar_forecast", "energy_forecasts", "MW", DayAhead(time(18), BRUSSELS), _D(0), _D(100_000)),
    Kind(
        "weekly_load_forecast",
        "energy_forecasts",
        "MW",
        DayAhead(time(0), BRUSSELS, days=15),
        _D(0),
        _D(200_000),
    ),
    Kind("price", "commodity_prices", "USD", AfterEnd(timedelta(days=7)), _D(-100), _D(1000), "day", True),
)

KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _ALL}
