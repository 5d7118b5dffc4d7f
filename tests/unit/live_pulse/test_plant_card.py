"""What a poll tells pages about its plant."""

from plantpulse.live_pulse.plant_card import plant_card
from plantpulse.settings import Settings
from plantpulse.settings.validation import validated

SETTINGS = validated(
    Settings,
    {
        "plants": {
            "berlin": {
                "name": " Werk Berlin ",
                "time_zone": "Europe/Berlin",
                "language": "de",
                "live_pulse": {"every_minutes": 5, "window_minutes": 60},
                "morning_report": {"at": "05:30"},
            },
            "chicago": {"time_zone": "America/Chicago", "enabled": False},
        }
    },
)


def test_a_plant_is_told_with_its_own_settings() -> None:
    assert plant_card("berlin", SETTINGS) == {
        "name": "Werk Berlin",
        "time_zone": "Europe/Berlin",
        "language": "de",
        "currency": "USD",
        "slot_minutes": 5,
        "window_minutes": 60,
        "schedules": {
            "live_pulse": {"every_minutes": 5, "offset_s": 0, "is_enabled": True},
            "morning_report": {"at": "05:30", "is_enabled": True},
        },
    }


def test_a_plant_without_a_name_is_told_by_its_key() -> None:
    card = plant_card("chicago", SETTINGS)

    assert (card["name"], card["language"], card["slot_minutes"], card["window_minutes"]) == (
        "chicago",
        "en",
        15,
        30,
    )
    assert card["schedules"]["live_pulse"] == {"every_minutes": 15, "offset_s": 0, "is_enabled": False}
    assert card["schedules"]["morning_report"] == {"at": "06:00", "is_enabled": False}


def test_a_plant_whose_turn_comes_later_says_how_much_later() -> None:
    settings = validated(Settings, {"plants": {one: {"time_zone": "UTC"} for one in ("a", "b")}})

    offsets = [plant_card(one, settings)["schedules"]["live_pulse"]["offset_s"] for one in ("a", "b")]

    assert offsets == [120, 0]
