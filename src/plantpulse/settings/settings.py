"""All sections together, and what they say of one plant."""

from collections.abc import Iterator
from typing import Any, Final

from plantpulse.errors import ConfigurationError, NotConfigured
from plantpulse.late_dataclasses import dataclass, fields
from plantpulse.settings.alerts import AlertsSettings
from plantpulse.settings.channels import Channel, ChannelKey
from plantpulse.settings.cleanup import CleanupSettings
from plantpulse.settings.dashboard import DashboardSettings
from plantpulse.settings.health import HealthSettings
from plantpulse.settings.live_pulse import LivePulseSettings
from plantpulse.settings.manual_calls import ManualCallsSettings
from plantpulse.settings.morning_report import MorningReportSettings
from plantpulse.settings.plant import PlantKey, PlantSettings
from plantpulse.settings.section import Section, setting
from plantpulse.settings.series import SeriesSettings
from plantpulse.settings.series_pipelines import (
    CommodityPricesSettings,
    EnergyActualsSettings,
    EnergyForecastsSettings,
    SeriesBackfillSettings,
    SeriesGapsSettings,
)
from plantpulse.settings.sql_server import SqlServerSettings
from plantpulse.settings.supabase import SupabaseSettings
from plantpulse.settings.tags import TagCredentials, TagsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Section):
    """Everything that a function may need to know, read once per cold start."""

    plants: dict[PlantKey, PlantSettings] = setting(
        description="Every plant by its name; empty where nothing is collected from a plant"
    )
    live_pulse: LivePulseSettings = setting(LivePulseSettings(), description="Common settings of Live Pulse")
    cleanup: CleanupSettings = setting(CleanupSettings(), description="Settings of the cleanup")
    morning_report: MorningReportSettings = setting(
        MorningReportSettings(), description="Common settings of the Morning Report"
    )
    series: SeriesSettings | None = setting(
        None, description="Which series of energy and commodities are collected; without it none are"
    )
    commodity_prices: CommodityPricesSettings = setting(
        CommodityPricesSettings(), description="When prices of commodities are collected"
    )
    energy_actuals: EnergyActualsSettings = setting(
        EnergyActualsSettings(), description="When loads, generation and imbalances are collected"
    )
    energy_forecasts: EnergyForecastsSettings = setting(
        EnergyForecastsSettings(), description="When forecasts and day-ahead prices are collected"
    )
    series_gaps: SeriesGapsSettings = setting(
        SeriesGapsSettings(), description="When gaps in series are looked for"
    )
    series_backfill: SeriesBackfillSettings = setting(
        SeriesBackfillSettings(), description="When large gaps are filled and quality is worked out"
    )
    tags: TagsSettings | None = setting(
        None, description="How machine tags of every plant are polled; without it only plants with their own"
    )
    health: HealthSettings = setting(HealthSettings(), description="Settings of health")
    alerts: AlertsSettings = setting(AlertsSettings(), description="Common settings of alerts")
    manual_calls: ManualCallsSettings = setting(
        ManualCallsSettings(), description="Who may ask for a run over HTTP"
    )
    dashboard: DashboardSettings = setting(DashboardSettings(), description="The board")
    channels: dict[ChannelKey, Channel] = setting(
        {}, description="Every channel that tells people of alerts, by its name"
    )
    supabase: SupabaseSettings | None = setting(None, description="From the environment alone")
    tag_credentials: TagCredentials | None = setting(None, description="From the environment alone")

    def __post_init__(self) -> None:
        """Check what channels say of plants, and reports of channels. Raises: ValueError."""
        for name, channel in self.channels.items():
            if unknown := sorted(set(channel.plants) - self.plants.keys()):
                known = ", ".join(sorted(self.plants)) or "none"
                raise ValueError(
                    f"channels.{name}.plants: there is no plant {unknown[0]}; known plants: {known}"
                )
        mailboxes = sorted(name for name, channel in self.channels.items() if channel.kind == "email")
        for place, report in self._reports():
            if missing := sorted(set(report.send_to) - set(mailboxes)):
                told = ", ".join(mailboxes) or "none"
                raise ValueError(
                    f"{place}.send_to: there is no mail channel {missing[0]}; known ones: {told}"
                )

    def _reports(self) -> Iterator[tuple[str, MorningReportSettings]]:
        yield "morning_report", self.morning_report
        for name, plant in self.plants.items():
            if plant.morning_report:
                yield f"plants.{name}.morning_report", plant.morning_report

    def require_series(self) -> SeriesSettings:
        """Return what series are collected. Raises: NotConfigured if none are."""
        if self.series is None:
            raise NotConfigured("no series are collected: write a section `series` in plantpulse.yaml")
        return self.series

    def require_tags(self, plant: str) -> TagsSettings:
        """Return how a plant's machine tags are polled. Raises: NotConfigured if they are not."""
        found: TagsSettings | None = self.of(plant, "tags")
        if found is None:
            raise NotConfigured(
                f"plant {plant} has no machine tags: write a section `tags` in plantpulse.yaml"
            )
        return found

    def of(self, plant: str, section: str) -> Any:
        """Return a section as it holds for a plant: the common settings with its own, if any, over them."""
        return getattr(self.plants[plant], section, None) or getattr(self, section)

    def live_pulse_of(self, plant: str) -> LivePulseSettings:
        """Return what holds for a plant: the common settings with its own over them."""
        found: LivePulseSettings = self.of(plant, "live_pulse")
        return found

    def morning_report_of(self, plant: str) -> MorningReportSettings:
        """Return what holds for a plant: the common settings with its own over them."""
        found: MorningReportSettings = self.of(plant, "morning_report")
        return found

    def alerts_of(self, plant: str) -> AlertsSettings:
        """Return what holds for a plant, or for what is of no plant: the common settings."""
        found: AlertsSettings = self.of(plant, "alerts") if plant in self.plants else self.alerts
        return found

    def is_on_schedule(self, plant: str, section: str) -> bool:
        """Say whether a plant's pipeline runs on schedule: its section by name, such as live_pulse."""
        return self.plants[plant].enabled and bool(self.of(plant, section).enabled)

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


# What a plant may override: its sections by name, each of which `Settings` has too.
PLANT_SECTIONS: Final = tuple(
    field.name for field in fields(PlantSettings) if field.name in {one.name for one in fields(Settings)}
)
