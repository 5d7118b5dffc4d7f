"""What a burst with a wrong clock has read and told, at its right time."""

from datetime import timedelta

from plantpulse.tags.shifting import shifted


def test_samples_and_the_times_of_states_are_shifted_and_nothing_else_is() -> None:
    error = {"code": "device_timed_out", "message": "it did not answer", "at": "2026-11-30T12:00:02+00:00"}
    level = {"level": True, "level_slot": "2026-11-30T12:00:03+00:00"}
    put = {
        "holder": "a",
        "rows": [{"g": 1, "s": "2026-11-30T12:00:01+00:00", "v": [5]}],
        "states": [{"g": 1, "polls": 2, "error": error, **level}, {"g": 2, "polls": 3, "error": None}],
    }

    assert shifted(put, timedelta(hours=-1)) == {
        "holder": "a",
        "rows": [{"g": 1, "s": "2026-11-30T11:00:01+00:00", "v": [5]}],
        "states": [
            {
                "g": 1, "polls": 2, "error": {**error, "at": "2026-11-30T11:00:02+00:00"},
                "level": True, "level_slot": "2026-11-30T11:00:03+00:00",
            },
            {"g": 2, "polls": 3, "error": None},
        ],
    }  # fmt: skip
