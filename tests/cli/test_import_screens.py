"""What a person sees of an import, on a terminal of 120, 80 and 60 columns, and what a program gets."""

import re

import pytest

from devstack.access import SupabaseAccess
from tests.cli.conftest import CommandLine, Result
from tests.cli.test_imports import ASSETS, CENTERS, stored

WIDTHS = (120, 80, 60)
HEADER = "asset;shift_name;starts_at;ends_at;target_output;days_of_week;breaks\n"
GOOD = f"{HEADER}press-01;early;6:00;14:00;1.250;Mon\u2013Fri;12:00\u201312:30 18:00-18:30\n"
BAD = (
    f"{HEADER}"
    "press-01;early;6:00;14:00;960;Mon-Tue-Wed;12:30-12:00\n"
    "press-01;late;14:00;22:00;#N/A;Satellite;\n"
    ";night;22:00;6:00;1.250;Mon+Tue;;;x\n"
)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
def plant(cli: CommandLine) -> CommandLine:
    """The command line where one press is known, with a good table of targets and a bad one."""
    cli.write("centers.csv", CENTERS)
    cli.write("assets.csv", ASSETS)
    cli.write("good.csv", GOOD)
    cli.write("bad.csv", BAD)
    for name in ("cost-centers", "assets"):
        assert cli(name, "import", f"{name.removeprefix('cost-')}.csv", "--yes").exit_code == 0
    return cli


def on_a_terminal(cli: CommandLine, width: int, answer: str, *arguments: str, **environ: str) -> Result:
    """Run a command on a terminal of a width, typing an answer; `out` is what it showed, without colours."""
    shown = cli.terminal(*arguments, columns=width, answer=answer, **environ)
    return Result(shown.exit_code, ESCAPES.sub("", shown.out).replace("\r", "\n"), "")


def words(result: Result) -> str:
    """Return what is shown as one line of words, however it is broken."""
    return " ".join(result.out.split())


@pytest.mark.parametrize("width", WIDTHS)
def test_a_preview_shows_what_is_typed_and_asks_before_it_writes(
    plant: CommandLine, supabase: SupabaseAccess, width: int
) -> None:
    shown = on_a_terminal(plant, width, "y\n", "targets", "import", "good.csv")

    assert shown.exit_code == 0
    lines = shown.out.splitlines()
    assert max(len(line) for line in lines if not line.startswith("Write this")) <= width
    told = words(shown)
    before, _, after = told.partition("Write this to plant north? [y/N]:")
    for part in ("breaks: 12:00-12:30", "18:00-18:30", "days_of_week: 1 2 3 4", "target_output:", "1250"):
        assert part in before
    assert "12:30-12:00" not in before
    assert "line 2: '1.250' is read as 1250, with a decimal comma; with --decimal point it is 1.25" in before
    assert "line 2: breaks: 18:00-18:30 is outside the shift 06:00-14:00 and changes nothing" in before
    assert "to add" in before
    assert "not written yet: 1 to add, 0 to change, 0 unchanged" in before
    assert "written: 1 added, 0 changed, 0 unchanged" in after
    assert stored(supabase) == [1, 1, 1]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_means_that_nothing_is_written_and_says_so(
    plant: CommandLine, supabase: SupabaseAccess, width: int
) -> None:
    shown = on_a_terminal(plant, width, "n\n", "targets", "import", "good.csv")

    assert shown.exit_code == 130
    assert shown.out.endswith("nothing was written\n")
    assert "interrupted" not in shown.out
    assert stored(supabase) == [1, 1, 0]


MISTAKES = [
    "line 2, days_of_week: 'Mon-Tue-Wed' are not days such as Mon-Fri, Sat Sun or 1-5 (1 is Monday), "
    "weekdays, weekend or daily",
    "line 2, breaks: 12:30-12:00 is not within the shift 06:00-14:00; did you mean 12:00-12:30?",
    "line 3, target_output: '#N/A' is an error of the spreadsheet: correct its formula or clear the cell",
    "line 3, days_of_week: 'Satellite' are not days such as Mon-Fri, Sat Sun or 1-5 (1 is Monday), "
    "weekdays, weekend or daily",
    "line 4: 9 cells, but 7 columns",
    "line 4, asset: must not be empty",
]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_mistake_is_listed_on_a_terminal_before_anybody_is_asked(
    plant: CommandLine, supabase: SupabaseAccess, width: int
) -> None:
    shown = on_a_terminal(plant, width, "", "targets", "import", "bad.csv")

    assert shown.exit_code == 2
    assert [one for one in MISTAKES if one not in words(shown)] == []
    assert "Write this" not in shown.out
    assert stored(supabase) == [1, 1, 0]


@pytest.mark.parametrize("options", [(), ("--yes",), ("--dry-run",)])
def test_every_mistake_is_listed_with_and_without_yes(
    plant: CommandLine, supabase: SupabaseAccess, options: tuple[str, ...]
) -> None:
    piped = plant.process("targets", "import", "bad.csv", *options)
    data = plant.process("targets", "import", "bad.csv", *options, "--json")

    assert (piped.exit_code, data.exit_code) == (2, 2)
    assert piped.err.splitlines()[1:] == sorted(piped.err.splitlines()[1:], key=lambda one: one[:6])
    assert set(piped.err.splitlines()[1:]) == set(MISTAKES)
    told = data.json["error"]["mistakes"]
    assert [one["line"] for one in told] == [2, 2, 3, 3, 4, 4]
    assert {one["column"] for one in told} == {"days_of_week", "breaks", "target_output", "asset", None}
    assert stored(supabase) == [1, 1, 0]


def test_without_anybody_to_ask_the_file_is_read_and_compared_all_the_same(
    plant: CommandLine, supabase: SupabaseAccess
) -> None:
    shown = plant.process("targets", "import", "good.csv")
    data = plant.process("targets", "import", "good.csv", "--json")

    assert (shown.exit_code, data.exit_code) == (2, 2)
    assert "not written yet: 1 to add, 0 to change, 0 unchanged" in shown.out
    assert "nothing was written, because nobody is there to be asked: use --yes to write" in shown.err
    assert data.json["error"]["field"] == "yes"
    assert stored(supabase) == [1, 1, 0]


def test_what_changes_nothing_needs_no_question(plant: CommandLine, supabase: SupabaseAccess) -> None:
    first = plant("targets", "import", "good.csv", "--yes")
    again = plant.process("targets", "import", "good.csv")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert again.out.splitlines()[-1] == "nothing to write: 1 unchanged"


def test_the_option_settles_what_a_number_means(plant: CommandLine, supabase: SupabaseAccess) -> None:
    point = plant("targets", "import", "good.csv", "--dry-run", "--decimal", "point", "--json").json
    comma = plant("targets", "import", "good.csv", "--dry-run", "--decimal", "comma", "--json").json
    open_ = plant("targets", "import", "good.csv", "--dry-run", "--json").json

    assert [one["rows"][0]["values"]["target_output"] for one in (point, comma, open_)] == [
        [None, 1.25],
        [None, 1250],
        [None, 1250],
    ]
    asked = "'1.250' is read as 1250, with a decimal comma; with --decimal point it is 1.25"
    assert {"line": 2, "other_line": None, "message": asked} in open_["questions"]
    assert not [one for one in comma["questions"] + point["questions"] if "1.250" in one["message"]]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp1254"])
def test_a_terminal_that_is_not_in_utf_8_ends_no_import(
    plant: CommandLine, supabase: SupabaseAccess, encoding: str
) -> None:
    plant.write("turkish.csv", "source_name,name,ideal_units_per_hour\nPRESS-01,\u0130zmir \u30d7,160\n")

    written = on_a_terminal(
        plant, 80, "", "assets", "import", "turkish.csv", "--yes", PYTHONIOENCODING=encoding
    )
    listed = on_a_terminal(plant, 80, "", "targets", "import", "bad.csv", PYTHONIOENCODING=encoding)

    assert (written.exit_code, listed.exit_code) == (0, 2)
    assert "Traceback" not in written.out + listed.out
    assert "ideal_units_per_hour: 150 > 160" in words(written).replace("\u2192", ">")
    assert "written: 0 added, 1 changed, 0 unchanged" in words(written)


def test_json_is_json_in_every_encoding(plant: CommandLine, supabase: SupabaseAccess) -> None:
    plant.write("turkish.csv", "source_name,name\nPRESS-01,\u0130zmir \u30d7\n")

    data = plant.process("assets", "import", "turkish.csv", "--dry-run", "--json", PYTHONIOENCODING="latin-1")

    assert data.json["rows"][0]["values"]["name"] == ["Press 1", "\u0130zmir \u30d7"]
