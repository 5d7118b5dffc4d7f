"""What pages must know of a plant besides its data: its name, its clock and when its pipelines are due.

Pure. Only plantpulse.yaml knows it, and a page cannot read that, so each poll sends it with its commit
(docs/decisions/0120).
"""

from typing import Final

from plantpulse.runs import Json
from plantpulse.schedules.stagger import offset_of
from plantpulse.settings import Settings

CURRENCY: Final = "USD"  # the rates of cost_centers are US dollars


def plant_card(plant: str, settings: Settings) -> dict[str, Json]:
    """Return the commit's `plant`, a row of `plants`."""
    known, pulse, report = (
        settings.plants[plant],
        settings.live_pulse_of(plant),
        settings.morning_report_of(plant),
    )
    offset = offset_of(plant, settings.plants, pulse.every_minutes)
    return {
        "name": known.name or plant,
        "time_zone": known.time_zone,
        "language": known.language,
        "currency": CURRENCY,
        "slot_minutes": pulse.every_minutes,
        "window_minutes": pulse.window_minutes,
        "schedules": {
            "live_pulse": {
                "every_minutes": pulse.every_minutes,
                "offset_s": int(offset.total_seconds()),
                "is_enabled": known.enabled and pulse.enabled,
            },
            "morning_report": {"at": report.at, "is_enabled": known.enabled and report.enabled},
        },
    }
