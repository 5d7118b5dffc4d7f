"""YAML as people mean it: anchors, and what only looks like a value."""

from pathlib import Path

import pytest

from plantpulse.errors import ConfigurationError
from plantpulse.settings import config
from plantpulse.settings.yaml_file import read_yaml

TWO_PLANTS_OF_ONE_ANCHOR = """
plants:
  north: &north
    time_zone: UTC
    sql_server: {host: sql, user: reader, database: mes, ca_file: ca.pem}
  south:
    <<: *north
"""


def read(folder: Path, text: str) -> object:
    file = folder / "plantpulse.yaml"
    file.write_text(text, encoding="utf-8")
    return read_yaml(file)


def test_plants_that_share_an_anchor_have_passwords_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "plantpulse.yaml").write_text(TWO_PLANTS_OF_ONE_ANCHOR, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    passwords = {"MSSQL_PASSWORD__NORTH": "of north", "MSSQL_PASSWORD__SOUTH": "of south"}

    loaded = config.load(passwords, file=Path("conf/plantpulse.yaml"))

    found = {name: loaded.sql_server_of(name) for name in ("north", "south")}
    assert {name: server.password.reveal() for name, server in found.items()} == {
        "north": "of north",
        "south": "of south",
    }
    assert [str(server.ca_file) for server in found.values()] == ["conf/ca.pem", "conf/ca.pem"]


def test_an_anchor_repeats_what_it_names(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &a {b: [1, 2]}\nc: *a\n") == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "plants:\n  north: {opened: 2026-02-30}",
            "this looks like a date or a number and is none: write it in quotes (line 2)",
        ),
        (
            "plants: " + "9" * 5_000,
            "this looks like a date or a number and is none: write it in quotes (line 1)",
        ),
        ("a: &a\n  b: *a", "nested more than 30 deep, or contains itself (line 2)"),
        ("a: " + "[" * 31 + "]" * 31, "nested more than 30 deep, or contains itself (line 1)"),
    ],
)
def test_what_is_no_value_is_refused_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text)

    assert str(refused.value) == f"plantpulse.yaml: {told}"


def test_anchors_that_repeat_one_another_into_billions_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 {b: 1}"]
    lines += [f"a{n}: &a{n} {{b: *a{n - 1}, c: *a{n - 1}}}" for n in range(1, 28)]

    with pytest.raises(ConfigurationError, match="its anchors repeat more than 1,000,000 values"):
        read(tmp_path, "\n".join(lines))


def test_as_deep_as_nobody_writes_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "[" * 30 + "]" * 30) is not None
