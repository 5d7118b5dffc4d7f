"""Nothing that another system wrote reaches the terminal as a command to it."""

import io
import json
import re

import pytest
from rich.console import Group
from rich.text import Text

from plantpulse.cli.output import Output
from plantpulse.cli.tables import Column, details, fitted
from plantpulse.cli.terminal import visible
from plantpulse.errors import SourceQueryFailed
from tests.cli.conftest import CommandLine
from tests.functions.conftest import Floor, World

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\x00\r\u202eb\u2066c\u2028d\x85e"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def test_each_character_that_a_terminal_obeys_is_one_sign() -> None:
    assert visible("a\x1b[2J\x9b1m\x7f") == "a␛[2J\N{REPLACEMENT CHARACTER}1m␡"
    assert visible("Größe 日本 😀\tb\r\nc") == "Größe 日本 😀\tb \nc"
    assert not OBEYED.search(visible(HOSTILE))


def test_notes_errors_and_tables_show_what_they_quote(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.turn_colour_off()
    columns = [Column(f"Asset{HOSTILE}", lambda _: HOSTILE), Column("B", lambda _: Text(HOSTILE, "red"))]

    output.note(HOSTILE)
    output.show_error(SourceQueryFailed(HOSTILE))
    output.write_text(HOSTILE)
    output.answer(
        {}, lambda: Group(fitted(output.console, columns, [{}]), details([("x", HOSTILE)]), Text(HOSTILE))
    )

    shown = capsys.readouterr()
    assert not OBEYED.search(shown.out + shown.err)
    assert "␛[2J" in shown.out
    assert "␛[2J" in shown.err


def test_json_has_the_text_as_it_is_in_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.is_json = True

    output.answer({"text": HOSTILE}, str)

    out = capsys.readouterr().out
    assert not OBEYED.search(out)
    assert json.loads(out) == {"text": HOSTILE}


def test_colours_stay_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    Output().answer({}, lambda: Text(f"x{HOSTILE}", "red"))

    assert capsys.readouterr().out.startswith("\x1b[31mx")


@pytest.mark.parametrize("options", [["--no-color"], ["--json"], []])
def test_an_error_of_a_run_is_shown_without_its_escape_sequences(
    cli: CommandLine, world: World, floor: Floor, options: list[str]
) -> None:
    world.tick()
    hostile = HOSTILE.replace("\x00", "")
    world.store.execute(
        "update public.pipeline_runs set status = 'failed', error_code = 'x', error_message = %s, "
        "is_retryable = false",
        (hostile,),
    )
    world.store.execute(
        "update public.assets set name = %s where source_name = 'PRESS-01'", ("Press \x1b[31m1",)
    )
    before = ["--no-color"] if "--no-color" in options else []
    after = [one for one in options if one != "--no-color"]

    for command in (["runs", "show", "1"], ["runs", "list"], ["snapshots"]):
        shown = cli(*before, *command, *after)

        assert shown.exit_code == 0, shown.err
        assert not OBEYED.search(shown.out + shown.err)


def test_mistakes_of_an_import_and_wrong_uses_are_shown_without_escape_sequences(
    cli: CommandLine, world: World
) -> None:
    (cli.folder / "t.csv").write_text("name\x1b[2J\x9b,target\nPress,\x1b[31m\n", encoding="utf-8")

    for call in (["targets", "import", "t.csv", "--yes"], ["runs", "show", "\x1b[2J"], ["\x9b31m"]):
        shown = cli(*call)

        assert shown.exit_code != 0
        assert shown.err
        assert not OBEYED.search(shown.out + shown.err)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_what_an_encoding_lacks_ends_no_command(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding=encoding))
    output = Output()

    output.answer({}, lambda: Text("\u0130zmir 1 \u2192 2 \udcff"))
    output.write_text("\u0130\n")
    output.is_json = True
    output.answer({"name": "\u0130zmir \u2192"}, str)
    output.leave()

    shown, _, document = written.getvalue().decode(encoding).partition("{")
    assert "zmir 1 > 2" in shown.replace("\u2192", ">")
    assert json.loads("{" + document) == {"name": "\u0130zmir \u2192"}
