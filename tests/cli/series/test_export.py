"""`plantpulse series export`: files with exactly the points that were asked for, and as they were known."""

import csv
from datetime import UTC, datetime, timedelta

import pytest
from pyarrow import parquet

from tests.cli.conftest import CommandLine
from tests.cli.series.conftest import KNOWN_AT, LOAD, PRICE, Stock

AUTUMN = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin of the day with 25 hours
QUARTER = timedelta(minutes=15)


@pytest.fixture
def shelf(desk: CommandLine, stock: Stock) -> CommandLine:
    """Three days of quarters around the end of summer time, one of them corrected, and two other series."""
    start = AUTUMN - timedelta(days=1)
    stock.points(LOAD, start, [f"{number}.50" for number in range(96 + 100 + 96)], 15)
    stock.revision(LOAD, AUTUMN, "1.00", KNOWN_AT - timedelta(hours=2), KNOWN_AT - timedelta(hours=1), 15)
    stock.points(PRICE, AUTUMN, ["-1.25", None])
    stock.points("WTI/price/eia", datetime(2026, 10, 26, 4, tzinfo=UTC), ["61.1", "62.2"], 1440)
    return desk


def rows(cli: CommandLine, name: str = "x.csv") -> list[dict[str, str]]:
    with (cli.folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_points_of_a_series_are_written_when_nothing_bounds_them(shelf: CommandLine) -> None:
    result = shelf("series", "export", "DE", "load", "--out", "x.csv")

    assert result.exit_code == 0
    assert result.out.startswith("292 points of DE/load are in x.csv (")
    found = rows(shelf)
    assert [one["value"] for one in found] == [f"{number}.50" for number in range(292)]
    assert found[96] == {
        "series": LOAD, "at": "2026-10-24T22:00:00Z", "local_at": "2026-10-25T00:00:00+02:00",
        "minutes": "15", "value": "96.50", "unit": "MW", "known_at": "2026-11-01T06:00:00Z",
    }  # fmt: skip


def test_a_day_is_a_day_of_the_series_and_the_long_one_has_100_quarters(shelf: CommandLine) -> None:
    shelf("series", "export", LOAD, "--from", "2026-10-25", "--until", "2026-10-25", "--out", "x.csv")

    found = rows(shelf)
    assert len(found) == 100
    assert [one["local_at"] for one in found if "T02:00" in one["local_at"]] == [
        "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00",
    ]  # fmt: skip
    assert found[-1]["local_at"] == "2026-10-25T23:45:00+01:00"


def test_times_are_of_the_series_clock_unless_they_have_an_offset(shelf: CommandLine) -> None:
    span = ["--from", "2026-10-24T12:00", "--until", "2026-10-24T11:00Z"]

    answer = shelf("series", "export", LOAD, *span, "--out", "x.csv", "--json").json

    assert answer["points"] == 4
    assert rows(shelf)[0]["at"] == "2026-10-24T10:00:00Z"


def test_each_series_has_days_of_its_own_clock(shelf: CommandLine) -> None:
    span = ["--from", "2026-10-26", "--until", "2026-10-26"]

    answer = shelf("series", "export", LOAD, "WTI", PRICE, *span, "--out", "x.csv", "--json").json

    assert answer["series"] == [
        {"key": LOAD, "points": 96}, {"key": "WTI/price/eia", "points": 1}, {"key": PRICE, "points": 0},
    ]  # fmt: skip
    assert rows(shelf)[96]["local_at"] == "2026-10-26T00:00:00-04:00"
    assert "nothing of DE/day_ahead_price/1" in shelf(
        "series", "export", LOAD, PRICE, *span, "--out", "x.csv", "--force"
    ).out  # fmt: skip


def test_known_at_brings_back_what_was_known(shelf: CommandLine) -> None:
    def values(known_at: str) -> list[str]:
        options = ["--known-at", known_at, "--out", "x.csv", "--force"]
        assert shelf("series", "export", LOAD, *options).exit_code == 0
        return [one["value"] for one in rows(shelf)]

    assert values("2026-11-01T03:59Z") == []
    assert values("2026-11-01T04:00Z") == ["1.00"]
    assert values("2026-11-01T05:00Z") == []
    assert len(values("2026-11-01T06:00Z")) == 292
    assert len(values("2026-11-01")) == 292


def test_a_file_of_pages_is_the_same_as_one_of_a_page(desk: CommandLine, stock: Stock) -> None:
    stock.points(LOAD, AUTUMN, list(range(2500)), 15)
    stock.store.execute(
        "insert into public.series_revisions "
        "select series_id, at, minutes, value - 1, known_at - interval '1 hour', known_at "
        "from public.series_points where value % 2 = 0"
    )
    stock.store.execute(
        "update public.series_points set known_at = known_at - interval '1 hour' where value % 2 = 1"
    )

    desk("series", "export", LOAD, "--out", "now.csv")
    desk("series", "export", LOAD, "--known-at", "2026-11-01T05:30Z", "--out", "before.csv")

    assert [int(one["value"]) for one in rows(desk, "now.csv")] == list(range(2500))
    before = [int(one["value"]) for one in rows(desk, "before.csv")]
    assert before == [number if number % 2 else number - 1 for number in range(2500)]
    assert {one["known_at"] for one in rows(desk, "before.csv")} == {"2026-11-01T05:00:00Z"}


def test_parquet_is_chosen_by_the_name_or_by_format(shelf: CommandLine) -> None:
    by_name = shelf("series", "export", LOAD, "--out", "x.parquet", "--json").json
    by_format = shelf("series", "export", LOAD, "--format", "parquet", "--out", "y.csv", "--json").json

    assert (by_name["format"], by_format["format"]) == ("parquet", "parquet")
    table = parquet.read_table(shelf.folder / "x.parquet")
    assert table.column("value").to_pylist() == [number + 0.5 for number in range(292)]
    assert table.column("at").to_pylist()[96] == AUTUMN
    assert parquet.read_table(shelf.folder / "y.csv").num_rows == 292
    assert by_name["bytes"] == (shelf.folder / "x.parquet").stat().st_size


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["DE", "lod", "--out", "x.csv"], "key: there is no series DE/lod; did you mean DE/load?"),
        (["DE/lod", "--out", "x.csv"], "key: there is no series DE/lod; did you mean DE/load?"),
        ([LOAD, "--out", "no/x.csv"], "out: no/x.csv is in a folder that does not exist"),
        ([LOAD, "--out", "."], "out: . is a folder"),
        ([LOAD, "--out", "old.csv"], "out: old.csv is there already; --force replaces it"),
        (
            [LOAD, "--out", "x.csv", "--from", "2026-10-26", "--until", "2026-10-25"],
            "until: must not be before --from",
        ),
        ([LOAD, "--out", "x.csv", "--known-at", "2096-01-01"], "known_at: is in the future"),
        ([LOAD, "--out", "x.csv", "--from", "yesterday"], "neither a date such as 2026-03-10"),
        ([LOAD, "--out", "x.csv", "--from", "0001-01-01"], "neither a date such as 2026-03-10"),
        ([LOAD, "--out", "x.csv", "--format", "xlsx"], "'xlsx' is not one of"),
        ([LOAD], "Missing option '--out'"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_no_file_is_left(
    shelf: CommandLine, options: list[str], message: str
) -> None:
    shelf.write("old.csv", "old")

    result = shelf("series", "export", *options)

    assert (result.exit_code, result.out) == (2, "")
    assert message in " ".join(result.err.split())
    assert sorted(path.name for path in shelf.folder.iterdir()) == ["old.csv", "plantpulse.yaml"]
    assert (shelf.folder / "old.csv").read_text() == "old"


def test_force_replaces_a_file(shelf: CommandLine) -> None:
    shelf.write("x.csv", "old")

    assert shelf("series", "export", PRICE, "--out", "x.csv", "--force").exit_code == 0
    assert [one["value"] for one in rows(shelf)] == ["-1.25", ""]


def test_a_bar_counts_the_points_on_a_terminal(shelf: CommandLine) -> None:
    result = shelf.terminal("series", "export", LOAD, "--out", "x.csv")

    assert "292 of 292 points" in result.out
    assert "292 points of DE/load are in x.csv" in result.out


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("pyarrow", ["export", LOAD, "--out", "x.parquet"], "parquet"),
        ("PIL", ["plot", LOAD, "--png", "x.png"], "picture"),
    ],
)
def test_without_the_extra_the_message_names_it(
    shelf: CommandLine, package: str, arguments: list[str], extra: str
) -> None:
    from tests.cli.test_extras import without  # noqa: PLC0415 - two tests need it

    ended = without(shelf, package, "series", *arguments)

    assert ended.returncode == 3
    assert f"is not installed: `pip install 'plantpulse[{extra}]'`" in ended.stderr
    assert [path.name for path in shelf.folder.iterdir()] == ["plantpulse.yaml"]


def test_csv_and_the_chart_need_no_extra(shelf: CommandLine) -> None:
    from tests.cli.test_extras import without  # noqa: PLC0415 - two tests need it

    for arguments in (["export", LOAD, "--out", "x.csv"], ["plot", LOAD]):
        assert without(shelf, "pyarrow,PIL", "series", *arguments).returncode == 0
