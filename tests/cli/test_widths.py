"""What matters is on every terminal of 120, 80 and 60 columns, in whole words and whole lines."""

from datetime import UTC, datetime, timedelta

import pytest

from plantpulse.schedules.slots import slot_at_or_before
from tests.cli.conftest import CommandLine
from tests.functions.conftest import Floor, World

WIDTHS = pytest.mark.parametrize("columns", [120, 80, 60])
BAR_ERASED = "\x1b[2K"
ASSETS = "source_name,name,area\nPRESS-02,The second press behind the paint shop,Hall 2\n"


@pytest.fixture
def shop(cli: CommandLine, world: World, floor: Floor) -> CommandLine:
    """Plant north with a day of runs, one refused, an incident that was resolved, and one that was not."""
    floor.downtime("PRESS-01", "Safety Issue", 12, "08:10:00", "Guard of the feeder stood open at the start")
    floor.downtime("PAINT-01", "safety issue", 3, "11:40:00")
    floor.output("WELD-07", 3, "11:50:00")
    world.tick()
    world.sql_server["password"] = "wrong"
    world.now = datetime.now(UTC)
    world.tick(slot_at_or_before(world.now, timedelta(minutes=15)))
    world.store.execute(
        "update public.safety_events set resolution = 'Guard fitted, and the feeder taught to wait for it', "
        "is_resolved = true, resolved_at = now(), resolved_by_name = 'Ada', is_acknowledged = true, "
        "acknowledged_at = now(), acknowledged_by_name = 'Ada' where details is not null"
    )
    world.store.execute(
        """
        insert into public.daily_summaries
            (asset_id, report_date, oee_percentage, availability_percentage, performance_percentage,
             quality_percentage, actual_output, target_output, downtime_minutes, waste_count, financial_loss,
             top_downtime_reason, summary_text)
        select id, '2026-03-10', 61.7, 81.2, 80.4, 94.5, 1480, 1920, 83, 41, 1250.5, 'Jam at the feeder',
               'Press 1 made 1,480 of 1,920 units and stood still for 83 minutes.'
        from public.assets where source_name = 'PRESS-01'
        """
    )
    return cli


def shown(cli: CommandLine, columns: int, *arguments: str) -> tuple[list[str], str]:
    """Return the lines on a terminal of a width, and their words as one text."""
    out = cli.terminal(*arguments, columns=columns).out.split(BAR_ERASED)[-1]
    assert [line for line in out.splitlines() if len(line) > columns] == []
    return out.splitlines(), " ".join(out.split())


@WIDTHS
def test_status_keeps_state_age_failures_and_the_last_day(shop: CommandLine, columns: int) -> None:
    lines, text = shown(shop, columns, "status")

    line = next(number for number, one in enumerate(lines) if one.startswith("live_pulse "))
    pipeline = " ".join(lines[line : line + 2])
    assert "north" in pipeline
    assert "1 of 1" in pipeline
    assert f"{'·' * 23}x" in pipeline
    assert "live_pulse of north: last error source_login_failed; plantpulse runs show 2" in text
    assert "x failed · none" in text
    assert "~ partial" not in text


@WIDTHS
def test_runs_keep_when_what_and_why(shop: CommandLine, columns: int) -> None:
    _, text = shown(shop, columns, "runs", "list", "--since", "2026-03-01")

    for word in ("source_login_failed", "live_pulse north 2026-03-11 12:00", "Status", "Began"):
        assert word in text
    assert text.count("source_login_failed") == 1


@WIDTHS
def test_incidents_keep_reason_details_and_what_was_done(shop: CommandLine, columns: int) -> None:
    _, text = shown(shop, columns, "safety", "list", "--state", "all")

    for word in ("2026-03-11 08:10", "Press 1", "critical", "Safety Issue", "Ada", "Paint 1"):
        assert word in text
    if columns < 120:  # beside each other their lines alternate
        assert "details Guard of the feeder stood open at the start" in text
        assert "resolution Guard fitted, and the feeder taught to wait for it" in text


@WIDTHS
def test_a_check_breaks_lines_between_words(shop: CommandLine, columns: int) -> None:
    lines, text = shown(shop, columns, "check")

    assert [line for line in lines if line.startswith(("ok", "warn", "FAIL", "skip"))]
    assert f"ok   {'north':<12} {'dns':<13} 127.0.0.1 is 127.0.0.1" in lines
    assert all(line.startswith((" " * 19, "ok", "warn", "FAIL", "skip")) for line in lines[:-1])
    assert "set encryption: require" in text
    if columns < 120:
        # What it says of TLS depends on the server; that it is longer than a line does not.
        at = next(number for number, line in enumerate(lines) if " tls " in line)
        assert lines[at + 1].startswith(" " * 32)
        assert lines[at + 1][32] != " "


@WIDTHS
def test_a_report_keeps_output_oee_loss_and_words(shop: CommandLine, columns: int) -> None:
    _, text = shown(shop, columns, "report", "show")

    for word in ("the production day 2026-03-10", "1,480", "1,920", "61.7", "81.2", "94.5", "1,250.5"):
        assert word in text
    assert "Press 1 made 1,480 of 1,920 units and stood still for 83 minutes." in text
    assert "Jam at the feeder" in text


@WIDTHS
def test_snapshots_keep_output_status_and_oee(shop: CommandLine, columns: int) -> None:
    _, text = shown(shop, columns, "snapshots")

    for word in ("Asset", "Actual", "Target", "Status", "OEE %", "Press 1", "Paint 1", "below target"):
        assert word in text


@WIDTHS
def test_assets_keep_the_names_in_both_worlds_and_those_unmapped_come_first(
    shop: CommandLine, columns: int
) -> None:
    shop.write("assets.csv", ASSETS)
    shop("assets", "import", "assets.csv", "--yes")

    lines, text = shown(shop, columns, "assets")

    assert lines[1].startswith("WELD-07")
    assert "not mapped" in lines[1]
    assert "1 not mapped, so without snapshots: map them with `plantpulse assets import`" in text
    for word in ("PRESS-01", "Press 1", "Hall 2", "out of use"):
        assert word in text
    words = {word for line in lines for word in line.split()}
    assert {"The", "second", "press", "behind", "the", "paint", "shop"} <= words


@WIDTHS
def test_a_preview_keeps_every_value(shop: CommandLine, columns: int) -> None:
    shop.write("assets.csv", ASSETS)

    _, text = shown(shop, columns, "assets", "import", "assets.csv", "--dry-run")

    for word in ("to add", "PRESS-02", "area: Hall 2", "second press", "1 to add, 0 to change, 0 unchanged"):
        assert word in text


@WIDTHS
def test_an_error_breaks_its_lines_between_words(bare: CommandLine, columns: int) -> None:
    bare.write("plantpulse.yaml", "plants: {north: {time_zone: UTC}}")

    _, text = shown(bare, columns, "runs")

    assert "Error (configuration_error): " in text
    assert "SUPABASE_URL" in text
