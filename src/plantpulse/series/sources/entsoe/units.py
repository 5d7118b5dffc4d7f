"""Units, from what a document says of itself.

Pure. Source: ENTSO-E's code lists for units of measure and currencies (UN/ECE recommendation 20, ISO 4217).
"""

import re
from collections.abc import Mapping
from typing import Final

_MEASURES: Final = {"MAW": "MW", "MWH": "MWh", "KWT": "kW", "KWH": "kWh", "GWH": "GWh"}
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def unit_of(texts: Mapping[str, str]) -> str | None:
    """Return the unit of a time series, such as MW or EUR/MWh; None if it names none that is known."""
    quantity = texts.get("quantity_Measure_Unit.name")
    if quantity is not None:
        return _MEASURES.get(quantity)
    currency, measure = texts.get("currency_Unit.name", ""), texts.get("price_Measure_Unit.name", "")
    if not _CURRENCY.fullmatch(currency) or measure not in _MEASURES:
        return None
    return f"{currency}/{_MEASURES[measure]}"
