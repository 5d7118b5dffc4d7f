"""`plantpulse series retry` asks the publisher again, as a run, and `run` collects by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from devstack.energy import TOKEN, Clock, StandIn, Trouble
from tests.cli.conftest import CommandLine
from tests.cli.series.conftest import LOAD, Stock

DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
SETTINGS = """\
plants: {{}}
series:
  areas: {{DE: {{}}}}
  kinds: [load]
  commodities: {{}}
  entsoe: {{url: '{url}/api'}}
"""


@pytest.fixture
def publisher(desk: CommandLine) -> Iterator[StandIn]:
    """ENTSO-E as it is now, and the loads of DE to collect."""
    stand_in = StandIn(now=Clock(datetime.now(UTC)))
    stand_in.start()
    desk.write("plantpulse.yaml", SETTINGS.format(url=stand_in.url))
    desk.environ["ENTSOE_TOKEN"] = TOKEN
    yield stand_in
    stand_in.stop()


def failed(stock: Stock, **changes: object) -> str:
    span = {"asked_from": TODAY - 3 * DAY, "asked_until": TODAY - 2 * DAY}
    return str(stock.failed_batch(**span | changes))


def test_what_comes_is_stored_and_the_batch_is_resolved(
    desk: CommandLine, stock: Stock, publisher: StandIn
) -> None:
    batch = failed(stock)

    result = desk("series", "retry", batch, "--json")

    assert (result.exit_code, result.json["outcome"]) == (0, "succeeded"), result.out
    assert result.json["counts"]["batches_resolved"] == 1
    assert desk("series", "failed", "--json").json["failed_batches"] == []
    [run] = desk("runs", "--json").json["runs"]
    assert (run["pipeline"], run["trigger"]) == ("energy_actuals", "manual")
    assert len(desk("series", "plot", LOAD, "--days", "2", "--json").json["points"]) == 96
    assert len(publisher.ledger.requests("entsoe")) == 1


def test_a_batch_that_fails_again_stays_and_is_counted(
    desk: CommandLine, stock: Stock, publisher: StandIn
) -> None:
    batch = failed(stock)
    publisher.trouble([Trouble("entsoe", "html", TODAY - DAY, TODAY + 2 * DAY)])

    result = desk("series", "retry", batch, "--json")

    assert result.exit_code == 1
    assert result.json["outcome"] == "failed"
    [left] = desk("series", "failed", "--json").json["failed_batches"]
    assert (left["id"], left["attempts"], left["code"]) == (int(batch), 2, "unreadable_reply")
    assert desk("series", "--json").json["series"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resolved_at": TODAY}, "failed batch 1 is resolved already"),
        ({"kind": "flow"}, "this version collects no flow"),
        ({"subject": "FR"}, "load of FR is no longer collected from entsoe: the settings say so"),
    ],
)
def test_what_cannot_be_tried_again_is_refused_and_nobody_is_asked(
    desk: CommandLine, stock: Stock, publisher: StandIn, changes: dict[str, object], message: str
) -> None:
    stock.store.execute("truncate public.failed_batches restart identity")

    result = desk("series", "retry", failed(stock, **changes))

    assert (result.exit_code, result.out) == (2, "")
    assert message in result.err
    assert publisher.ledger.requests("entsoe") == []
    assert desk("runs", "--json").json["runs"] == []


def test_an_unknown_batch_is_refused(desk: CommandLine, stock: Stock) -> None:
    result = desk("series", "retry", "99")

    assert result.exit_code == 2
    assert "there is no failed batch 99; `plantpulse series failed` lists them" in result.err


def test_a_run_by_hand_collects_what_the_list_then_shows(
    desk: CommandLine, stock: Stock, publisher: StandIn
) -> None:
    result = desk("run", "energy-actuals", "--area", "DE", "--json")

    assert (result.exit_code, result.json["outcome"]) == (0, "succeeded")
    [load] = desk("series", "--json").json["series"]
    assert (load["key"], load["state"], load["unit"]) == (LOAD, "fresh", "MW")


def test_the_wrong_key_is_named_and_never_shown(desk: CommandLine, stock: Stock, publisher: StandIn) -> None:
    desk.environ["ENTSOE_TOKEN"] = "0f0f0f0f-wrong-token"

    result = desk("run", "energy-actuals")

    assert result.exit_code == 1
    assert "ENTSOE_TOKEN" in result.out
    assert "0f0f0f0f" not in result.out + result.err
    assert desk("series", "--json").json["series"] == []
