"""docs/settings.md holds what the settings' schema says, and the page that is committed is not stale."""

from typing import Any

import pytest

from devstack.settings_page import PAGE, page, sections, tables
from plantpulse.cli.schema import schema_of_file

PULSE: dict[str, Any] = {
    "description": "When to poll.",
    "properties": {
        "enabled": {"type": "boolean", "default": True, "description": "Whether to poll"},
        "every_minutes": {
            "type": "integer",
            "minimum": 1,
            "maximum": 1440,
            "default": 15,
            "description": "Minutes between polls",
        },
    },
}
SCHEMA: dict[str, Any] = {
    "$defs": {
        "Server": {
            "description": "The server itself.",
            "properties": {"ca_file": {"anyOf": [{"type": "string", "format": "path"}, {"type": "null"}]}},
        },
        "Plant": {
            "description": "One plant.",
            "properties": {
                "time_zone": {"type": "string", "description": "Its clock"},
                "sql_server": {"$ref": "#/$defs/Server", "description": "Its server."},
                "oee_scale": {"enum": ["percent", "fraction"], "default": "percent", "description": "a|b"},
                "safety_reason_codes": {
                    "type": "object",
                    "additionalProperties": {"enum": ["low", "high"]},
                    "default": {"Hurt": "high"},
                    "description": "C",
                },
                "live_pulse": {
                    "anyOf": [{"$ref": "#/$defs/Pulse"}, {"type": "null"}],
                    "default": None,
                    "description": "Overrides",
                },
            },
        },
        "Pulse": PULSE,
    },
    "properties": {
        "plants": {"additionalProperties": {"$ref": "#/$defs/Plant"}},
        "live_pulse": {"$ref": "#/$defs/Pulse", "description": "Common", "default": {"enabled": True}},
    },
}
SCHEMA["$defs"]["Server"]["properties"]["ca_file"] |= {"default": None, "description": "Whom to trust"}


def test_the_page_that_is_committed_is_what_the_settings_say() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert page(text, schema_of_file()) == text


def test_a_section_has_its_place_its_description_and_a_row_for_each_setting() -> None:
    assert tables(SCHEMA).endswith(
        "### `live_pulse`\n\nWhen to poll.\n\n"
        "| setting | variable | default | allowed | meaning |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| `enabled` |  | `true` | `true`, `false` | Whether to poll |\n"
        "| `every_minutes` | `POLL_INTERVAL_MINUTES` | `15` | 1 to 1440 | Minutes between polls |"
    )


@pytest.mark.parametrize(
    "row",
    [
        "| `time_zone` | `MSSQL_TIMEZONE` | required | text | Its clock |",
        "| `oee_scale` |  | `percent` | `percent`, `fraction` | a&#124;b |",
        "| `safety_reason_codes` | `SAFETY_REASON_CODES` | `Hurt: high` | a mapping to `low`, `high` | C |",
        "| `live_pulse` |  |  | any of the settings of [`live_pulse`](#live_pulse) | Overrides |",
        "| `ca_file` | `MSSQL_CA_FILE` |  | a path | Whom to trust |",
    ],
)
def test_a_row_has_name_variable_default_bounds_and_meaning(row: str) -> None:
    assert row in tables(SCHEMA).splitlines()


def test_a_plant_comes_first_and_its_server_after_it() -> None:
    assert [place for place, _ in sections(SCHEMA)] == [
        "plants.<plant>",
        "plants.<plant>.sql_server",
        "live_pulse",
    ]


def test_what_is_written_by_hand_stays() -> None:
    text = PAGE.read_text(encoding="utf-8")

    fresh = page(text, SCHEMA)

    assert fresh.startswith(text.partition("<!--")[0])
    assert fresh.endswith(text.rpartition("-->")[2])
    assert "`catch_up_hours`" not in fresh


def test_every_setting_is_described() -> None:
    settings = {
        f"{place}.{name}": field
        for place, model in sections(schema_of_file())
        for name, field in model["properties"].items()
    }

    assert len(settings) > 50
    assert [place for place, field in settings.items() if not field.get("description")] == []


@pytest.mark.parametrize("name", ["password", "missing_settings", "cloud_run_service", "secret_key"])
def test_no_secret_and_nothing_computed_is_a_setting_of_the_file(name: str) -> None:
    assert f"| `{name}` |" not in tables(schema_of_file())
