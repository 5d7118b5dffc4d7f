"""The settings as frozen models, one module per section: names, allowed values and meanings.

`config` fills them from a file and the environment. Every field carries its rules and its description: the
checks, docs/settings.md and the JSON schema for editors are made from them.
"""

from plantpulse.settings.alerts import AlertSeverity, AlertsSettings, Rule
from plantpulse.settings.channels import ChannelSettings, QuietHours
from plantpulse.settings.cleanup import CleanupSettings
from plantpulse.settings.health import HealthSettings
from plantpulse.settings.live_pulse import LivePulseSettings
from plantpulse.settings.manual_calls import ManualCallsSettings
from plantpulse.settings.morning_report import MorningReportSettings, TimeOfDay
from plantpulse.settings.plant import PlantSettings, Severity
from plantpulse.settings.section import Secret
from plantpulse.settings.series import PublisherSettings, SeriesSettings
from plantpulse.settings.series_pipelines import (
    CommodityPricesSettings,
    EnergyActualsSettings,
    EnergyForecastsSettings,
    SeriesBackfillSettings,
    SeriesGapsSettings,
)
from plantpulse.settings.settings import PLANT_SECTIONS, Settings
from plantpulse.settings.sql_server import SqlServerSettings
from plantpulse.settings.supabase import SupabaseSettings

__all__ = [
    "PLANT_SECTIONS",
    "AlertSeverity",
    "AlertsSettings",
    "ChannelSettings",
    "CleanupSettings",
    "CommodityPricesSettings",
    "EnergyActualsSettings",
    "EnergyForecastsSettings",
    "HealthSettings",
    "LivePulseSettings",
    "ManualCallsSettings",
    "MorningReportSettings",
    "PlantSettings",
    "PublisherSettings",
    "QuietHours",
    "Rule",
    "Secret",
    "SeriesBackfillSettings",
    "SeriesGapsSettings",
    "SeriesSettings",
    "Settings",
    "Severity",
    "SqlServerSettings",
    "SupabaseSettings",
    "TimeOfDay",
]
