"""`plantpulse series list` and `status`: what is fresh, with the newest values."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.series.conftest import LOAD, PRICE, Stock

WIDTHS = pytest.mark.parametrize("columns", [120, 80, 60])
HOSTILE = "D\x1b[2JE\x9b/load/\u202eb"


def quarter(hours_ago: float) -> datetime:
    """Return the start of a quarter of an hour."""
    now = datetime.now(UTC) - timedelta(hours=hours_ago)
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)


@pytest.fixture
def shelf(desk: CommandLine, stock: Stock) -> CommandLine:
    """A fresh load whose newest value is missing, prices that are stale, and a series without values."""
    stock.points(LOAD, quarter(4), ["51000.5", "-0.10", None], 15)
    stock.points(PRICE, quarter(100), [12], 60)
    stock.series("DE/pumping/B10", group="DE/generation+pumping/B10")
    stock.gap(LOAD, quarter(9), quarter(8))
    stock.gap(LOAD, quarter(7), quarter(6))
    stock.gap(LOAD, quarter(29), quarter(28), "filled")
    stock.quality(LOAD, "2026-11-28", (0.5, 0.5, 0.5))
    stock.quality(LOAD, "2026-11-29", (1, 0.98765, None))
    return desk


def test_the_stale_come_first_and_each_has_its_value_unit_age_and_source(shelf: CommandLine) -> None:
    result = shelf("series")

    lines = result.out.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "3 series: 1 fresh, 1 stale, 1 empty; 2 open gaps"
    assert lines[3].split()[:4] == ["DE/day_ahead_price/1", "STALE", "12", "EUR/MWh"]
    assert lines[4].split()[:3] == ["DE/pumping/B10", "empty", "-"]
    assert lines[5].split()[:4] == ["DE/load", "FRESH", "-0.1", "MW"]
    assert lines[5].endswith("entsoe     2       98.8")
    assert "4 d 3 h" in lines[3]


def test_json_has_the_state_and_what_is_stored(shelf: CommandLine) -> None:
    price, empty, load = shelf("series", "list", "--json").json["series"]

    assert (price["state"], empty["state"], load["state"]) == ("stale", "empty", "fresh")
    assert load["value"] == "-0.10"
    assert datetime.fromisoformat(load["newest_at"]) == quarter(3.75)
    assert (empty["until"], empty["value"], empty["age_s"]) == (None, None, None)
    assert load["quality"] == {
        "day": "2026-11-29", "completeness": 1, "timeliness": 0.98765, "accuracy": None,
    }  # fmt: skip
    assert (load["open_gaps"], load["missing_minutes"]) == (2, 120)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (["--kind", "load"], [LOAD]),
        (["--area", "de"], [PRICE, "DE/pumping/B10", LOAD]),
        (["--source", "entsoe", "--kind", "day-ahead-price"], [PRICE]),
        (["--stale"], [PRICE]),
        (["--stale", "--kind", "load"], []),
    ],
)
def test_filters(shelf: CommandLine, options: list[str], keys: list[str]) -> None:
    assert [one["key"] for one in shelf("series", *options, "--json").json["series"]] == keys


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--area", "DEE"], "area: there is no area DEE; did you mean DE?"),
        (["--kind", "lod"], "kind: there is no kind lod; did you mean load?"),
        (["--source", "eia"], "source: there is no source eia; there are: entsoe"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(
    shelf: CommandLine, options: list[str], message: str
) -> None:
    result = shelf("series", "list", *options)

    assert (result.exit_code, result.out) == (2, "")
    assert message in result.err


def test_before_the_first_collection_the_answer_says_how_to_begin(desk: CommandLine) -> None:
    assert "no series is stored yet: `plantpulse run energy-actuals`" in desk("series").out
    assert desk("series", "--area", "DE", "--json").json == {"series": []}


def test_what_was_silent_for_60_days_has_ended_and_comes_last(shelf: CommandLine, stock: Stock) -> None:
    stock.points("DE/generation/B14", quarter(61 * 24), [5], 15)

    states = [(one["key"], one["state"]) for one in shelf("series", "--json").json["series"]]

    assert states[-1] == ("DE/generation/B14", "ended")
    assert "1 fresh, 1 stale, 1 empty, 1 ended" in shelf("series").out


def test_a_kind_of_a_newer_version_has_no_state(desk: CommandLine, stock: Stock) -> None:
    stock.points("DE/flow", quarter(4), [1], 15)

    [flow] = desk("series", "--json").json["series"]

    assert flow["state"] is None
    assert "of unknown kinds" in desk("series").out


def test_a_zone_that_is_none_is_shown_as_utc(desk: CommandLine, stock: Stock) -> None:
    stock.series(LOAD, time_zone="Mars/Olympus")
    stock.points(LOAD, datetime(2026, 1, 1, 12, tzinfo=UTC), [1])

    assert "2026-01-01 12:00" in desk("series").out


@WIDTHS
@pytest.mark.parametrize("command", [["series"], ["status"]])
def test_a_narrow_terminal_keeps_state_value_and_age(
    shelf: CommandLine, stock: Stock, columns: int, command: list[str]
) -> None:
    stock.points("Henry Hub and a rather long name/price/eia", quarter(30), [2.5], 1440)

    out = shelf.terminal(*command, columns=columns).out

    assert [line for line in out.splitlines() if len(line) > columns] == []
    text = " ".join(out.split())
    for word in ("DE/day_ahead_price/1", "STALE", "FRESH", "-0.1 MW", "12 EUR/MWh", "4 d 3 h", "2.5 USD/bbl"):
        assert word in text


def test_nothing_that_a_name_says_reaches_the_terminal_as_a_command(desk: CommandLine, stock: Stock) -> None:
    stock.points(HOSTILE, quarter(4), [1], 15)

    for command in (["series"], ["status"], ["series", "show", HOSTILE], ["series", "plot", HOSTILE]):
        out = desk.terminal(*command).out
        assert "D␛[2JE" in out
        assert not {"\x1b", "\x9b", "\u202e"} & set(out.split("\x1b[2K")[-1])


def test_status_has_each_series_below_the_pipelines_and_how_long_supabase_took(shelf: CommandLine) -> None:
    result = shelf("status")

    assert result.exit_code == 0
    assert "3 series: 1 fresh, 1 stale, 1 empty; 2 open gaps" in result.out
    assert "Supabase answered in " in result.out
    answer = shelf("status", "--json").json
    assert [one["state"] for one in answer["series"]] == ["stale", "empty", "fresh"]
    assert answer["database"]["answered_ms"] > 0


def test_status_of_many_series_shows_the_first_and_tells_of_the_rest(desk: CommandLine, stock: Stock) -> None:
    for number in range(33):
        stock.points(f"A{number:02}/load", quarter(200 if number == 32 else 4), [1], 15)

    lines = desk("status").out.splitlines()

    shown = [line.split()[0] for line in lines if "/load " in line]
    assert shown == ["A32/load", *(f"A{number:02}/load" for number in range(29))]
    assert "and 3 more: `plantpulse series list`" in lines


def test_without_series_in_the_settings_status_asks_for_none(desk: CommandLine, stock: Stock) -> None:
    stock.points(LOAD, quarter(4), [1], 15)
    desk.write("plantpulse.yaml", "plants: {}\n")

    assert desk("status", "--json").json["series"] == []
    assert LOAD not in desk("status").out


def test_where_nothing_was_pumped_for_days_nothing_is_late(desk: CommandLine, stock: Stock) -> None:
    group = "DE/generation+pumping/B10"
    for key in ("DE/generation/B10", "DE/pumping/B10"):
        stock.series(key, group=group)
    stock.points("DE/generation/B10", quarter(2), [100], 15)
    stock.points("DE/pumping/B10", quarter(100), [90], 15)

    lines = desk("series").out.splitlines()

    assert lines[0] == "2 series: 2 fresh"
