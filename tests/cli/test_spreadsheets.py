"""What spreadsheets write: every encoding and separator is read, or refused with what to do about it."""

import csv
import io

import pytest

from plantpulse.cli.assets import ASSETS
from plantpulse.cli.cost_centers import COST_CENTERS
from plantpulse.cli.csv_tables import Table, read_table
from plantpulse.cli.csv_text import MOST_BYTES, Unreadable, decode
from plantpulse.cli.targets import TARGETS

NAMES = (
    "Stra\u00dfenpresse",
    "\u00c9bavurage n\u00b0 3",
    "\u0130zmir Pres",
    "\u03a0\u03c1\u03ad\u03c3\u03b1",
    "\u30d7\u30ec\u30b9\u6a5f",
)
TEXT = "name;standard_hourly_rate\r\n" + "".join(f"{name};120,50\r\n" for name in NAMES)
HEADER = "asset,shift_name,starts_at,ends_at,target_output"


def centers(text: str, decimal: str | None = None) -> Table:
    return read_table(text, COST_CENTERS.cells, COST_CENTERS.checks, decimal)


def told(table: Table) -> list[str]:
    return [str(mistake) for mistake in table.mistakes]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        b"\xff\xfe" + TEXT.replace(";", "\t").encode("utf-16-le"),
        ("sep=;\r\n" + TEXT).encode("utf-8-sig"),
        ("SEP=\t\r\n" + TEXT.replace(";", "\t")).encode(),
        ("sep=\\t\n" + TEXT.replace(";", "\t")).encode(),
        ('"sep=;"\n' + TEXT).encode(),
        ("sep=|\n" + TEXT.replace(";", "|")).encode(),
        ("\r\n;;;\r\n" + TEXT).encode(),
        TEXT.replace("\r\n", ";;;\r\n").encode(),
        TEXT.replace("\r\n", "\r").encode(),
        (TEXT + ";;\r\n;;\r\n").encode(),
    ],
)  # fmt: skip
def test_a_german_table_is_read_however_it_is_saved(content: bytes) -> None:
    table = centers(decode(content))

    assert (told(table), table.questions) == ([], [])
    assert tuple(row["name"] for row in table.rows) == NAMES
    assert {row["standard_hourly_rate"] for row in table.rows} == {"120.50"}


WIDE = "the file is in UTF-16 without the mark that says so, or in UTF-32: save it as 'CSV UTF-8'"
NOT_UTF_8 = "the file is not in UTF-8: save it as 'CSV UTF-8'"
WORKBOOK = "the file is a workbook, not CSV: save it as 'CSV UTF-8'"
REFUSED = {
    "utf-16-le": (TEXT.encode("utf-16-le"), 1, WIDE),
    "utf-16-be": (TEXT.encode("utf-16-be"), 1, WIDE),
    "utf-16 of ASCII alone": ("name\nPress\n".encode("utf-16-le"), 1, WIDE),
    "utf-32": (TEXT.encode("utf-32"), 1, WIDE),
    "half a letter": (TEXT.encode("utf-16") + b"x", 1, "the file says that it is in UTF-16, but is not: "),
    "cp1252": ("name;color\nA;1\nPresse f\u00fcr T\u00fcren;2".encode("cp1252"), 3, NOT_UTF_8),
    "cp1254": ("name\n\u0130zmir".encode("cp1254"), 2, NOT_UTF_8),
    "shift-jis": ("name\n\u30d7\u30ec\u30b9".encode("shift-jis"), 2, NOT_UTF_8),
    "xlsx": (b"PK\x03\x04\x14\x00", 1, WORKBOOK),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1", 1, WORKBOOK),
    "long": (b"a" * (MOST_BYTES + 1), 1, "the file is longer than 64 MiB: split it"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_text_is_refused_with_what_to_do(name: str) -> None:
    content, line, words = REFUSED[name]

    with pytest.raises(Unreadable) as refused:
        decode(content)

    assert refused.value.line == line
    assert str(refused.value).startswith(words)


NO_NAMES = "this line must name the columns, but names none; known columns: "
KNOWN = "name, standard_hourly_rate, scrap_unit_cost"


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (
            "Cost centers of 2026;;\n;;\nname;standard_hourly_rate\nA;1\n;x\n",
            [
                "line 1: this line names no column: delete the lines above line 3, which does",
                "line 5, name: must not be empty",
                "line 5, standard_hourly_rate: 'x' is not a number such as 1250 or 0.75",
            ],
        ),
        (
            "Prices\nname,standard_hourly_rate\nA,1\n",
            ["line 1: this line names no column: delete the lines above line 2, which does"],
        ),
        (
            "Prices 2026\nName\nname;standard_hourly_rate\nA;1\n",
            ["line 1: this line names no column: delete the lines above line 3, which does"],
        ),
        ("A;1\nB;2\n", [f"line 1: {NO_NAMES}{KNOWN}"]),
        ("sep=;\nname,standard_hourly_rate\nA,1\n", [f"line 2: {NO_NAMES}{KNOWN}"]),
        ("sep=x\nname;area\n", ["line 1: sep= must be followed by the separator, such as sep=;"]),
        ("sep=\n", ["line 1: sep= must be followed by the separator, such as sep=;"]),
        (
            "sep=;\n",
            ["line 2, name: the column is missing", "line 2, standard_hourly_rate: the column is missing"],
        ),
        (
            "sep=;\nname;color\nA;red\n",
            [
                f"line 2, color: there is no such column; known columns: {KNOWN}",
                "line 2, standard_hourly_rate: the column is missing",
            ],
        ),
    ],
)
def test_a_title_and_a_wrong_separator_are_refused_with_what_to_do(text: str, mistakes: list[str]) -> None:
    assert told(centers(text)) == mistakes


def test_a_line_with_two_faults_and_a_line_that_is_wrong_as_a_whole_are_told_together() -> None:
    table = centers("name,standard_hourly_rate,scrap_unit_cost\n,x,y,z\n")

    assert told(table) == [
        "line 2: 4 cells, but 3 columns",
        "line 2, name: must not be empty",
        "line 2, standard_hourly_rate: 'x' is not a number such as 1250 or 0.75",
        "line 2, scrap_unit_cost: 'y' is not a number such as 1250 or 0.75",
    ]


def test_a_row_with_a_wrong_cell_is_still_checked_as_a_whole() -> None:
    table = read_table(
        f"{HEADER},valid_from,valid_until,breaks\n"
        "A,early,06:00,06:00,many,2026-12-02,2026-12-01,\n"
        "A,late,14:00,22:00,10,soon,,18:30-18:00\n"
        "A,night,25:00,06:00,10,,1999-12-31,02:00-01:00\n",
        TARGETS.cells,
        TARGETS.checks,
    )

    assert told(table) == [
        "line 2, target_output: 'many' is not a number such as 1250 or 0.75",
        "line 2, ends_at: must not be the same as starts_at",
        "line 2, valid_until: must be after valid_from: it is the first day without the target",
        "line 3, valid_from: 'soon' is not a date such as 2026-11-30",
        "line 3, breaks: 18:30-18:00 is not within the shift 14:00-22:00; did you mean 18:00-18:30?",
        "line 4, starts_at: '25:00' is not a time of day such as 06:00 or 22:30",
        "line 4, valid_until: must be after valid_from: it is the first day without the target",
    ]


ERRORS = (
    "#N/A", "#NV", "#REF!", "#BEZUG!", "#NAME?", "#DIV/0!", "#WERT!", "#VALEUR!", "#\u00a1VALOR!",
    "#DE\u011eER!", "#YOK", "#\u0421\u0421\u042b\u041b\u041a\u0410!", "#SPILL!", "#NULL!", "#n/a",
    "########", "Err:502",
)  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("column", ["source_name", "area", "ideal_units_per_hour", "is_active"])
def test_an_error_of_a_spreadsheet_is_no_value(error: str, column: str) -> None:
    values = {"source_name": "A", column: error}
    [mistake] = read_table(f"{','.join(values)}\n{','.join(values.values())}\n", ASSETS.cells).mistakes

    assert (mistake.line, mistake.column) == (2, column)
    assert (
        mistake.message == f"{error!r} is an error of the spreadsheet: correct its formula or clear the cell"
    )


@pytest.mark.parametrize(
    "name", ["#1", "#1 Press!", "Press #3", "#A", "N/A", "# 5", "Error:502", "#Press 1?"]
)
def test_a_name_with_a_number_sign_is_a_name(name: str) -> None:
    table = read_table(f"source_name\n{name}\n", ASSETS.cells)

    assert told(table) == []
    assert table.rows[0]["source_name"] == name


def test_numbers_of_a_file_are_read_together_and_asked_about_once() -> None:
    table = centers("name;standard_hourly_rate;scrap_unit_cost\nA;1.250;2\nB;2.500;0\nC;40;1.000\n")

    assert [row["standard_hourly_rate"] for row in table.rows] == ["1250", "2500", "40"]
    assert [(one.line, one.message) for one in table.questions] == [
        (
            2,
            "'1.250' is read as 1250, with a decimal comma; with --decimal point it is 1.25, "
            "and 2 more numbers like it",
        )
    ]


def test_the_option_says_what_a_point_is() -> None:
    point, comma = (centers("name;standard_hourly_rate\nA;1.250\n", sign) for sign in ".,")

    assert (point.rows[0]["standard_hourly_rate"], point.questions) == ("1.250", [])
    assert (comma.rows[0]["standard_hourly_rate"], comma.questions) == ("1250", [])


def test_a_quoted_cell_keeps_its_separators_and_the_lines_are_counted_on() -> None:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";", quoting=csv.QUOTE_ALL).writerows(
        [
            ["name", "standard_hourly_rate"],
            ["Pressen; \u201egro\u00df\u201c", "1.250,50"],
            ["two\nlines", "1"],
            ["B", "x"],
        ]
    )
    table = centers(written.getvalue())

    assert [row["name"] for row in table.rows] == ["Pressen; \u201egro\u00df\u201c", None, "B"]
    assert told(table) == [
        "line 3, name: must stand on one line, without control characters",
        "line 5, standard_hourly_rate: 'x' is not a number such as 1250 or 0.75",
    ]
