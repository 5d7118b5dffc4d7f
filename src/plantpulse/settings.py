"""The settings as frozen models: what may be set, in which form, and what it means.

`config` fills them from plantpulse.yaml and the environment. Every field carries its description,
because the README's table and the JSON schema for editors are made from them.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from plantpulse.errors import ConfigurationError, NotConfigured

MINUTES_A_DAY = 1440
LONGEST_RETENTION_DAYS = 3650
LONGEST_RETENTION_HOURS = 24 * LONGEST_RETENTION_DAYS
LONGEST_CODES = 4000  # nvarchar(4000), the longest parameter of sp_executesql that is no large object

Severity = Literal["low", "medium", "high", "critical"]
PlantKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


def _known_time_zone(name: str) -> str:
    """Return the IANA name of a time zone that is named as IANA or as Windows names it."""
    if _is_iana_time_zone(name):
        return name
    from tzlocal.windows_tz import win_tz  # noqa: PLC0415 - most plants are configured by IANA names

    iana_name = win_tz.get(name, "")
    if _is_iana_time_zone(iana_name):
        return iana_name
    raise ValueError(
        "must be an IANA time zone such as Europe/Berlin or a Windows one such as W. Europe Standard Time"
    )


def _is_iana_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _time_of_day(text: object) -> str:
    """Return a local time; YAML 1.1 reads an unquoted 16:00 as the number 960."""
    if isinstance(text, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        return text
    raise ValueError('must be a time of day in quotes, such as "06:00"')


TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]


def _off_as_written(value: Any) -> Any:
    """Return what the file says: an unquoted `off` is false to Python's YAML, and a word to Terraform's."""
    return "off" if value is False else value


def _printable(key: SecretStr) -> SecretStr:
    if not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
        raise ValueError("must be printable ASCII, without line breaks")
    return key


def _searchable(codes: dict[str, Severity]) -> dict[str, Severity]:
    """Refuse what safety.sql could not find: it looks codes up between bars in 4,000 characters."""
    if any(not code.strip() or "|" in code for code in codes):
        raise ValueError("a reason code must not be blank and must not hold a |")
    if sum(len(code) + 1 for code in codes) >= LONGEST_CODES:
        raise ValueError(f"all reason codes together must stay below {LONGEST_CODES} characters")
    return codes


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SqlServerSettings(_Settings):
    """How to reach one plant's SQL Server. Read-only use; the password comes from the environment."""

    host: str = Field(min_length=1, description="Host name or address of the SQL Server")
    port: int = Field(1433, ge=1, le=65535, description="TCP port")
    user: str = Field(min_length=1, description="Login with no more than SELECT on the tables read")
    password: SecretStr = Field(description="The login's password; only from the environment")
    database: str = Field(min_length=1, description="Database that the query files run in")
    encryption: Annotated[Literal["require", "request", "off"], BeforeValidator(_off_as_written)] = Field(
        "require",
        description="TLS on the wire: require refuses a server without it",
    )
    ca_file: Path | None = Field(
        None,
        description="PEM file of the authority behind the server's certificate; without it any will do",
    )
    login_timeout_s: int = Field(10, ge=1, le=60, description="Longest wait for a connection, in seconds")
    query_timeout_s: int = Field(15, ge=1, le=300, description="Longest wait for one query, in seconds")
    lock_timeout_ms: int = Field(
        5000,
        ge=0,
        le=60_000,
        description="Longest wait for a lock of the plant's writers, in milliseconds",
    )
    isolation: Literal["read committed", "read uncommitted", "snapshot"] = Field(
        "read committed", description="Transaction isolation level of the poll's reads"
    )

    @model_validator(mode="after")
    def _can_be_verified(self) -> "SqlServerSettings":
        if self.ca_file is not None and self.encryption != "require":
            raise ValueError("ca_file needs encryption: require; a server without TLS shows no certificate")
        if self.ca_file is not None and "\\" in self.host:
            raise ValueError(
                "ca_file needs a host without an instance name; name the instance's port instead"
            )
        return self


class LivePulseSettings(_Settings):
    """Schedule, windows and limits of Live Pulse: common to all plants, or a plant's own."""

    enabled: bool = Field(True, description="Whether it is polled on schedule")
    every_minutes: int = Field(15, ge=1, le=MINUTES_A_DAY, description="Minutes between polls; divides a day")
    run_on_startup: bool = Field(
        True, description="A deployment polls at once instead of waiting for the next slot"
    )
    window_minutes: int = Field(
        30, ge=1, le=MINUTES_A_DAY, description="Minutes that a snapshot describes; whole intervals"
    )
    timeout_s: int = Field(60, ge=20, le=900, description="A poll ends within this time")
    warn_after_s: int = Field(45, ge=1, le=900, description="A poll that takes longer warns")
    catch_up_hours: int = Field(24, ge=1, le=168, description="How far back a slot is still polled")
    slot_tolerance_s: int = Field(60, ge=0, le=600, description="How far ahead of the clock a slot may lie")
    safety_look_back_hours: int = Field(
        24, ge=1, le=168, description="How far back safety reason codes are read: they are typed in late"
    )
    longest_span_hours: int = Field(
        24, ge=1, le=168, description="Longest span of the past that a person may ask for, in hours"
    )
    row_limit: int = Field(50_000, ge=1, le=1_000_000, description="Most rows read from one query (TOP)")
    rejected_share_for_partial: float = Field(
        0.05, ge=0, le=1, description="Share of malformed rows from which a poll is called partial"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "LivePulseSettings":
        if MINUTES_A_DAY % self.every_minutes:
            raise ValueError("every_minutes must divide a day (1440 minutes) without a rest")
        if self.window_minutes % self.every_minutes:
            raise ValueError("window_minutes must be a whole multiple of every_minutes")
        return self

    @property
    def slow_after_s(self) -> float:
        """Return from when a poll is slow: as set, but never so late that nobody would be warned."""
        return min(self.warn_after_s, self.timeout_s * 0.75)


class CleanupSettings(_Settings):
    """How long rows are kept, and how often those that have outlived it are removed. Common to all plants."""

    every_minutes: int = Field(60, ge=1, le=MINUTES_A_DAY, description="Minutes between runs; divides a day")
    timeout_s: int = Field(
        120, ge=30, le=900, description="A run ends within this time; the next one goes on"
    )
    snapshot_retention_hours: int = Field(
        24, ge=1, le=LONGEST_RETENTION_HOURS, description="How long live_snapshots are kept, in hours"
    )
    rejected_record_retention_days: int = Field(
        30, ge=1, le=LONGEST_RETENTION_DAYS, description="How long rejected_records are kept, in days"
    )
    run_retention_days: int = Field(
        90,
        # A slot is still run a week late (catch_up_hours), and only its run tells that it has been.
        ge=8,
        le=LONGEST_RETENTION_DAYS,
        description="How long pipeline_runs are kept, in days; those that hold state stay",
    )

    @model_validator(mode="after")
    def _fits_a_day(self) -> "CleanupSettings":
        if MINUTES_A_DAY % self.every_minutes:
            raise ValueError("every_minutes must divide a day (1440 minutes) without a rest")
        return self

    def keep_hours(self) -> dict[str, int]:
        """Return how long the rows of each table that expires are kept, in the order of removal.

        Runs come last: a run stays as long as rows of another table refer to it.
        """
        return {
            "live_snapshots": self.snapshot_retention_hours,
            "rejected_records": self.rejected_record_retention_days * 24,
            "pipeline_runs": self.run_retention_days * 24,
        }


class MorningReportSettings(_Settings):
    """Schedule, production day and limits of the Morning Report: common to all plants, or a plant's own."""

    enabled: bool = Field(True, description="Whether it is reported on schedule")
    at: TimeOfDay = Field("06:00", description="When the report is made, plant time")
    day_starts_at: TimeOfDay = Field(
        "00:00", description="When a production day begins, plant time; after noon it is the next date's"
    )
    look_back_days: int = Field(
        1, ge=0, le=31, description="How many days before are reported again, for rows that came late"
    )
    catch_up_days: int = Field(7, ge=1, le=31, description="How far back a missed morning is made up for")
    slot_tolerance_s: int = Field(60, ge=0, le=600, description="How far ahead of the clock a slot may lie")
    timeout_s: int = Field(120, ge=20, le=900, description="A report ends within this time")
    warn_after_s: int = Field(90, ge=1, le=900, description="A report that takes longer warns")
    row_limit: int = Field(
        50_000, ge=1, le=1_000_000, description="Most rows read from one query over a day (TOP)"
    )
    rejected_share_for_partial: float = Field(
        0.05, ge=0, le=1, description="Share of malformed rows from which a report is called partial"
    )
    longest_range_days: int = Field(31, ge=1, le=366, description="Most days asked for at once by hand")
    source_keeps_days: int = Field(
        400,
        ge=1,
        le=36_500,
        description="How long the plant's SQL Server keeps its rows: older days are refused",
    )

    @property
    def slow_after_s(self) -> float:
        """Return from when a report is slow: as set, but never so late that nobody would be warned."""
        return min(self.warn_after_s, self.timeout_s * 0.75)


class HealthSettings(_Settings):
    """From when a pipeline whose run is missing is called late and down, and how long health may take."""

    late_after_s: int = Field(
        120, ge=1, le=3600, description="A pipeline is late so long after a run was due, in seconds"
    )
    grace_intervals: int = Field(
        2, ge=1, le=100, description="A pipeline is down so many intervals after a run was due"
    )
    longest_grace_minutes: int = Field(
        120, ge=1, le=10_080, description="It is down after this time at the latest, in minutes"
    )
    timeout_s: int = Field(5, ge=1, le=60, description="Health answers within this time, in seconds")


class PlantSettings(_Settings):
    """One plant: its clock, its SQL Server and how its rows are to be read."""

    enabled: bool = Field(True, description="Whether anything of it runs on schedule")
    time_zone: Annotated[str, AfterValidator(_known_time_zone)] = Field(
        description="Time zone of the naive times in the plant's SQL Server: an IANA or a Windows name"
    )
    sql_server: SqlServerSettings | None = Field(None, description="Absent while no SQL Server is configured")
    missing_settings: tuple[str, ...] = Field(
        (), exclude=True, description="What sql_server still lacks, by name; computed, not set"
    )
    queries_dir: Path | None = Field(
        None, description="Folder whose .sql files replace the built-in query files of the same name"
    )
    source_lag_s: int = Field(
        0,
        ge=0,
        le=3600,
        description="Windows end this long before their slot, in seconds, as rows arrive late",
    )
    oee_scale: Literal["percent", "fraction"] = Field(
        "percent", description="Scale of the plant's own OEE figures"
    )
    safety_reason_codes: Annotated[dict[str, Severity], AfterValidator(_searchable)] = Field(
        default={"Safety Issue": "critical"},
        min_length=1,
        description="Downtime reason codes that are safety incidents, each with its severity",
    )
    live_pulse: LivePulseSettings | None = Field(
        None, description="Settings of live_pulse that this plant has otherwise; the rest are the common ones"
    )
    morning_report: MorningReportSettings | None = Field(
        None,
        description="Settings of morning_report that this plant has otherwise; the rest are the common ones",
    )


class ManualCallsSettings(_Settings):
    """Who may ask for a run over HTTP."""

    accept: Literal["platform", "supabase_user"] = Field(
        "platform",
        description="Who vouches for the caller: the cloud's own access control, or a Supabase user's token",
    )
    allowed_origins: tuple[Annotated[str, Field(pattern=r"^https?://[^/\s]+$")], ...] = Field(
        (), description="Web pages that may call from a browser, such as https://pulse.example.com"
    )
    cloud_run_service: str | None = Field(
        None, exclude=True, description="Set by Cloud Run itself, where nobody may be unknown"
    )


class SupabaseSettings(_Settings):
    """Where state and data are kept."""

    url: str = Field(
        pattern=r"^https?://[A-Za-z0-9.\[\]:-]*[A-Za-z0-9\]](:[0-9]{1,5})?$",
        description="Project URL without a path",
    )
    secret_key: Annotated[SecretStr, AfterValidator(_printable)] = Field(
        min_length=20, description="sb_secret_... or a legacy service_role key"
    )
    jwt_secret: SecretStr | None = Field(
        None, min_length=32, description="Legacy secret that signs users' tokens; none with signing keys"
    )


# What a plant may have of its own: sections by name, completed with the common ones.
PLANT_SECTIONS = ("live_pulse", "morning_report")


def _completed(plant: Any, tree: dict[str, Any]) -> Any:
    if not isinstance(plant, dict):
        return plant
    own = {name: (tree.get(name), plant.get(name)) for name in PLANT_SECTIONS}
    return plant | {
        name: common | section
        for name, (common, section) in own.items()
        if isinstance(common, dict) and isinstance(section, dict)
    }


class Settings(_Settings):
    """Everything that a function may need to know, read once per cold start."""

    plants: dict[PlantKey, PlantSettings] = Field(min_length=1)
    live_pulse: LivePulseSettings = LivePulseSettings()
    cleanup: CleanupSettings = CleanupSettings()
    morning_report: MorningReportSettings = MorningReportSettings()
    health: HealthSettings = HealthSettings()
    manual_calls: ManualCallsSettings = ManualCallsSettings()
    supabase: SupabaseSettings | None = Field(None, description="From the environment alone")

    @model_validator(mode="before")
    @classmethod
    def _complete_plants(cls, tree: Any) -> Any:
        """Fill up what a plant has of its own in a section, so that it is checked as a whole."""
        plants = tree.get("plants") if isinstance(tree, dict) else None
        if not isinstance(plants, dict):
            return tree
        return tree | {"plants": {key: _completed(plant, tree) for key, plant in plants.items()}}

    def live_pulse_of(self, plant: str) -> LivePulseSettings:
        """Return what holds for a plant: the common settings with its own over them."""
        return self.plants[plant].live_pulse or self.live_pulse

    def morning_report_of(self, plant: str) -> MorningReportSettings:
        """Return what holds for a plant: the common settings with its own over them."""
        return self.plants[plant].morning_report or self.morning_report

    def is_polled(self, plant: str) -> bool:
        """Say whether a plant is polled on schedule."""
        return self.plants[plant].enabled and self.live_pulse_of(plant).enabled

    def is_reported(self, plant: str) -> bool:
        """Say whether a plant has a morning report on schedule."""
        return self.plants[plant].enabled and self.morning_report_of(plant).enabled

    def sql_server_of(self, plant: str) -> SqlServerSettings:
        """Return how to reach a plant's SQL Server. Raises: NotConfigured naming what it lacks."""
        known = self.plants[plant]
        if known.sql_server is None:
            missing = ", ".join(known.missing_settings)
            raise NotConfigured(f"the SQL Server of plant {plant} is not configured: set {missing}")
        return known.sql_server

    def require_supabase(self) -> SupabaseSettings:
        """Return the Supabase settings. Raises: ConfigurationError naming what is missing."""
        if self.supabase is None:
            raise ConfigurationError("Supabase is not configured: set SUPABASE_URL and SUPABASE_SECRET_KEY")
        return self.supabase
