"""Files that are refused, each with the places it is refused for, and odd ones that are not.

The words are tested where a setting is (test_config.py); here it is which settings are named.
"""

import re
from pathlib import Path

import pytest

from plantpulse.errors import ConfigurationError
from plantpulse.settings import config

_SERVER = "host: h, user: u, database: d"


def _with_server(settings: str) -> str:
    return f"plants: {{north: {{time_zone: UTC, sql_server: {{{settings}}}}}}}"


def _with_codes(codes: str) -> str:
    return f"plants: {{north: {{time_zone: UTC, safety_reason_codes: {codes}}}}}"


REFUSED = {
    "plants is null": ("plants:", ["plants"]),
    "a plant is text": ("plants: {north: Europe/Berlin}", ["plants.north"]),
    "a plant's key with a fault inside": (
        "plants: {north-1: {time_zone: Mars}}",
        ["plants.north-1", "plants.north-1.time_zone"],
    ),
    "what is no setting but worked out": (
        "plants: {north: {time_zone: UTC, missing_settings: [host]}}",
        ["plants.north.missing_settings"],
    ),
    "an unknown section": ("plants: {north: {time_zone: UTC}}\ncolour: red", ["colour"]),
    "no time zone": ("plants: {north: {}}", ["plants.north.time_zone"]),
    "a zone in other letters": ("plants: {north: {time_zone: europe/berlin}}", ["plants.north.time_zone"]),
    "supabase before all else": ("plants: {north: {time_zone: Mars}}\nsupabase:", ["supabase"]),
    "a password before all else": (
        "plants: {north: {time_zone: Mars, sql_server: {password: }}}",
        ["plants.north.sql_server.password"],
    ),
    "a CA without TLS": (
        _with_server(f"{_SERVER}, ca_file: c, encryption: request"),
        ["plants.north.sql_server"],
    ),
    "a CA and an instance": (
        _with_server(r"host: 'h\i', user: u, database: d, ca_file: c"),
        ["plants.north.sql_server"],
    ),
    "a CA and a wrong port": (
        _with_server(f"{_SERVER}, port: 0, ca_file: c, encryption: request"),
        ["plants.north.sql_server.port"],
    ),
    "an unknown setting of the server": (
        _with_server(f"{_SERVER}, colour: red"),
        ["plants.north.sql_server.colour"],
    ),
    "a server that cannot be reached yet, with slips": (
        _with_server("port: 0, colour: red"),
        ["plants.north.sql_server.port", "plants.north.sql_server.colour"],
    ),
    "a number that is none": (
        "plants: {north: {time_zone: UTC}}\nlive_pulse: {every_minutes: true}",
        ["live_pulse.every_minutes"],
    ),
    "a number in sixties": (
        "plants: {north: {time_zone: UTC}}\nlive_pulse: {window_minutes: 1:30}",
        ["live_pulse.window_minutes"],
    ),
    "what Cloud Run says": (
        "plants: {north: {time_zone: UTC}}\nmanual_calls: {cloud_run_service: x}",
        ["manual_calls.cloud_run_service"],
    ),
    "no reason codes": (_with_codes("{}"), ["plants.north.safety_reason_codes"]),
    "a blank planned reason code": (
        "plants: {north: {time_zone: UTC, planned_reason_codes: [Setup, ' ']}}",
        ["plants.north.planned_reason_codes"],
    ),
    "a language that nobody has translated": (
        "plants: {north: {time_zone: UTC, language: fr}}",
        ["plants.north.language"],
    ),
    "a plant's name without a letter": (
        "plants: {north: {time_zone: UTC, name: ' '}}",
        ["plants.north.name"],
    ),
    "a plant's name on two lines": (
        'plants: {north: {time_zone: UTC, name: "North\\nfield"}}',
        ["plants.north.name"],
    ),
    "a plant's name that turns the line around": (
        'plants: {north: {time_zone: UTC, name: "North\\u202efield"}}',
        ["plants.north.name"],
    ),
    "a plant's name that fills a page": (
        f"plants: {{north: {{time_zone: UTC, name: {'x' * 81}}}}}",
        ["plants.north.name"],
    ),
    "a mail channel named twice": (
        "plants: {north: {time_zone: UTC}}\nmorning_report: {send_to: [managers, managers]}",
        ["morning_report.send_to"],
    ),
    "a report to a channel that is none": (
        "plants: {north: {time_zone: UTC, morning_report: {send_to: [chief]}}}",
        ["plants.north.morning_report.send_to"],
    ),
    "a mail channel without a name": (
        "plants: {north: {time_zone: UTC}}\nmorning_report: {send_to: [' ']}",
        ["morning_report.send_to"],
    ),
    "a threshold beyond all": (
        "plants: {north: {time_zone: UTC}}\nmorning_report: {resend_above: 2}",
        ["morning_report.resend_above"],
    ),
    "a blank reason code": (_with_codes("{' ': low}"), ["plants.north.safety_reason_codes"]),
    "severities that are none": (
        _with_codes("{Fire: awful, Spill: low, a|b: 3}"),
        ["plants.north.safety_reason_codes.Fire", "plants.north.safety_reason_codes.a|b"],
    ),
    "one reason code with two severities": (
        _with_codes("{Safety Issue: critical, 'safety  ISSUE': low}"),
        ["plants.north.safety_reason_codes"],
    ),
    "a reason code that nobody sees": (
        _with_codes('{"\\u200d": low}'),
        ["plants.north.safety_reason_codes"],
    ),
    "a server that is a list": (
        "plants: {north: {time_zone: UTC, sql_server: [1]}}",
        ["plants.north.sql_server"],
    ),
    "reason codes as a list": (_with_codes("[Fire]"), ["plants.north.safety_reason_codes"]),
    "very long reason codes": (
        _with_codes("{" + ", ".join(f"{'x' * 500}{number}: low" for number in range(8)) + "}"),
        ["plants.north.safety_reason_codes"],
    ),
    "a common window that fits no interval": (
        "plants: {a: {time_zone: UTC, live_pulse: {catch_up_hours: 3}}}\nlive_pulse: {every_minutes: 20}",
        ["plants.a.live_pulse", "live_pulse"],
    ),
    "a plant's section wrong twice": (
        "plants: {a: {time_zone: UTC, live_pulse: {evry_minutes: 5, row_limit: often}}}",
        ["plants.a.live_pulse.row_limit", "plants.a.live_pulse.evry_minutes"],
    ),
    "a common section that is null": ("plants: {a: {time_zone: UTC}}\nlive_pulse:", ["live_pulse"]),
    "a common section that is a list": ("plants: {a: {time_zone: UTC}}\nlive_pulse: [5]", ["live_pulse"]),
    "many at once": (
        "plants:\n"
        "  North: {time_zone: Mars, source_lag_s: soon}\n"
        "  south:\n"
        "    {time_zone: UTC, oee_scale: grams, sql_server: "
        f"{{{_SERVER}, port: 99999, isolation: no}}}}\n"
        "live_pulse: {every_minutes: 0, timeout_s: 1000}",
        [
            *("plants.North", "plants.North.time_zone", "plants.North.source_lag_s"),
            *("plants.south.sql_server.port", "plants.south.sql_server.isolation", "plants.south.oee_scale"),
            *("live_pulse.every_minutes", "live_pulse.timeout_s"),
        ],
    ),
    "a cleanup every seven minutes": (
        "plants: {a: {time_zone: UTC}}\ncleanup: {every_minutes: 7}",
        ["cleanup"],
    ),
    "a cleanup with two faults": (
        "plants: {a: {time_zone: UTC}}\ncleanup: {every_minutes: 7, colour: red}",
        ["cleanup.colour"],
    ),
    "times of day that are none": (
        'plants: {a: {time_zone: UTC}}\nmorning_report: {at: "24:00", day_starts_at: 6}',
        ["morning_report.at", "morning_report.day_starts_at"],
    ),
    "origins that are none": (
        "plants: {a: {time_zone: UTC}}\nmanual_calls: {allowed_origins: [https://p.example/page, 7]}",
        ["manual_calls.allowed_origins.0", "manual_calls.allowed_origins.1"],
    ),
}

TAKEN = {
    "numbers in quotes": (
        "plants: {north: {time_zone: UTC, source_lag_s: '5'}}\nlive_pulse: {every_minutes: '5'}"
    ),
    "nulls where nothing is meant": (
        "plants: {a: {time_zone: UTC, sql_server: , queries_dir: , live_pulse: }}"
    ),
    "one reason code in two spellings with one severity": _with_codes("{Fire: high, FIRE: high}"),
    "texts that look like something else, in quotes": _with_codes("{'NO': low, '4711': high, '~': low}"),
    "a server that cannot be reached yet": _with_server("port: 1434"),
    "a server without a name": _with_server("host: '', user: u, database: d"),
    "a number with a zero before it": "plants: {north: {time_zone: UTC}}\nlive_pulse: {every_minutes: 010}",
    "times of day": (
        "plants: {a: {time_zone: UTC, morning_report: {at: '16:00'}}}\nmorning_report: {at: 06:00}"
    ),
}


def load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plantpulse.yaml"
    path.write_text(text, encoding="utf-8")
    passwords = {"MSSQL_PASSWORD__NORTH": "x", "MSSQL_PASSWORD__SOUTH": "x"}
    config.load({"PLANTPULSE_CONFIG": str(path)} | passwords)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_by_the_places_that_are_wrong(name: str, tmp_path: Path) -> None:
    text, places = REFUSED[name]

    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)

    assert re.findall(r"(?:^|; )([\w.|\[\]-]+): ", str(refused.value)) == places


@pytest.mark.parametrize("name", TAKEN)
def test_an_odd_file_is_taken(name: str, tmp_path: Path) -> None:
    load(tmp_path, TAKEN[name])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "plants:\n  north: {time_zone: UTC}\n  north: {time_zone: Asia/Tokyo}",
            "north is written twice (line 3)",
        ),
        (
            "live_pulse: {}\nplants: {n: {time_zone: UTC}}\nlive_pulse: {}",
            "live_pulse is written twice (line 3)",
        ),
    ],
)
def test_a_key_that_is_written_twice_is_refused(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)

    assert str(refused.value) == f"plantpulse.yaml: {told}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "plants:\n  north:\n    safety_reason_codes:\n      NO: low\n      4711: high\n",
            "YAML takes NO for true or false: write 'NO' in quotes (line 4); "
            "YAML takes 4711 for a number: write '4711' in quotes (line 5)",
        ),
        ("plants:\n  no: {time_zone: UTC}", "YAML takes no for true or false: write 'no' in quotes (line 2)"),
        ("plants: {}\n? [a]\n: b", "a name must be a text, not a list or a mapping (line 2)"),
        ("plants:\n  ?\n  : {}", "a name is missing (line 2)"),
        ("plants: {~: {}}", "YAML takes ~ for nothing: write '~' in quotes (line 1)"),
        (
            "plants: {2026-01-01: {}}",
            "YAML takes 2026-01-01 for a date: write '2026-01-01' in quotes (line 1)",
        ),
        ("plants: {1.5: {}}", "YAML takes 1.5 for a number: write '1.5' in quotes (line 1)"),
        ("live_pulse: {true: 1}", "YAML takes true for true or false: write 'true' in quotes (line 1)"),
        ("plants: [{off: 1}]", "YAML takes off for true or false: write 'off' in quotes (line 1)"),
    ],
)
def test_a_name_that_yaml_takes_for_something_else_is_told_by_its_line(
    text: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)

    assert str(refused.value) == f"plantpulse.yaml: {told}"


def test_a_part_of_a_file_may_be_used_twice(tmp_path: Path) -> None:
    server = "&server {host: h, user: u, database: d}"

    load(
        tmp_path,
        f"plants:\n  north: {{time_zone: UTC, sql_server: {server}}}\n"
        "  south: {time_zone: UTC, sql_server: {<<: *server, host: other}}",
    )


@pytest.mark.parametrize(
    "slip", ["missing_setting: [x]", "supabas: {}", "manual_calls: {cloud_run_servic: x}"]
)
def test_nothing_is_suggested_that_a_file_may_not_hold(slip: str, tmp_path: Path) -> None:
    text = f"plants: {{north: {{time_zone: UTC}}}}\n{slip}"

    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)

    assert "did you mean" not in str(refused.value)


def test_what_a_name_holds_is_told_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, 'plants: {}\n"\\n\\e[2J": 1\n"' + "x" * 900 + '": 2\n')

    told = str(refused.value)
    assert told.isprintable()
    assert "[2J: there is no such setting" in told
    assert len(told) < 500
