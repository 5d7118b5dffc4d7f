"""Commodities: what each publisher calls them, in which unit, and by which clock their days begin. Pure.

Which there are is for the settings to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plantpulse.errors import PublisherRefused
from plantpulse.series.points import Series
from plantpulse.series.publisher import Ask
from plantpulse.series.sources.periods import Frequency

PRICE: Final = "price"


@dataclass(frozen=True, slots=True)
class Commodity:
    """One commodity. `symbols` are by source: eia, fred, yahoo.

    EIA's symbol is a route and a series, such as petroleum/pri/spt:RWTC. The unit begins with the currency,
    as in USD/bbl.
    """

    name: str
    unit: str
    symbols: Mapping[str, str]
    time_zone: str = "America/New_York"
    frequency: Frequency = "daily"

    def series(self, source: str) -> Series:
        """Return the series of its prices from one source."""
        key = f"{self.name}/{PRICE}/{source}"
        return Series(PRICE, self.name, source, source, self.unit, self.time_zone, group=key)


def asked_commodity(commodities: Mapping[str, Commodity], ask: Ask, source: str) -> tuple[Commodity, str]:
    """Return the commodity that is asked for and its symbol. Raises: PublisherRefused if there is none."""
    commodity = commodities.get(ask.subject)
    symbol = commodity.symbols.get(source) if commodity else None
    if commodity is None or symbol is None or ask.kind != PRICE:
        raise PublisherRefused(
            f"{source} has no {ask.kind} of {ask.subject}: no setting gives its symbol", is_of_question=True
        )
    if ask.span.until <= ask.span.start:
        raise PublisherRefused(
            f"the span that is asked of {source} for {ask.subject} ends before it begins", is_of_question=True
        )
    return commodity, symbol
