"""All sections together, and what they say of one plant."""

from dataclasses import dataclass

from plantpulse.errors import ConfigurationError, NotConfigured
from plantpulse.settings.cleanup import CleanupSettings
from plantpulse.settings.health import HealthSettings
from plantpulse.settings.live_pulse import LivePulseSettings
from plantpulse.settings.manual_calls import ManualCallsSettings
from plantpulse.settings.morning_report import MorningReportSettings
from plantpulse.settings.plant import PlantKey, PlantSettings
from plantpulse.settings.section import Section, setting
from plantpulse.settings.sql_server import SqlServerSettings
from plantpulse.settings.supabase import SupabaseSettings

# What a plant may have of its own: sections by name, completed with the common ones.
PLANT_SECTIONS = ("live_pulse", "morning_report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Section):
    """Everything that a function may need to know, read once per cold start."""

    plants: dict[PlantKey, PlantSettings] = setting(min_length=1, description="Every plant by its name")
    live_pulse: LivePulseSettings = setting(LivePulseSettings(), description="Common settings of Live Pulse")
    cleanup: CleanupSettings = setting(CleanupSettings(), description="Settings of the cleanup")
    morning_report: MorningReportSettings = setting(
        MorningReportSettings(), description="Common settings of the Morning Report"
    )
    health: HealthSettings = setting(HealthSettings(), description="Settings of health")
    manual_calls: ManualCallsSettings = setting(
        ManualCallsSettings(), description="Who may ask for a run over HTTP"
    )
    supabase: SupabaseSettings | None = setting(None, description="From the environment alone")

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
