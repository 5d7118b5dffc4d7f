"""The first plantpulse.yaml of an installation, with comments at what somebody may want to change.

Pure, except for `create`, which never replaces a file.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from plantpulse.errors import ConfigurationError, InvalidRequest

VARIABLES: Final = ("SUPABASE_URL", "SUPABASE_SECRET_KEY", "MSSQL_PASSWORD")

_HEAD: Final = """\
# The settings of plantpulse; a deployment is computed from this file. Every setting: docs/settings.md,
# and `plantpulse config schema` for editors. No secret belongs in here: SUPABASE_URL, SUPABASE_SECRET_KEY
# and MSSQL_PASSWORD (MSSQL_PASSWORD__<PLANT> with several plants) come from the environment or the cloud's
# secret store.

plants:
"""
_TAIL: Final = """\
    # Reason codes of stops that are safety incidents, each with its severity: low, medium, high, critical.
    safety_reason_codes:
      Safety Issue: critical

live_pulse:
  every_minutes: 15
  window_minutes: 30

cleanup:
  every_minutes: 60
  snapshot_retention_hours: 24

morning_report:
  at: "06:00"  # plant time

# Prices of commodities and energy data of areas (docs/series.md). With this section ENTSOE_TOKEN, EIA_API_KEY
# and FRED_API_KEY are needed too.
# series:
#   areas: {DE: {}, FR: {}, NL: {}}
#   commodities: {WTI: {}, Brent: {}, Henry Hub: {}}
"""
_SERVER: Final = {
    "host": "name or address of the plant's SQL Server",
    "user": "a login that may only read (docs/deploy.md)",
    "database": "where the tables are",
}


def text_of(plant: str, time_zone: str, server: Mapping[str, str | None]) -> str:
    """Return the file for one plant; what is not known of its SQL Server is a commented line."""
    known = any(server.get(name) for name in _SERVER)
    lines = [
        f"  {plant}:\n",
        f"    time_zone: {_quoted(time_zone)}  # of the times in SQL Server\n",
        "    sql_server:\n" if known else "    # sql_server:\n",
        *(_server_line(name, server.get(name)) for name in _SERVER),
        "    #   encryption: require  # TLS; ca_file names the authority of the server's certificate\n",
    ]
    return _HEAD + "".join(lines) + _TAIL


def _server_line(name: str, value: str | None) -> str:
    if value:
        return f"      {name}: {_quoted(value)}  # {_SERVER[name]}\n"
    return f"    #   {name}:  # {_SERVER[name]}\n"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def create(file: Path, text: str) -> None:
    """Write a new settings file. Raises: InvalidRequest if it exists; ConfigurationError if it is wrong."""
    from plantpulse.settings import config  # noqa: PLC0415 - see app.py

    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise InvalidRequest(f"{file} exists, and is never overwritten", field="config") from None
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}", field="config") from None
    try:
        config.load_with_origins({}, file=file)
    except ConfigurationError:
        with suppress(OSError):
            file.unlink()
        raise
