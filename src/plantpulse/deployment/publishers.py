"""What publishers of series need of a cloud: a way out to those that are asked."""

from urllib.parse import urlsplit

from plantpulse.settings import Settings
from plantpulse.settings.series import PUBLISHERS

_HTTPS = 443


def ports_of(settings: Settings) -> list[int]:
    """Return the TCP ports that publishers are reached at, sorted."""
    series = settings.series
    if series is None:
        return []
    asked = (("entsoe",) if series.has_energy else ()) + series.publishers_of_prices
    addresses = (series.address(name) for name in PUBLISHERS if name in asked)
    return sorted({urlsplit(address).port or _HTTPS for address in addresses})
