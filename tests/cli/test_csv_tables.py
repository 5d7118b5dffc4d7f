"""Reading people's tables: what Excel writes is taken, and every mistake is named by line and column."""

import pytest

from plantpulse.cli import cells
from plantpulse.cli.assets import ASSETS
from plantpulse.cli.csv_tables import read_table
from plantpulse.cli.csv_text import Unreadable, decode
from plantpulse.cli.targets import TARGETS
from plantpulse.plant.cells import read_asset

HEADER = "asset,shift_name,starts_at,ends_at,target_output"


def mistakes(text: str) -> list[str]:
    return [str(mistake) for mistake in read_table(text, ASSETS.cells).mistakes]


@pytest.mark.parametrize(
    "content",
    [
        b"source_name,area\nPRESS-01,Hall 1\n",
        b"\xef\xbb\xbfsource_name;area\r\nPRESS-01;Hall 1\r\n",
        b" Source_Name \tAREA\nPRESS-01\tHall 1\n",
        b'source_name,area\n\n,\n"PRESS-01"," Hall 1 "',
    ],
)
def test_what_excel_writes_is_read(content: bytes) -> None:
    table = read_table(decode(content), ASSETS.cells)

    assert table.mistakes == []
    assert table.columns == ["source_name", "area"]
    assert [(row["source_name"], row["area"]) for row in table.rows] == [("PRESS-01", "Hall 1")]


def test_a_row_knows_the_line_that_an_editor_shows() -> None:
    table = read_table('source_name,area\n\nA,"Hall\n1"\nB\n', ASSETS.cells)

    assert [str(mistake) for mistake in table.mistakes] == [
        "line 3, area: must stand on one line, without control characters"
    ]
    assert [row["line"] for row in table.rows] == [3, 5]


@pytest.mark.parametrize(
    "name",
    [
        "AI\u200dR",
        "AI\u200cR",
        "AI\u00adR",
        "\u200fAIR",
        "AIR\u200e",
        "AI\u00a0R",
        "AI\u3000R",
        "AI\u202fR",
        "\ufeffAIR",
    ],
)
def test_a_name_that_a_poll_takes_is_taken(name: str) -> None:
    table = read_table(f"source_name\n{name}\n", ASSETS.cells)

    assert table.mistakes == []
    assert [row["source_name"] for row in table.rows] == [read_asset(name).name]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x" * 201, "must be at most 200 characters"),
        ("\u200d\u00ad", "has no visible character"),
        ("A\x1b[31m", "must stand on one line, without control characters"),
        ("A\u2028B", "must stand on one line, without control characters"),
    ],
)
def test_a_name_that_cannot_be_shown_is_a_mistake(name: str, told: str) -> None:
    [mistake] = read_table(f"source_name\n{name}\n", ASSETS.cells).mistakes

    assert str(mistake) == f"line 2, source_name: {told}"


def test_an_empty_cell_is_nothing_and_a_missing_column_is_not_there() -> None:
    [row] = read_table("source_name,area\nA,\n", ASSETS.cells).rows

    assert row == {"line": 2, "source_name": "A", "area": None}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["line 1, source_name: the column is missing"]),
        ("name\nx\n", ["line 1, source_name: the column is missing"]),
        ("source_name,source_name\nA,B\n", ["line 1, source_name: the column appears twice"]),
        ("source_name\nA,B\n", ["line 2: 2 cells, but 1 columns"]),
        ("source_name,area\n,Hall 1\n", ["line 2, source_name: must not be empty"]),
        ('source_name\n"A\n', ["line 2: not CSV: unexpected end of data"]),
        ('source_name\nA\n"B\nC\nD\n', ["line 3: not CSV: unexpected end of data"]),
        ('source_name\nA\n"B\nC\n"D"\n', ["line 3: not CSV: ',' expected after '\"'"]),
        ("source_name,,area,\nA,,,\n", []),
        ("source_name,,area,\nA,x,,\nB,,,,,\n", ["line 2: cell 2 is filled, but its column has no name"]),
        (
            "source_name,ideal_units_per_hour\nA,1e13\nB,1000000000000\n",
            ["line 2, ideal_units_per_hour: '1e13' must be at most 1,000,000,000,000"],
        ),
        (
            "source_name,ideal_units_per_hour,is_active\nA,0,maybe\nB,1.5,no\nC,1e3,yes\nD,inf,1\n",
            [
                "line 2, ideal_units_per_hour: '0' must be above zero",
                "line 2, is_active: 'maybe' is neither yes nor no",
                "line 5, ideal_units_per_hour: 'inf' is not a number such as 1250 or 0.75",
            ],
        ),
    ],
)
def test_every_mistake_is_named(text: str, told: list[str]) -> None:
    assert mistakes(text) == told


def test_a_file_of_any_length_is_read_to_the_most_rows_and_no_further() -> None:
    most = "source_name\n" + "A\n" * 100_000

    assert mistakes(most) == []
    assert mistakes(most + "A\n" * 5) == ["line 100002: more than 100000 rows: split the file"]


def test_an_unknown_column_is_told_with_those_that_there_are() -> None:
    [mistake] = mistakes("source_name,zone\nA,1\n")

    assert mistake.startswith("line 1, zone: there is no such column; known columns: source_name, name,")


def test_a_file_that_is_not_utf8_says_how_to_save_it() -> None:
    with pytest.raises(Unreadable, match="CSV UTF-8") as refused:
        decode("source_name\nPresse\nPresse für Türen".encode("cp1252"))

    assert refused.value.line == 3


def test_numbers_keep_their_digits() -> None:
    assert [cells.number()(text) for text in ("0", "12.50", "1e3")] == ["0", "12.50", "1000"]


def test_times_dates_and_breaks_have_one_form() -> None:
    assert cells.time_of_day("6:00") == "06:00"
    assert cells.time_of_day("22:30:00") == "22:30"
    assert cells.day("2026-11-30") == "2026-11-30"
    assert cells.breaks("9:00-9:15; 12:00-12:30") == [
        {"starts_at": "09:00", "ends_at": "09:15"},
        {"starts_at": "12:00", "ends_at": "12:30"},
    ]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (cells.time_of_day, "24:00"),
        (cells.time_of_day, "6"),
        (cells.time_of_day, "06:00:30"),
        (cells.day, "30.11.2026"),
        (cells.breaks, "09:00"),
        (cells.breaks, "09:00-09:00"),
        (cells.breaks, "09:00-25:00"),
    ],
)
def test_other_forms_are_refused(read: object, text: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=r"is not|are not|has no length"):
        read(text)


def test_what_does_not_fit_within_a_row_is_named() -> None:
    table = read_table(
        f"{HEADER},valid_from,valid_until\n"
        "A,early,06:00,06:00,10,,\n"
        "A,late,14:00,22:00,10,2026-12-01,2026-12-01\n"
        "A,night,22:00,06:00,10,2026-12-01,2026-12-02\n",
        TARGETS.cells,
        TARGETS.checks,
    )

    assert [str(mistake) for mistake in table.mistakes] == [
        "line 2, ends_at: must not be the same as starts_at",
        "line 3, valid_until: must be after valid_from: it is the first day without the target",
    ]
