"""Any file is a table or a list of mistakes with their lines, never a traceback: of every kind of import."""

import importlib
import io
import json
import pkgutil
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plantpulse import cli
from plantpulse.cli.cells import LARGEST
from plantpulse.cli.csv_tables import Table
from plantpulse.cli.imports import BadTable, Kind, read_file

REPEATABLE = settings(deadline=None, derandomize=True, database=None)
MODULES: Final = [
    importlib.import_module(f"plantpulse.cli.{one.name}") for one in pkgutil.iter_modules(cli.__path__)
]
KINDS: Final = {
    value.function: value for module in MODULES for value in vars(module).values() if isinstance(value, Kind)
}
CELLS: Final = (
    "", " ", "A", "PRESS-01", "\u0130zmir", "\u30d7\u30ec\u30b9", "x" * 300, "\u200d", "\ufeff", "\u2028",
    "1", "0", "-5", "1.250", "1,250", "120,50", "1e13", "1e99", "nan", "inf", "9" * 50, "\u0661", "\u00b2",
    "06:00", "14:00", "24:00", "22:00", "Mon-Fri", "Mon\u2013", "-", "1-5", "yes", "maybe",
    "12:30-12:00", "09:00-09:15", "09:00-", "2026-11-30", "0000-01-01", "2026-02-30", "#N/A", "#REF!",
    ";", ",", '"', '""', '"a\nb"', '"a', "sep=;", "\r", "\x00", "\x1b[2J", "\x85", "\x0c", "\x1c",
)  # fmt: skip
BOUNDS: Final = {"scale": (-1e30, 1e30), "offset": (-1e30, 1e30)}  # of columns that may be below zero
ENCODINGS: Final = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1252",
    "cp1254",
    "utf-7",
)


def judge(kind: Kind, content: bytes) -> None:
    """Read a file, and check that whatever comes can be shown, sent and understood."""
    table = read(kind, content)
    if isinstance(table, BadTable):
        check_mistakes(table, content)
    else:
        check_table(table, kind)


def read(kind: Kind, content: bytes) -> Table | BadTable:
    try:
        return read_file(io.BytesIO(content), kind)
    except BadTable as refused:
        return refused


def check_mistakes(refused: BadTable, content: bytes) -> None:
    lines = content.count(b"\n") + content.count(b"\r") + 2
    assert refused.mistakes
    assert all(1 <= one.line <= lines for one in refused.mistakes)
    assert all(one.message and str(one).startswith("line ") for one in refused.mistakes)


def check_table(table: Table, kind: Kind) -> None:
    assert table.rows
    assert json.loads(json.dumps(table.rows)) == table.rows
    assert {one.line for one in table.questions} <= {row["line"] for row in table.rows}
    for row in table.rows:
        assert all(row[name] is not None for name, cell in kind.cells.items() if cell.is_required)
        for name, cell in kind.cells.items():
            if cell.is_number and (number := row.get(name)) is not None:
                least, most = BOUNDS.get(name, (0, LARGEST))
                assert least <= float(number) <= most


def header_of(kind: Kind) -> str:
    return ",".join(kind.cells)


def test_every_import_is_among_the_kinds() -> None:
    assert {"import_assets", "import_cost_centers", "import_shift_targets", "import_tags"} <= KINDS.keys()


@pytest.mark.parametrize("function", KINDS)
@REPEATABLE
@given(content=st.binary(max_size=300))
@example(b"")
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b"\x00")
@example(b"sep=;")
@example(b'"')
def test_random_bytes(function: str, content: bytes) -> None:
    judge(KINDS[function], content)
    judge(KINDS[function], f"{header_of(KINDS[function])}\n".encode() + content)


@pytest.mark.parametrize("function", KINDS)
@REPEATABLE
@given(
    rows=st.lists(st.lists(st.sampled_from(CELLS), max_size=11), max_size=6),
    columns=st.lists(
        st.sampled_from(("asset", "name", "source_name", "breaks", "", "x", " NAME ")), max_size=4
    ),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(ENCODINGS),
    line_end=st.sampled_from(("\n", "\r\n", "\r")),
    before=st.sampled_from(("", "sep=;\n", "Title\n", ";;;\n", "\n", "Title;\n\n")),
)
def test_tables_of_odd_cells(
    function: str,
    rows: list[list[str]],
    columns: list[str],
    delimiter: str,
    encoding: str,
    line_end: str,
    before: str,
) -> None:
    names = columns or list(KINDS[function].cells)
    text = before + line_end.join(delimiter.join(row) for row in (names, *rows))

    judge(KINDS[function], text.encode(encoding, "replace"))


GOOD: Final = {
    "import_cost_centers": (
        "name;standard_hourly_rate;scrap_unit_cost\n"
        "Pressing;120,50;0,40\n"
        "Painting;1.250;\n"
    ),
    "import_assets": (
        "source_name,name,area,cost_center,ideal_units_per_hour,is_active\n"
        "A,Press,Hall,P,150.5,yes\n"
    ),
    "import_shift_targets": (
        "asset,shift_name,starts_at,ends_at,target_output,days_of_week,valid_from,valid_until,breaks\n"
        "A,early,06:00,14:00,960,Mon-Fri,,2026-12-01,09:00-09:15 12:00-12:30\n"
        "B,night,22:00,06:00,400,Sun-Thu,,,\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("function", GOOD)
@REPEATABLE
@given(data=st.data())
def test_good_files_with_accidents(function: str, data: st.DataObject) -> None:
    content = GOOD[function].encode()
    judge(KINDS[function], content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        removed = data.draw(st.integers(0, 3))
        piece = data.draw(
            st.sampled_from(CELLS).map(lambda cell: cell.encode("utf-8", "replace")) | st.binary(max_size=3)
        )
        content = content[:place] + piece + content[place + removed :]

    judge(KINDS[function], content)
