"""What a person hears of a wrong setting: its name and what it may be, never a word of pydantic's."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import yaml
from pydantic import ValidationError
from pydantic_core.core_schema import ErrorType

from plantpulse.errors import ConfigurationError
from plantpulse.settings import Settings, config, messages, validation
from plantpulse.settings.messages import allowed

FOREIGN: Final = "Input should be a pydantic_core thing matching pattern '^[a-z]$'"
SERVER: Final = {"host": "h", "user": "u", "database": "d"}
NOT_IN_A_FILE: Final = {
    "supabase",
    "tag_credentials",
    "missing_settings",
    "cloud_run_service",
    "password",
    "secret",
}
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, float("inf"), float("nan"), 10**40, "", " ", "x", "06:00", "yes",
    [], [1], ["x"], [[]], {}, {"a": 1}, {"a": None}, {"a": {}}, {"a|b": "low"},
)  # fmt: skip
# Words of pydantic's that ours never have.
THEIRS: Final = re.compile(
    r"Input should|Value should|Extra inputs|Field required|Unexpected keyword|valid (string|integer|boolean)"
    r"|pattern|validat|type=|pydantic|\[key\]|dictionary|dataclass|keyword argument|unable to"
)


def places(model: type[Any] = Settings, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the places of all settings, with names for a plant, a channel and a code."""
    for field in fields(model):
        at = (*above, field.name)
        yield at
        for option in messages._options(field.type):
            if is_dataclass(option):
                yield from places(option, at)  # type: ignore[arg-type]
            elif arguments := get_args(option):
                inner = {"plants": "north", "safety_reason_codes": "Fire", "channels": "office"}.get(
                    field.name, "0"
                )
                yield (*at, inner)
                for section in filter(is_dataclass, messages._options(arguments[-1])):
                    yield from places(section, (*at, inner))  # type: ignore[arg-type]


PLACES: Final = [at for at in places() if not NOT_IN_A_FILE & set(at)]


def test_the_walk_visits_every_section() -> None:
    sections = {".".join(at[:-1]) for at in PLACES}

    assert {
        "plants.north.sql_server",
        "plants.north.live_pulse",
        "cleanup",
        "health",
        "manual_calls",
        "channels.office.quiet_hours",
    } <= sections
    assert len(PLACES) > 80


def test_every_setting_has_a_form_that_can_be_told() -> None:
    for at in PLACES:
        assert re.match(
            "(a|true or|percent|low|require|platform|read|email|starttls|info|succeeded|en|day|flag"
            "|cloud) ?.+",
            allowed(at, Settings),
        ), at
        assert allowed(at, Settings) != "something else"


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_fault_that_pydantic_knows_is_told_in_its_words(kind: str) -> None:
    if kind == "value_error":  # raised by our own checks, with our own words
        return
    for at in [*PLACES, ("colour",), ("plants", "north", "colour")]:
        told = validation.words(kind, FOREIGN, at, Settings)
        assert not THEIRS.search(told)
        assert re.match("must be |there is no such setting|a setting's name must be", told)


def tree_with(at: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return a good tree with one wrong value in it."""
    tree: dict[str, Any] = {"plants": {"north": {"time_zone": "UTC"}}}
    if "sql_server" in at[:-1]:
        tree["plants"]["north"]["sql_server"] = dict(SERVER)
    inner = tree
    for part in at[:-1]:
        inner = inner.setdefault(part, {})
    inner[at[-1]] = value
    return tree


def told_of(tmp_path: Path, tree: Any) -> str | None:
    path = tmp_path / "plantpulse.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    try:
        config.load({"PLANTPULSE_CONFIG": str(path)})
    except ConfigurationError as error:
        return str(error)
    return None


@pytest.mark.parametrize("at", PLACES, ids=".".join)
def test_every_value_that_a_setting_refuses_is_told_in_our_words(at: tuple[str, ...], tmp_path: Path) -> None:
    refused = [told for value in VALUES if (told := told_of(tmp_path, tree_with(at, value)))]

    assert refused
    for told in refused:
        assert not THEIRS.search(told), told
        assert told.startswith((".".join(at), *(".".join(at[:n]) for n in range(1, len(at))))), told


def test_the_walk_finds_what_pydantic_would_say() -> None:
    """The zoo of values raises many of pydantic's faults; each has words of its own there."""
    kinds: set[str] = set()
    for at in PLACES:
        for value in VALUES:
            try:
                validation.adapter(Settings).validate_python(tree_with(at, value))
            except ValidationError as error:
                kinds |= {fault["type"] for fault in error.errors()}

    assert kinds >= {
        "bool_parsing", "dataclass_type", "dict_type", "float_parsing", "greater_than_equal",
        "int_from_float", "int_parsing", "less_than_equal", "literal_error", "missing", "path_type",
        "string_too_short", "string_type", "too_short", "tuple_type", "unexpected_keyword_argument",
        "value_error",
    }  # fmt: skip


def test_what_is_missing_is_told_with_what_it_is_for(tmp_path: Path) -> None:
    told = told_of(tmp_path, {"plants": {"north": {}}})

    assert told is not None
    assert told.startswith(
        "plants.north.time_zone: must be set: Time zone of the times in SQL Server: an IANA name"
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (2024, "must be a text that is not empty, so write it in quotes"),
        (False, "must be a text that is not empty, so write it in quotes"),
        ([1], "must be a text that is not empty"),
    ],
)
def test_a_text_that_yaml_takes_for_something_else_needs_quotes(
    value: Any, told: str, tmp_path: Path
) -> None:
    at = ("plants", "north", "sql_server", "database")

    assert told_of(tmp_path, tree_with(at, value)) == f"{'.'.join(at)}: {told}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Fire=low, Fire=high", "SAFETY_REASON_CODES: Fire is written twice, with two severities"),
        (
            "Fire=low, FIRE=high",
            "SAFETY_REASON_CODES: 'Fire' and 'FIRE' are one reason code, "
            "because letter case and blanks do not count: give it one severity",
        ),
        ("Fire=awful", "SAFETY_REASON_CODES.Fire: must be low, medium, high or critical"),
        (",", "SAFETY_REASON_CODES: must be codes with severities, such as Fire=critical, Spill=low"),
        ("=low", "SAFETY_REASON_CODES: must be codes with severities, such as Fire=critical, Spill=low"),
    ],
)
def test_a_variable_is_told_by_its_own_name_and_form(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError) as refused:
        config.load({"MSSQL_TIMEZONE": "UTC", "SAFETY_REASON_CODES": text})

    assert str(refused.value) == told


def test_a_code_in_two_spellings_may_have_one_severity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = config.load({"MSSQL_TIMEZONE": "UTC", "SAFETY_REASON_CODES": "Fire=low, FIRE=low, Fire=low"})

    assert settings.plants["plant"].safety_reason_codes == {"Fire": "low", "FIRE": "low"}


@pytest.mark.parametrize(
    ("variable", "instead"),
    [("MSSQL_PASSWORD", "set MSSQL_PASSWORD__<PLANT>"), ("MSSQL_HOST", "set it in plantpulse.yaml")],
)
def test_a_variable_of_one_plant_is_told_where_several_have_theirs(
    variable: str, instead: str, tmp_path: Path
) -> None:
    path = tmp_path / "plantpulse.yaml"
    path.write_text("plants: {a: {time_zone: UTC}, b: {time_zone: UTC}}", encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        config.load({"PLANTPULSE_CONFIG": str(path), variable: "x"})

    assert str(refused.value) == f"{variable} is for a single plant; with several, {instead}"
