"""The files have every point as it is, and a file that is there is only replaced by a whole one."""

import csv
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pyarrow import parquet

from plantpulse.cli.series_files import Row, check_free, new_file
from plantpulse.errors import InvalidRequest

KNOWN_AT = datetime(2026, 3, 28, 12, 0, 0, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def row(at: datetime, value: str | None, key: str = "DE/load") -> Row:
    return Row(key, at, 15, None if value is None else Decimal(value), "MW", KNOWN_AT, BERLIN)


def spring() -> list[Row]:
    """Return the quarters around the hour that the clock leaves out on 29 March 2026."""
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    values = ["-499.99", "1E+3", None, "0.10", "12345678901234567890.123456789"]
    return [row(start + timedelta(minutes=15 * number), value) for number, value in enumerate(values)]


def test_csv_has_utc_local_time_with_its_offset_and_every_digit(tmp_path: Path) -> None:
    with new_file(tmp_path / "x.csv", "csv") as write:
        write(spring()[:3])
        write(spring()[3:])

    assert (tmp_path / "x.csv").read_text(encoding="utf-8") == (
        "series,at,local_at,minutes,value,unit,known_at\n"
        "DE/load,2026-03-29T00:30:00Z,2026-03-29T01:30:00+01:00,15,-499.99,MW,2026-03-28T12:00:00.000005Z\n"
        "DE/load,2026-03-29T00:45:00Z,2026-03-29T01:45:00+01:00,15,1000,MW,2026-03-28T12:00:00.000005Z\n"
        "DE/load,2026-03-29T01:00:00Z,2026-03-29T03:00:00+02:00,15,,MW,2026-03-28T12:00:00.000005Z\n"
        "DE/load,2026-03-29T01:15:00Z,2026-03-29T03:15:00+02:00,15,0.10,MW,2026-03-28T12:00:00.000005Z\n"
        "DE/load,2026-03-29T01:30:00Z,2026-03-29T03:30:00+02:00,15,12345678901234567890.123456789,MW,"
        "2026-03-28T12:00:00.000005Z\n"
    )


def test_parquet_has_instants_numbers_and_nothing_for_what_is_missing(tmp_path: Path) -> None:
    with new_file(tmp_path / "x.parquet", "parquet") as write:
        write(spring()[:2])
        write([row(datetime(2026, 3, 29, 1, tzinfo=timezone(timedelta(hours=1))), None, "FR/load")])

    table = parquet.read_table(tmp_path / "x.parquet")
    assert table.schema.field("at").type.tz == "UTC"
    assert table.schema.field("value").type == "double"
    assert table.to_pylist()[1:] == [
        {
            "series": "DE/load", "at": datetime(2026, 3, 29, 0, 45, tzinfo=UTC),
            "local_at": "2026-03-29T01:45:00+01:00", "minutes": 15, "value": 1000.0, "unit": "MW",
            "known_at": KNOWN_AT,
        },
        {
            "series": "FR/load", "at": datetime(2026, 3, 29, 0, 0, tzinfo=UTC),
            "local_at": "2026-03-29T01:00:00+01:00", "minutes": 15, "value": None, "unit": "MW",
            "known_at": KNOWN_AT,
        },
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_names_from_outside_stay_one_cell(tmp_path: Path, form: str) -> None:
    hostile = 'DE/"x",\n=1+1\x1b[2J/日本'
    with new_file(tmp_path / "x", form) as write:  # type: ignore[arg-type] # a parameter
        write([row(KNOWN_AT, "1", hostile)])

    if form == "csv":
        with (tmp_path / "x").open(newline="", encoding="utf-8") as file:
            assert list(csv.reader(file))[1][0] == hostile
    else:
        assert parquet.read_table(tmp_path / "x").to_pylist()[0]["series"] == hostile


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_that_breaks_leaves_the_old_file_and_no_half_one(tmp_path: Path, form: str) -> None:
    (tmp_path / "x").write_text("old")

    def broken() -> None:
        with new_file(tmp_path / "x", form) as write:  # type: ignore[arg-type] # a parameter
            write(spring())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()

    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "old"


def test_a_place_that_cannot_be_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("old")

    for path, message in (
        (tmp_path / "x.csv", "is there already; --force replaces it"),
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "x.csv", "is in a folder that does not exist"),
    ):
        with pytest.raises(InvalidRequest, match=message):
            check_free(path, is_forced=False, field="out")
    check_free(tmp_path / "x.csv", is_forced=True, field="out")


def test_a_file_that_cannot_be_written_is_an_error_that_says_why(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 255)

    with pytest.raises(InvalidRequest, match="cannot be written: File name too long"), new_file(long, "csv"):
        pass
