"""What was made and what is entered can be read back: reports, assets, targets, cost centers, resolutions."""

import pytest

from tests.cli.conftest import CommandLine
from tests.functions.conftest import Floor, World

TWO_PLANTS = """\
plants:
  north: {time_zone: America/Chicago}
  south: {time_zone: America/Chicago}
"""


def report(world: World, day: str, loss: float | None = None) -> None:
    """Store what a Morning Report says of a day: of both assets in use."""
    world.store.execute(
        """
        insert into public.daily_summaries
            (asset_id, report_date, oee_percentage, actual_output, target_output, financial_loss,
             summary_text)
        select id, %(day)s, 61.7, 1480, 1920, case source_name when 'PAINT-01' then %(loss)s else 1 end,
               name || ' made 1,480 units.'
        from public.assets where is_active
        """,
        {"day": day, "loss": loss},
    )


def test_the_latest_report_is_shown_with_its_words_the_costliest_first(
    cli: CommandLine, world: World
) -> None:
    report(world, "2026-03-09")
    report(world, "2026-03-10", loss=1250.5)

    result = cli("report", "show")

    assert result.exit_code == 0
    assert result.out.startswith("north: the production day 2026-03-10\n")
    assert result.out.splitlines()[-2:] == ["Paint 1 made 1,480 units.", "Press 1 made 1,480 units."]


def test_the_report_of_a_day_is_shown_in_json_with_exact_figures(cli: CommandLine, world: World) -> None:
    report(world, "2026-03-09", loss=1250.5)
    report(world, "2026-03-10")

    answer = cli("report", "show", "--date", "2026-03-09", "--json").json

    assert (answer["plant"], answer["report_date"]) == ("north", "2026-03-09")
    assert [(one["asset"]["name"], one["financial_loss"]) for one in answer["daily_summaries"]] == [
        ("Paint 1", 1250.5),
        ("Press 1", 1),
    ]


def test_a_day_without_a_report_is_refused_with_the_latest_one(cli: CommandLine, world: World) -> None:
    report(world, "2026-03-10")

    result = cli("report", "show", "--date", "2026-03-11", "--json")

    assert result.exit_code == 2
    assert result.json["error"]["message"] == (
        "north has no report of 2026-03-11; `plantpulse run morning-report --date 2026-03-11` makes it "
        "(the latest is of 2026-03-10)"
    )


def test_a_plant_without_reports_is_told_how_to_make_one(cli: CommandLine, world: World) -> None:
    shown, told = cli("report", "show"), cli("report", "show", "--json").json

    assert shown.out == "north has no report yet: `plantpulse run morning-report` makes one\n"
    assert told == {"plant": "north", "report_date": None, "daily_summaries": []}


def test_a_day_that_is_none_is_a_wrong_use(cli: CommandLine) -> None:
    result = cli("report", "show", "--date", "10.03.2026")

    assert result.exit_code == 2
    assert "'10.03.2026' is not a date such as 2026-03-10" in result.err


def test_an_asset_that_a_poll_has_found_comes_first_and_is_named_unmapped(
    cli: CommandLine, world: World, floor: Floor
) -> None:
    floor.output("WELD-07", 3, "11:50:00")
    world.tick()

    lines = cli("assets").out.splitlines()
    found = cli("assets", "list", "--json").json["assets"]

    assert lines[1].split()[:4] == ["WELD-07", "WELD-07", "not", "mapped"]
    assert lines[-1] == "1 not mapped, so without snapshots: map them with `plantpulse assets import`"
    assert [(one["source_name"], one["is_mapped"]) for one in found] == [
        ("WELD-07", False),
        ("OLD-01", True),
        ("PAINT-01", True),
        ("PRESS-01", True),
    ]


def test_assets_that_are_all_mapped_are_said_to_be(cli: CommandLine, world: World) -> None:
    world.store.execute(
        """
        insert into public.cost_centers (plant, name, name_key, standard_hourly_rate)
        values ('north', 'Pressing', 'pressing', 120.5)
        """
    )
    world.store.execute(
        "update public.assets set cost_center_id = (select id from public.cost_centers) "
        "where source_name = 'PRESS-01'"
    )

    result, found = cli("assets"), cli("assets", "--json").json["assets"]

    assert result.out.splitlines()[-1] == "all of them are mapped"
    assert [one["cost_center"] for one in found] == [None, None, "Pressing"]


def test_targets_are_listed_with_their_days_and_breaks(cli: CommandLine, world: World) -> None:
    world.store.execute(
        """
        update public.shift_targets
        set days_of_week = '{1,2,3,4,5,7}', valid_until = '2026-12-01',
            breaks = '[{"starts_at": "09:00", "ends_at": "09:15"}]'
        """
    )

    line = cli("targets").out.splitlines()[1]
    [found] = cli("targets", "list", "--json").json["shift_targets"]

    assert line.split() == [
        *("Press", "1", "early", "06:00-14:00", "960"),
        *("Mon-Fri", "Sun", "2026-01-01", "2026-12-01", "09:00-09:15"),
    ]
    assert (found["asset"]["source_name"], found["days_of_week"]) == ("PRESS-01", [1, 2, 3, 4, 5, 7])


def test_cost_centers_are_listed_with_their_exact_rates(cli: CommandLine, world: World) -> None:
    world.store.execute(
        """
        insert into public.cost_centers (plant, name, name_key, standard_hourly_rate, scrap_unit_cost)
        values ('north', 'Pressing', 'pressing', 1120.55, 0.125), ('south', 'Else', 'else', 1, 1)
        """
    )

    lines = cli("cost-centers").out.splitlines()

    assert [line.split() for line in lines[1:]] == [["Pressing", "1,120.55", "0.125"]]


def test_closed_days_are_listed_latest_first_with_those_that_were_taken_back(
    cli: CommandLine, world: World
) -> None:
    world.store.execute(
        """
        insert into public.closed_days (plant, asset_id, date, name, is_closed)
        select 'north', null::bigint, date '2026-12-25', 'Christmas Day', true
        union all select 'north', id, '2026-12-26', 'Oven', false
        from public.assets where source_name = 'PAINT-01'
        union all select 'south', null, '2026-12-27', 'Else', true
        """
    )

    lines = cli("closed-days").out.splitlines()

    assert [line.split() for line in lines[1:]] == [
        ["2026-12-26", "Oven", "Paint", "1", "works"],
        ["2026-12-25", "Christmas", "Day", "whole", "plant", "closed"],
    ]


def test_rates_of_products_are_listed_by_asset_and_product(cli: CommandLine, world: World) -> None:
    world.store.execute(
        """
        insert into public.product_rates (asset_id, product, ideal_units_per_hour)
        select id, product, rate
        from public.assets, (values ('Shaft 12', 60), ('Gear 40', 1300.5)) as made (product, rate)
        where source_name = 'PRESS-01'
        """
    )

    lines = cli("product-rates").out.splitlines()

    assert [line.split() for line in lines[1:]] == [
        ["Press", "1", "Gear", "40", "1,300.5"],
        ["Press", "1", "Shaft", "12", "60"],
    ]


def test_a_resolved_event_is_shown_with_what_was_done(cli: CommandLine, world: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 12, "08:10:00")
    world.tick()
    cli("safety", "resolve", "1", "--resolution", "Guard fitted", "--by", "Ada")

    lines = cli("safety", "list", "--state", "resolved").out.splitlines()

    assert lines[0].split()[-1] == "Resolution"
    assert lines[1].endswith("Guard fitted")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["runs"], "nothing has run yet: `plantpulse run live-pulse` polls"),
        (["runs", "--status", "failed"], "no such runs"),
        (["safety"], "no unresolved safety events: all is well"),
        (["safety", "--state", "all"], "no safety events: all is well"),
        (["safety", "--severity", "high"], "no such safety events"),
        (["members"], "nobody is a member yet: `plantpulse members add EMAIL` adds somebody"),
        (["assets"], "north has no assets yet: import them, or let a poll find them"),
        (["targets"], "north has no shift targets: without them nothing is on or below target"),
        (["cost-centers"], "north has no cost centers: without them reports have no loss"),
        (["closed-days"], "north has no closed days: shifts start as the targets say"),
        (["product-rates"], "north has no rates of products: each product has the ideal rate of its asset"),
        (["snapshots"], "north has no such snapshots"),
    ],
)
def test_an_empty_list_says_what_that_means(cli: CommandLine, command: list[str], words: str) -> None:
    result = cli(*command)

    assert (result.exit_code, result.out) == (0, f"{words}\n")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["runs", "--pipeline", "live-puls"], "there is no pipeline live-puls; did you mean live_pulse?"),
        (
            ["runs", "--pipeline", "xyz"],
            "there is no pipeline xyz; there are: cleanup, commodity_prices, energy_actuals, "
            "energy_forecasts, live_pulse, morning_report, series_backfill, series_gaps, tags",
        ),
        (["runs", "--plant", "nort"], "there is no plant nort; did you mean north?"),
        (["status", "--plant", "nort"], "there is no plant nort; did you mean north?"),
        (["safety", "--plant", "NORTH"], "there is no plant NORTH; did you mean north?"),
        (["report", "show", "--plant", "nort"], "there is no plant nort; did you mean north?"),
        (["members", "add", "a@b.example", "--plant", "nort"], "there is no plant nort; did you mean north?"),
        (
            ["snapshots", "--asset", "press 1"],
            "there is no asset press 1; did you mean Press 1 or PRESS-01?",
        ),
        (
            ["dead-letters", "redrive", "--function", "live-pulse"],
            "there is no function live-pulse; did you mean live_pulse?",
        ),
    ],
)
def test_an_unknown_name_ends_with_2_and_the_nearest_names(
    cli: CommandLine, world: World, command: list[str], message: str
) -> None:
    result = cli(*command, "--json")

    assert result.exit_code == 2
    assert result.json["error"]["message"] == message


def test_an_asset_without_snapshots_is_no_unknown_asset(cli: CommandLine, world: World) -> None:
    result = cli("snapshots", "--asset", "PRESS-01")

    assert (result.exit_code, result.out) == (0, "north has no such snapshots\n")


@pytest.mark.parametrize(
    "command",
    [
        ["snapshots"],
        ["report", "show"],
        ["assets"],
        ["targets", "import", "plantpulse.yaml", "--yes"],
        ["run", "live-pulse"],
        ["members", "add", "ada@northfield.example"],
    ],
)
def test_a_command_that_needs_one_plant_names_those_that_there_are(
    cli: CommandLine, command: list[str]
) -> None:
    cli.write("plantpulse.yaml", TWO_PLANTS)
    del cli.environ["MSSQL_PASSWORD"]  # is for a single plant

    result = cli(*command, "--json")

    assert result.exit_code == 2
    assert result.json["error"] == {
        "code": "invalid_request",
        "message": "there are several plants: name one of north, south",
        "field": "plant",
    }


def test_the_help_says_where_plants_come_from_and_when_one_is_needed(bare: CommandLine) -> None:
    def of(*command: str) -> str:
        return " ".join(bare(*command, "--help").out.split())

    assert "Only this plant: its key under `plants` in the settings." in of("runs", "list")
    needed = "The plant: its key under `plants` in the settings. Needed if there are several."
    assert [needed in of(*command) for command in (["run", "live-pulse"], ["snapshots"], ["members", "add"])]
    assert needed in of("members", "add")
    assert needed in of("run", "live-pulse")
