"""`plantpulse series show|gaps|quality|rates|failed`: what is stored is shown, and can be filtered."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.series.conftest import KNOWN_AT, LOAD, PRICE, Stock

NOON = datetime(2026, 10, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WIDTHS = pytest.mark.parametrize("columns", [120, 80, 60])


@pytest.fixture
def shelf(desk: CommandLine, stock: Stock) -> CommandLine:
    """A load with a correction, gaps, flags and scores; a failed batch; and two publishers' metrics."""
    stock.points(LOAD, NOON, ["51000", "50000.5", None])
    stock.revision(LOAD, NOON + HOUR, "49000", KNOWN_AT - 2 * HOUR, KNOWN_AT - HOUR)
    stock.revision(LOAD, NOON + HOUR, "49500", KNOWN_AT - HOUR, KNOWN_AT)
    stock.revision(LOAD, NOON, "48000", KNOWN_AT - HOUR, KNOWN_AT, minutes=180)
    stock.gap(LOAD, NOON - 5 * HOUR, NOON - 3 * HOUR, attempts=2, reason="the publisher did not answer")
    stock.gap("FR/load", NOON - 9 * HOUR, NOON - 3 * HOUR, "absent")
    stock.series("FR/load")
    today = datetime.now(UTC).date()
    for days in range(1, 36):
        day = (today - timedelta(days=days)).isoformat()
        stock.quality(LOAD, day, (0.95 if days <= 7 else 1, 1, 0.9999), suspect=1 if days == 1 else 0)
        stock.quality("FR/load", day, (1, None, 0.5 if days == 3 else 1))
    stock.flag(LOAD, datetime.now(UTC) - HOUR, "0", "zeros_for_missing")
    stock.failed_batch()
    stock.failed_batch(kind="generation", resolved_at=KNOWN_AT)
    return desk


def test_show_says_what_a_series_is_and_when_it_is_published(shelf: CommandLine) -> None:
    lines = shelf("series", "show", "de", "load").out.splitlines()

    facts = dict(line.strip().split(maxsplit=1) for line in lines[:8])
    assert facts == {
        "series": "DE/load", "state": facts["state"], "source": "entsoe", "unit": "MW",
        "clock": "Europe/Berlin", "interval": "1 h",
        "published": "due 1 h after the end of its interval", "age": facts["age"],
    }  # fmt: skip
    assert "2026-10-31 15:00+0100" in lines[11]
    assert "missing" in lines[11]
    assert "50,000.5" in lines[12]
    assert any("zeros for missing" in line for line in lines)
    assert any("the publisher did not answer" in line for line in lines)


def test_show_at_a_time_has_every_version_the_latest_first(shelf: CommandLine) -> None:
    answer = shelf("series", "show", LOAD, "--at", "2026-10-31T14:59", "--json").json

    assert [(one["value"], one["minutes"]) for one in answer["versions"]] == [
        ("50000.5", 60), ("49500", 60), ("48000", 180), ("49000", 60),
    ]  # fmt: skip
    assert answer["versions"][0]["superseded_at"] is None
    assert answer["series"]["publication"] == "due 1 h after the end of its interval"
    assert [one["value"] for one in answer["values"]] == [None, "50000.5", "51000"]
    shown = shelf("series", "show", LOAD, "--at", "2026-10-31T13:59:00Z").out
    assert "Known of this time, the latest first" in shown
    assert "now" in shown.partition("Newest values")[0]


def test_show_at_a_time_of_which_nothing_was_known_says_so(shelf: CommandLine) -> None:
    assert "nothing was known" in shelf("series", "show", LOAD, "--at", "2020-01-01").out


def test_gaps_are_open_ones_unless_others_are_asked_for(shelf: CommandLine) -> None:
    def groups(*options: str) -> list[str]:
        return [one["group"] for one in shelf("series", "gaps", *options, "--json").json["gaps"]]

    assert groups() == [LOAD]
    assert groups("--state", "all") == [LOAD, "FR/load"]
    assert groups("--state", "absent", "--area", "FR") == ["FR/load"]
    assert groups("--state", "filled") == []
    assert groups("--state", "all", "--since", "2026-11-01") == []
    assert groups("--state", "all", "--limit", "1") == [LOAD]
    out = shelf("series", "gaps").out
    assert "2026-10-31 08:00" in out
    assert "2 h" in out


def test_no_open_gap_is_good_news_unless_something_was_filtered(shelf: CommandLine, stock: Stock) -> None:
    stock.store.execute("delete from public.gaps")

    assert shelf("series", "gaps").out == "no open gaps: all is well\n"
    assert shelf("series", "gaps", "--area", "DE").out == "no such gaps\n"


def test_quality_has_the_worst_day_first_and_tells_of_what_gets_worse(shelf: CommandLine) -> None:
    answer = shelf("series", "quality", "--json").json

    days = [(one["key"], one["completeness"], one["accuracy"]) for one in answer["days"]]
    assert days[0] == ("FR/load", 1, 0.5)
    assert days[1:8] == [(LOAD, 0.95, 0.9999)] * 7
    assert [one["day"] for one in answer["days"][1:8]] == sorted(
        (one["day"] for one in answer["days"][1:8]), reverse=True
    )
    assert len(days) == 14
    assert answer["trends"] == [
        {"key": LOAD, "score": "completeness", "direction": "worse", "recent": 0.95, "before": 1.0}
    ]
    out = shelf("series", "quality", "--limit", "3").out
    assert "and 11 better days: --limit shows more" in out
    assert "worse: completeness of DE/load: 100.0 % in four weeks, 95.0 % in the last one" in out
    assert "99.9" in out  # 0.9999 is not all


def test_quality_shows_how_complete_a_day_was_before_it_was_collected_again(
    shelf: CommandLine, stock: Stock
) -> None:
    stock.store.execute("update public.series_quality set completeness = 1, first_completeness = 0.625")

    out = shelf("series", "quality", "--limit", "1").out

    assert out.splitlines()[0].split()[:7] == ["Series", "Day", "Complete", "%", "At", "first", "%"]
    assert out.splitlines()[1].split()[2:4] == ["100", "62.5"]


def test_quality_can_be_of_one_area_and_of_more_days(shelf: CommandLine) -> None:
    answer = shelf("series", "quality", "--area", "FR", "--days", "20", "--json").json

    assert {one["key"] for one in answer["days"]} == {"FR/load"}
    assert len(answer["days"]) == 20
    assert answer["trends"] == []


def test_rates_are_by_area_and_kind_the_worst_first(desk: CommandLine, stock: Stock) -> None:
    for number in range(4):
        stock.collection("failed" if number == 0 else "succeeded", asked_from=KNOWN_AT - number * HOUR)
    stock.collection("empty", subject="FR")
    stock.collection("skipped", subject="NL")
    span = ["--since", "2026-11-01", "--until", "2026-11-02"]

    rates = desk("series", "rates", *span, "--json").json["rates"]

    assert [(one["subject"], one["success_rate"], one["collections"]) for one in rates] == [
        ("DE", 0.75, 4), ("FR", 1, 1), ("NL", None, 1),
    ]  # fmt: skip
    lines = desk("series", "rates", *span).out.splitlines()
    assert lines[1].split()[:5] == ["DE", "load", "75", "4", "1"]
    assert "Source" not in lines[0]
    assert desk("series", "rates", "--by", "source", *span).out.splitlines()[1].split()[:2] == [
        "entsoe", "80",
    ]  # fmt: skip
    assert desk("series", "rates", "--since", "2025-01-01", "--until", "2025-01-02").out == (
        "no publisher was asked in this time\n"
    )


def test_a_reversed_span_of_rates_is_refused(desk: CommandLine) -> None:
    result = desk("series", "rates", "--since", "2026-11-02", "--until", "2026-11-01")

    assert (result.exit_code, result.out) == (2, "")
    assert "until: must be after --since" in result.err


def test_failed_batches_are_listed_until_they_are_resolved_and_one_shows_its_reply(
    shelf: CommandLine,
) -> None:
    assert [one["kind"] for one in shelf("series", "failed", "--json").json["failed_batches"]] == ["load"]
    everything = shelf("series", "failed", "--all", "--json").json["failed_batches"]
    assert {one["kind"] for one in everything} == {"load", "generation"}
    one = shelf("series", "failed", str(everything[-1]["id"])).out
    assert "unreadable_reply: the reply is HTML" in one
    assert one.endswith("The reply begins\n<html>busy</html>\n")
    assert shelf("series", "failed", "99").exit_code == 2


@pytest.mark.parametrize("batch_id", ["0", "-1", "x", "99999999999999999999"])
def test_a_batch_id_that_can_be_none_is_refused(desk: CommandLine, batch_id: str) -> None:
    for command in ("failed", "retry"):
        assert desk("series", command, "--", batch_id).exit_code == 2


@WIDTHS
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["show", "DE", "load"], ["DE/load", "50,000.5", "the publisher did not answer", "95"]),
        (["gaps", "--state", "all"], ["DE/load", "FR/load", "absent", "2026-10-31 08:00", "2 h"]),
        (["quality"], ["FR/load", "DE/load", "Complete %", "50", "worse: completeness of DE/load"]),
        (["failed", "--all"], ["load", "generation", "the reply is HTML", "2026-11-01 06:00Z"]),
    ],
    ids=lambda value: value[0],
)
def test_what_matters_is_on_a_terminal_of_every_width(
    shelf: CommandLine, columns: int, command: list[str], words: list[str]
) -> None:
    out = shelf.terminal("series", *command, columns=columns).out

    assert [line for line in out.splitlines() if len(line) > columns] == []
    text = " ".join(out.split())
    assert [word for word in words if word not in text] == []


def test_prices_are_due_the_day_before(desk: CommandLine, stock: Stock) -> None:
    stock.points(PRICE, NOON, [1])

    assert "due at 14:00 (Europe/Brussels) the day before" in desk("series", "show", PRICE).out
