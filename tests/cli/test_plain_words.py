"""Wrong settings and wrong requests are told in our own words, on terminals of all widths and in JSON."""

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.test_import_screens import WIDTHS, on_a_terminal, words

NORWAY = "plants:\n  north:\n    time_zone: UTC\n    safety_reason_codes:\n      NO: low\n"
TWICE = "plants:\n  north:\n    time_zone: UTC\n    safety_reason_codes: {Fire: low, FIRE: high}\n"
WRONG = {
    "a name that is no text": (
        NORWAY,
        ("config", "show"),
        (
            "configuration_error",
            None,
            "plantpulse.yaml: YAML takes NO for true or false: write 'NO' in quotes (line 5)",
        ),
    ),
    "one code with two severities": (
        TWICE,
        ("config", "show"),
        (
            "configuration_error",
            None,
            "plants.north.safety_reason_codes: 'Fire' and 'FIRE' are one reason code, because letter case "
            "and blanks do not count: give it one severity",
        ),
    ),
    "half a range": (
        "plants: {north: {time_zone: UTC}}",
        ("run", "morning-report", "--until", "2026-03-09"),
        ("invalid_request", "from", "a range of days needs its first and its last day"),
    ),
    "a date that is none": (
        "plants: {north: {time_zone: UTC}}",
        ("run", "morning-report", "--date", "tomorrow"),
        ("invalid_request", "date", "must be a date such as 2026-03-10"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_program_gets_the_words_in_json(bare: CommandLine, name: str) -> None:
    settings, command, (code, field, message) = WRONG[name]
    bare.write("plantpulse.yaml", settings)

    result = bare.process(*command, "--json")

    assert result.json["error"] == {"code": code, "message": message, "field": field}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", WRONG)
def test_a_person_reads_them_whole(bare: CommandLine, name: str, width: int) -> None:
    settings, command, (_code, field, message) = WRONG[name]
    bare.write("plantpulse.yaml", settings)

    shown = on_a_terminal(bare, width, "", *command)

    assert message in words(shown)
    assert f"{field}: " in words(shown) or field is None
    assert shown.exit_code in {2, 3}
