"""Opens the publishers that are asked, for one run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plantpulse.errors import ConfigurationError
from plantpulse.retry import Pacing
from plantpulse.series.publisher import Ask, Reply, Source
from plantpulse.series.sources.commodities import Commodity
from plantpulse.series.sources.eia import REQUESTS_A_MINUTE as EIA_PACE
from plantpulse.series.sources.eia import Eia
from plantpulse.series.sources.entsoe.source import REQUESTS_A_MINUTE as ENTSOE_PACE
from plantpulse.series.sources.entsoe.source import Entsoe
from plantpulse.series.sources.fred import REQUESTS_A_MINUTE as FRED_PACE
from plantpulse.series.sources.fred import Fred
from plantpulse.series.sources.http import Http
from plantpulse.series.sources.yahoo import REQUESTS_A_MINUTE as YAHOO_PACE
from plantpulse.series.sources.yahoo import Yahoo
from plantpulse.settings import Secret, SeriesSettings
from plantpulse.settings.series import KEY_VARIABLES, PUBLISHERS

_SHOWN: Final[Mapping[str, str]] = {"entsoe": "ENTSO-E", "eia": "EIA", "fred": "FRED", "yahoo": "Yahoo"}
_REQUESTS_A_MINUTE: Final[Mapping[str, int]] = {
    "entsoe": ENTSOE_PACE,
    "eia": EIA_PACE,
    "fred": FRED_PACE,
    "yahoo": YAHOO_PACE,
}


@dataclass(frozen=True, slots=True)
class _WithoutKey:
    """A publisher whose key is not set: every question fails, and the other publishers are asked."""

    name: str

    def collect(self, ask: Ask) -> Iterator[Reply]:
        """Raises: ConfigurationError naming the variable."""
        raise ConfigurationError(f"{_SHOWN[self.name]} wants a key: set {KEY_VARIABLES[self.name]}")
        yield  # makes this a generator, as the others are


@contextmanager
def open_sources(
    settings: SeriesSettings,
    /,
    *,
    seconds_left: Callable[[], float],
    clock: Callable[[], datetime],
    pacing: Pacing | None = None,
) -> Iterator[Mapping[str, Source]]:
    """Open each enabled publisher by its name, and close them afterwards.

    `pacing` waits between requests and tries; without one, as long as the publishers want.
    Raises: ConfigurationError for an address that cannot be used.
    """
    with ExitStack() as stack:
        opened: dict[str, Source] = {}
        for name in PUBLISHERS:
            if not settings.is_asked(name):
                continue
            key = settings.key(name)
            if key is None and name in KEY_VARIABLES:
                opened[name] = _WithoutKey(name)
                continue
            http = Http(
                _SHOWN[name],
                settings.address(name),
                () if key is None else (key,),
                seconds_left,
                clock,
                pacing,
                requests_a_minute=_REQUESTS_A_MINUTE[name],
            )
            opened[name] = _source(name, stack.enter_context(http), key or Secret(""), settings)
        yield opened


def _source(name: str, http: Http, key: Secret, settings: SeriesSettings) -> Source:
    if name == "entsoe":
        areas = {area: settings.area(area) for area in settings.areas}
        return Entsoe(http, key, {area: known for area, known in areas.items() if known})
    commodities = _commodities(settings)
    if name == "eia":
        return Eia(http, key, commodities)
    return Fred(http, key, commodities) if name == "fred" else Yahoo(http, commodities)


def _commodities(settings: SeriesSettings) -> list[Commodity]:
    known = ((name, settings.commodity(name)) for name in settings.commodities)
    return [
        Commodity(
            name,
            one.unit or "",
            {source: symbol for source in PUBLISHERS if (symbol := one.symbol(source))},
            one.time_zone,
        )
        for name, one in known
    ]
