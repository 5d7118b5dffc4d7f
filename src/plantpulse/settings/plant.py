"""One plant: its clock, its SQL Server, its reason codes, and its overrides of common settings."""

import re
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.alerts import AlertsSettings
from plantpulse.settings.live_pulse import LivePulseSettings
from plantpulse.settings.morning_report import MorningReportSettings
from plantpulse.settings.section import Checked, Prepared, Section, Whole, setting
from plantpulse.settings.sql_server import SqlServerSettings
from plantpulse.settings.tags import TagsSettings

LONGEST_CODES = 4000  # nvarchar(4000), the longest parameter of sp_executesql that is not a large object

LONGEST_NAME = 80  # of a plant, in characters

PLANT_KEY = "^[a-z][a-z0-9_]{0,39}$"
Severity = Literal["low", "medium", "high", "critical"]


def _plant_key(key: object) -> str:
    """Return a plant's name if variables, schedules and rows can use it."""
    if isinstance(key, str) and re.fullmatch(PLANT_KEY, key):
        return key
    raise ValueError("a plant's name has 1 to 40 characters, a to z, 0 to 9 and _, and begins with a letter")


PlantKey = Annotated[str, Prepared(_plant_key)]


def _known_time_zone(name: str) -> str:
    """Return the IANA name of a time zone from its IANA or Windows name."""
    if _is_iana_time_zone(name):
        return name
    from tzlocal.windows_tz import win_tz  # noqa: PLC0415 - most plants use IANA names

    iana_name = win_tz.get(name, "")
    if _is_iana_time_zone(iana_name):
        return iana_name
    raise ValueError(
        "must be an IANA time zone such as Europe/Berlin or a Windows one such as W. Europe Standard Time"
    )


TimeZoneName = Annotated[str, Checked(_known_time_zone)]


def windows_name(time_zone: str) -> str | None:
    """Return the Windows name of an IANA time zone, by which SQL Server knows it; None if there is none."""
    from tzlocal.windows_tz import tz_win  # noqa: PLC0415 - only a check asks for it

    return tz_win.get(time_zone)


def _is_iana_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _searchable(codes: dict[str, Severity]) -> dict[str, Severity]:
    """Refuse codes that safety.sql could not find: it looks them up between bars, in 4,000 characters."""
    if any(not code.strip() or "|" in code for code in codes):
        raise ValueError("a reason code must not be blank and must not contain a |")
    if sum(len(code) + 1 for code in codes) >= LONGEST_CODES:
        raise ValueError(f"all reason codes together must stay below {LONGEST_CODES} characters")
    if len(codes) > 1 or not all(map(str.isascii, codes)):
        _refuse_spellings(codes)
    return codes


def _refuse_spellings(codes: dict[str, Severity]) -> None:
    """Refuse one code in two spellings with two severities: which of them would count?"""
    from plantpulse.plant.text import normalise_key  # noqa: PLC0415 - most plants have one code

    first: dict[str, str] = {}
    for code, severity in codes.items():
        key = normalise_key(code)
        if not key:
            raise ValueError("a reason code must not be blank and must not contain a |")
        other = first.setdefault(key, code)
        if codes[other] != severity:
            raise ValueError(
                f"{other!r} and {code!r} are one reason code, because letter case and blanks do not count: "
                "give it one severity"
            )


def _written(codes: tuple[str, ...]) -> tuple[str, ...]:
    if any(not code.strip() for code in codes):
        raise ValueError("a reason code must not be blank")
    return codes


def _shown_name(name: str) -> str:
    """Return a name without blanks around it, if a heading can show it."""
    shown = name.strip()
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise ValueError(f"must have 1 to {LONGEST_NAME} printable characters on one line")
    return shown


ShownName = Annotated[str, Checked(_shown_name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSettings(Section):
    """One plant: its clock, its SQL Server and how to read its rows."""

    enabled: bool = setting(
        True, description="Whether this plant's pipelines run on schedule; health calls them stopped if not"
    )
    name: ShownName | None = setting(
        None, description="What people call this plant, on the board; its key if left out"
    )
    time_zone: TimeZoneName = setting(
        description="Time zone of the times in SQL Server: an IANA name (Europe/Berlin), or what "
        "select current_timezone_id() returns (W. Europe Standard Time)"
    )
    sql_server: SqlServerSettings | None = setting(
        None,
        description="How to reach the plant's SQL Server, which is only read; left out while there is none.",
    )
    missing_settings: tuple[str, ...] = setting(
        (), exclude=True, description="What sql_server still lacks, by name; computed, not set"
    )
    queries_dir: Path | None = setting(
        None, description="Folder with .sql files that replace the built-in ones of the same name"
    )
    source_lag_s: Whole = setting(
        0,
        ge=0,
        le=3600,
        description="Windows end this long before their slot, in seconds, because rows arrive late",
    )
    oee_scale: Literal["percent", "fraction"] = setting(
        "percent", description="Scale of the plant's own OEE figures"
    )
    safety_reason_codes: Annotated[dict[str, Severity], Checked(_searchable)] = setting(
        {"Safety Issue": "critical"},
        min_length=1,
        description="Reason codes that are safety incidents, each with its severity",
    )
    planned_reason_codes: Annotated[tuple[str, ...], Checked(_written)] = setting(
        (),
        description="Reason codes of planned stops, such as Setup; the morning report shows them apart",
    )
    language: Literal["en", "de"] = setting(
        "en", description="Language of the morning report's mail: en (English) or de (German)"
    )
    tags: TagsSettings | None = setting(
        None, description="How this plant's machine tags are polled; in place of the common ones"
    )
    live_pulse: LivePulseSettings | None = setting(
        None, description="Settings that override the common ones for this plant: {every_minutes: 5}"
    )
    morning_report: MorningReportSettings | None = setting(
        None, description="Settings that override the common ones for this plant: {at: '05:30'}"
    )
    alerts: AlertsSettings | None = setting(
        None, description="Settings that override the common ones for this plant: {rules: {no_output: ...}}"
    )
