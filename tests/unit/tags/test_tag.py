"""Tags and groups, as the claim returns them."""

from datetime import timedelta

import pytest

from plantpulse.tags.tag import DataType, Group, Tag


@pytest.mark.parametrize(
    ("data_type", "scale", "offset", "is_wide"),
    [
        ("bool", 1, 0, False),
        ("int16", 0.1, -40, False),
        ("uint16", 0.001, 0, False),
        ("uint16", 0.001, 1_000_000, True),
        ("int32", 1, 0, True),
        ("uint32", 1, 0, True),
        ("int64", 1, 0, True),
        ("float32", 1, 0, False),
        ("float32", 0.1, 0, True),
        ("float64", 1, 0, True),
        ("string", 1, 0, False),
    ],
)
def test_figures_that_a_32_bit_float_would_round_are_wide(
    data_type: DataType, scale: float, offset: float, is_wide: bool
) -> None:
    tag = Tag("speed", "40001", data_type, scale=scale, offset=offset)

    assert tag.is_wide is is_wide


def test_a_group_is_made_of_the_claims_row() -> None:
    group = Group.of(
        {
            "id": 7,
            "plant": "north",
            "name": "press-1",
            "mode": "fixed",
            "interval_ms": 1000,
            "driver": "modbus",
            "address": "modbus://10.0.0.5",
            "first_slot": "2026-03-11T12:00:00+00:00",
            "tags": [
                {"name": "Druck", "address": "40001", "data_type": "uint16", "position": 3, "unit": None}
            ],
            "acknowledge_tag": {"name": "ack", "address": "1", "data_type": "bool", "position": 4},
        }
    )

    assert group.interval == timedelta(seconds=1)
    assert group.tags == (Tag("Druck", "40001", "uint16", position=3),)
    assert group.trigger_tag is None
    assert group.acknowledge_tag == Tag("ack", "1", "bool", position=4)
