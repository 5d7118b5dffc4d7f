"""A date in a request: ISO 8601 and nothing else. Pure."""

import datetime as dt
import re
from typing import Annotated, Any, Final

from plantpulse.settings.section import Prepared

_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _date(value: Any) -> dt.date | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and _ISO_DATE.fullmatch(value):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("must be a date such as 2026-03-10")


Date = Annotated[dt.date | None, Prepared(_date)]
