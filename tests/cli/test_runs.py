"""`plantpulse runs`: the list with its filters, and one run with what it did and why it failed."""

from datetime import timedelta

from tests.cli.conftest import CommandLine
from tests.functions.conftest import NOON_IN_CHICAGO, Floor, World

QUARTER = timedelta(minutes=15)


def test_a_project_without_runs_lists_none(cli: CommandLine) -> None:
    result = cli("runs", "list", "--json")

    assert (result.json, result.exit_code, result.err) == ({"runs": []}, 0, "")


def test_runs_are_listed_with_the_latest_first_on_the_plants_clock(
    cli: CommandLine, world: World, floor: Floor
) -> None:
    floor.output("PRESS-01", 40, "11:50:00")
    world.tick()
    world.now += QUARTER
    world.tick(NOON_IN_CHICAGO + QUARTER)

    result = cli("runs")

    lines = result.out.splitlines()
    assert result.exit_code == 0
    assert lines[0].split() == [
        "Run",
        "Status",
        "Pipeline",
        "Plant",
        "Began",
        "Slot",
        "Took",
        "Written",
        "Attempt",
        "By",
        "Error",
    ]
    assert lines[1].split()[:6] == ["2", "succeeded", "live_pulse", "north", "2026-03-11", "12:15"]
    assert lines[2].split()[:6] == ["1", "succeeded", "live_pulse", "north", "2026-03-11", "12:00"]
    assert len(lines) == 3


def test_filters_leave_out_what_does_not_answer_to_them(cli: CommandLine, world: World, floor: Floor) -> None:
    world.tick()
    world.ask()

    def ids(*filters: str) -> list[int]:
        return [run["id"] for run in cli("runs", "list", "--json", *filters).json["runs"]]

    assert ids() == [2, 1]
    assert ids("--limit", "1") == [2]
    assert ids("--status", "failed") == []
    assert ids("--pipeline", "live-pulse", "--status", "succeeded") == [2, 1]
    assert ids("--pipeline", "cleanup") == []
    assert ids("--since", "2026-03-12") == []
    assert ids("--since", "2026-03-11T17:00:00+00:00", "--plant", "north") == [2, 1]


def test_a_run_that_failed_is_shown_with_its_error_and_what_comes_then(
    cli: CommandLine, world: World
) -> None:
    world.sql_server["password"] = "wrong"
    world.tick()

    shown, data = cli("runs", "show", "1"), cli("runs", "show", "1", "--json").json["run"]

    assert shown.exit_code == 0
    assert "source_login_failed" in shown.out
    assert "somebody must act" in shown.out
    assert (data["status"], data["error_code"], data["is_retryable"]) == (
        "failed",
        "source_login_failed",
        False,
    )
    assert data["report"]["outcome"] == "failed"
    assert "wrong" not in shown.out


def test_a_run_is_shown_with_timings_counts_warnings_and_rejected_rows(
    cli: CommandLine, world: World, floor: Floor
) -> None:
    floor.output("PRESS-01", -40, "11:50:00")
    world.tick()

    shown, data = cli("runs", "show", "1").out, cli("runs", "show", "1", "--json").json["run"]

    timings = shown.partition("Timings (ms)\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in timings] == ["claim", "connect", "read", "evaluate"]
    assert "rows_rejected" in shown
    assert "units=-40" in shown
    assert data["status"] == "partial"
    assert data["report"]["counts"] == data["counts"]
    assert data["report"]["timings_ms"] == data["timings_ms"]
    assert [row["query"] for row in data["rejected_records"]] == ["output"]


def test_a_run_that_there_is_not_is_a_wrong_argument(cli: CommandLine) -> None:
    result = cli("runs", "show", "7")

    assert (result.exit_code, result.out) == (2, "")
    assert "there is no run 7" in result.err


def test_a_plant_that_the_settings_do_not_know_is_a_wrong_argument(cli: CommandLine) -> None:
    result = cli("runs", "list", "--json", "--plant", "south")

    assert result.exit_code == 2
    assert result.json["error"]["field"] == "plant"
    assert "did you mean north?" in result.json["error"]["message"]


def test_more_runs_than_the_data_api_gives_at_once_are_listed_to_the_last(
    cli: CommandLine, world: World
) -> None:
    world.store.execute(
        """
        insert into public.pipeline_runs
            (pipeline, plant, trigger, status, fence, started_at, lease_expires_at, finished_at)
        select 'live_pulse', 'north', 'manual', 'succeeded', gen_random_uuid(), at, at + '1 minute', at
        from generate_series('2026-01-01'::timestamptz, '2026-01-02', interval '30 seconds') as at
        """
    )

    runs = cli("runs", "list", "--json", "--limit", "5000").json["runs"]

    assert [run["id"] for run in runs] == list(range(2881, 0, -1))
