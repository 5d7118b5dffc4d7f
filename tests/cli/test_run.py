"""`plantpulse run`: the functions' own pipelines, in this process, on the real local stack."""

import getpass
import itertools
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import CommandLine
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import Floor, World
from tests.patience import ENDS_S, PATIENT_S

CHICAGO = ZoneInfo("America/Chicago")
OPERATOR = f"cli:{getpass.getuser()}"
FOR_EVER_S = 4 * ENDS_S
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


def make(floor: Floor, asset: str, units: int, *, minutes_ago: int) -> None:
    """Enter what an asset made some minutes ago by the machine's real clock."""
    at = datetime.now(CHICAGO) - timedelta(minutes=minutes_ago)
    floor.run(
        "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
        asset, units, f"{at:%Y-%m-%dT%H:%M:%S}",
    )  # fmt: skip


def runs(world: World) -> list[tuple[str, str, str | None]]:
    rows = world.rows("select pipeline, status, requested_by from public.pipeline_runs order by id")
    return [(row["pipeline"], row["status"], row["requested_by"]) for row in rows]


def test_a_poll_is_run_and_says_who_asked(cli: CommandLine, world: World, floor: Floor) -> None:
    make(floor, "PRESS-01", 40, minutes_ago=5)

    result = cli("run", "live-pulse", "--json")

    assert (result.exit_code, result.err) == (0, "")
    assert (result.json["outcome"], result.json["requested_by"]) == ("succeeded", OPERATOR)
    assert runs(world) == [("live_pulse", "succeeded", OPERATOR)]
    rows = world.rows("select output_actual::int from public.live_snapshots order by asset_id")
    assert [row["output_actual"] for row in rows] == [40, 0]


def test_a_dry_run_shows_what_would_be_written_and_writes_nothing(
    cli: CommandLine, world: World, floor: Floor
) -> None:
    make(floor, "PRESS-01", 40, minutes_ago=5)
    before = world.contents()

    shown, data = cli("run", "live-pulse", "--dry-run"), cli("run", "live-pulse", "--dry-run", "--json")

    assert shown.exit_code == 0
    assert "dry run: nothing was written" in shown.out
    assert "2 snapshots" in shown.out
    assert [one["output_actual"] for one in data.json["preview"]["snapshots"]] == [40, 0]
    assert world.contents() == before


def test_a_span_of_the_past_is_read_again(cli: CommandLine, world: World, floor: Floor) -> None:
    make(floor, "PRESS-01", 7, minutes_ago=5 * 60)  # without older rows nobody knows that the source has all
    make(floor, "PRESS-01", 40, minutes_ago=70)
    until = datetime.now(CHICAGO).replace(minute=0, second=0, microsecond=0)
    since = until - timedelta(hours=2)

    result = cli(
        "run",
        "live-pulse",
        "--from",
        f"{since:%Y-%m-%dT%H:%M}",
        "--until",
        f"{until:%Y-%m-%dT%H:%M}",
        "--json",
    )

    assert (result.exit_code, result.json["outcome"]) == (0, "succeeded"), result.out
    rows = world.rows("select distinct snapshot_timestamp as at from public.live_snapshots order by 1")
    assert rows[0]["at"] <= since.astimezone(UTC) + timedelta(minutes=15)
    assert len(rows) == 9
    assert sum(row["made"] for row in world.rows("select slot_output::int as made from live_snapshots")) == 40


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["live-pulse", "--from", "2026-03-11T12:00", "--until", "2026-03-11T10:00"], "until"),
        (["live-pulse", "--from", "yesterday", "--until", "today"], "from"),
        (["live-pulse", "--plant", "south"], "plant"),
        (["live-pulse", "--until", "2026-03-11T12:00"], "from"),
        (["morning-report", "--until", "2026-03-09"], "from"),
        (["morning-report", "--from", "2026-03-09"], "until"),
        (["morning-report", "--from", "2026-03-09", "--until", "2026-03-08"], "until"),
        (["morning-report", "--date", "2999-01-01"], "date"),
        (["morning-report", "--date", "the day before"], "date"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_done(
    cli: CommandLine, world: World, arguments: list[str], told: str
) -> None:
    result = cli("run", *arguments, "--json")

    assert result.exit_code == 2
    assert result.json["error"]["field"] == told
    assert runs(world) == []


def test_a_poll_that_fails_for_good_ends_with_1_and_its_report(cli: CommandLine, world: World) -> None:
    cli.environ["MSSQL_PASSWORD"] = "not-the-password"

    shown = cli("run", "live-pulse")

    assert shown.exit_code == 1
    assert "source_login_failed" in shown.out
    assert "not-the-password" not in shown.out + shown.err
    assert runs(world) == [("live_pulse", "failed", OPERATOR)]


def test_a_server_that_is_away_ends_with_75(cli: CommandLine, world: World) -> None:
    cli.environ["MSSQL_PORT"] = "9"

    result = cli("run", "live-pulse", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (75, "source_unavailable")


def test_a_plant_without_a_server_ends_with_3(cli: CommandLine, world: World) -> None:
    del cli.environ["MSSQL_PASSWORD"]

    result = cli("run", "live-pulse", "--json")

    assert (result.exit_code, result.json["outcome"]) == (3, "not_configured")
    assert runs(world) == []


def test_another_run_that_is_under_way_ends_with_75(cli: CommandLine, world: World) -> None:
    world.store.execute(
        """
        insert into public.pipeline_runs
            (pipeline, plant, trigger, fence, started_at, lease_expires_at)
        values ('live_pulse', 'north', 'manual', gen_random_uuid(), now(), now() + '5 minutes')
        """
    )

    result = cli("run", "live-pulse", "--json")

    assert (result.exit_code, result.json["outcome"]) == (75, "busy")


def test_cleanup_removes_what_has_expired(cli: CommandLine, world: World) -> None:
    world.store.execute(
        """
        insert into public.live_snapshots
            (asset_id, snapshot_timestamp, window_start, output_actual, output_target, status)
        select 1, at, at - interval '30 minutes', 1, 1, 'on_target'
        from unnest(array[now(), now() - interval '30 hours']) as at
        """
    )

    tried, done = cli("run", "cleanup", "--dry-run"), cli("run", "cleanup", "--json")

    assert (tried.exit_code, done.exit_code) == (0, 0)
    assert len(world.rows("select id from public.live_snapshots")) == 1
    assert runs(world) == [("cleanup", "succeeded", OPERATOR)]


@pytest.mark.parametrize("names", [("--date",), ("--from", "--until")])
def test_a_morning_report_of_a_day_is_made_anew(
    cli: CommandLine, world: World, floor: Floor, names: tuple[str, ...]
) -> None:
    yesterday = (datetime.now(CHICAGO) - timedelta(days=1)).date()
    floor.run(
        "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
        "PRESS-01", 900, f"{yesterday}T12:00:00",
    )  # fmt: skip

    day = [word for name in names for word in (name, yesterday.isoformat())]

    result = cli("run", "morning-report", *day, "--json")

    assert result.exit_code == 0, result.out
    rows = world.rows(
        "select report_date, actual_output::int from public.daily_summaries where actual_output > 0"
    )
    assert [(row["report_date"], row["actual_output"]) for row in rows] == [(yesterday, 900)]


def test_the_canonical_line_goes_to_stderr_when_asked_for(cli: CommandLine, world: World) -> None:
    result = cli.process("--verbose", "run", "live-pulse", "--json")

    assert result.json["outcome"] == "succeeded"
    assert '"message":"run succeeded"' in result.err


@pytest.fixture
def waiting(
    cli: CommandLine, world: World, mssql: SqlServerUnderTest
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start commands that wait in C, for the answer of a SQL Server to come in minutes."""
    assert mssql.stand_in
    stand_in = mssql.stand_in
    settings = (cli.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    cli.write("plantpulse.yaml", settings.replace(f"query_timeout_s: {PATIENT_S}", "query_timeout_s: 300"))
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        stand_in.traffic.clear()
        stand_in.faults.delay_s = FOR_EVER_S
        process = subprocess.Popen(
            [cli.script, *arguments],
            cwd=cli.folder, env=cli.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        reading = threading.Event()
        while not stand_in.traffic.statements:
            assert process.poll() is None
            reading.wait(0.05)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("command", "pipeline"), [("live-pulse", "live_pulse"), ("morning-report", "morning_report")]
)
def test_control_c_ends_a_run_as_a_failure_that_is_recorded(
    waiting: Callable[..., subprocess.Popen[str]], world: World, command: str, pipeline: str
) -> None:
    process = waiting("run", command, "--json")

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=ENDS_S)

    assert process.returncode == 130
    assert '"code": "interrupted"' in out
    assert runs(world) == [(pipeline, "failed", OPERATOR)]
    assert world.rows("select error_code from public.pipeline_runs") == [{"error_code": "interrupted"}]


@pytest.mark.stand_in
def test_control_c_ends_a_check_too(waiting: Callable[..., subprocess.Popen[str]]) -> None:
    process = waiting("check")

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=ENDS_S)

    assert process.returncode == 130
    assert "interrupted" in err


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("command", "exit_code"), [("run live-pulse", 75), ("run morning-report", 75), ("check", 1)]
)
def test_a_server_that_goes_silent_in_c_holds_no_command(
    cli: CommandLine, world: World, mssql: SqlServerUnderTest, command: str, exit_code: int
) -> None:
    assert mssql.stand_in
    mssql.stand_in.faults.attentions_until_silence = 2
    settings = (cli.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    cli.write("plantpulse.yaml", settings.replace(f"query_timeout_s: {PATIENT_S}", "query_timeout_s: 3"))

    result = cli.process(*command.split(), "--json")

    assert result.exit_code == exit_code
    assert "no complete answer within 3 s (query_timeout_s)" in result.out
    assert {status for _, status, _ in runs(world)} <= {"failed"}


def on_a_terminal(cli: CommandLine, *arguments: str) -> tuple[str, str]:
    """Run a command whose stderr is a terminal; return its answer and what the terminal was sent."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        process = subprocess.Popen(
            [cli.script, *arguments],
            cwd=cli.folder, env={"TERM": "xterm"} | cli.environ,
            stdout=subprocess.PIPE, stderr=terminal, text=True,
        )  # fmt: skip
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as reader, suppress(OSError):  # Linux: the other end is closed
        while part := reader.read(65536):
            shown += part
    out, _ = process.communicate(timeout=ENDS_S)
    return out, shown.decode()


@pytest.mark.parametrize("command", ["live-pulse", "morning-report", "cleanup"])
def test_a_run_on_a_terminal_shows_a_bar_and_its_answer_and_no_log_line(
    cli: CommandLine, world: World, command: str
) -> None:
    result = cli.terminal("run", command, "--dry-run")

    assert result.exit_code == 0
    assert "Running" in result.out
    assert "dry run: nothing was written" in result.out
    assert "severity" not in result.out


def test_log_lines_take_the_place_of_the_bar(cli: CommandLine, world: World) -> None:
    shown = cli.terminal("--verbose", "run", "cleanup", "--dry-run", columns=60).out

    [line] = [line for line in shown.splitlines() if line.startswith("{")]
    assert json.loads(line)["message"] == "run succeeded"
    assert "Running" not in shown


def steps(shown: str) -> list[str]:
    """Return what the bar said of how far the work had come, in order."""
    told = re.findall(r"[\d,]+ (?:of [\d,]+ )?(?:slots|days|rows)", shown)
    return [step for step, _ in itertools.groupby(told)]


def test_a_bar_shows_how_far_a_span_has_come(cli: CommandLine, world: World, floor: Floor) -> None:
    make(floor, "PRESS-01", 7, minutes_ago=9 * 60)
    until = datetime.now(CHICAGO).replace(minute=0, second=0, microsecond=0)
    since = until - timedelta(hours=4)

    out, shown = on_a_terminal(
        cli, "run", "live-pulse", "--from", f"{since:%Y-%m-%dT%H:%M}", "--until", f"{until:%Y-%m-%dT%H:%M}"
    )  # fmt: skip

    assert "succeeded" in out
    assert steps(shown) == ["0 of 17 slots", "8 of 17 slots", "16 of 17 slots"]
    assert SHOW_CURSOR in shown
    assert "slots" not in out.partition("Counts")[0]


def test_a_bar_shows_how_many_days_are_reported(cli: CommandLine, world: World) -> None:
    last = (datetime.now(CHICAGO) - timedelta(days=1)).date()
    days = ["--from", f"{last - timedelta(days=2)}", "--until", f"{last}"]

    _, shown = on_a_terminal(cli, "run", "morning-report", *days)

    assert steps(shown) == ["0 of 3 days", "1 of 3 days", "2 of 3 days"]


def test_a_bar_shows_how_many_rows_a_cleanup_has_removed(cli: CommandLine, world: World) -> None:
    world.store.execute(
        """
        insert into public.live_snapshots
            (asset_id, snapshot_timestamp, window_start, output_actual, output_target, status)
        select 1, at, at - interval '30 minutes', 1, 1, 'on_target'
        from generate_series(now() - interval '1200 hours', now() - interval '30 hours', '10 minutes') as at
        """
    )

    _, shown = on_a_terminal(cli, "run", "cleanup")

    assert steps(shown)[-1] == "7,021 rows"
    assert len(steps(shown)) > 1


def test_the_bar_of_a_run_that_fails_gives_the_cursor_back(cli: CommandLine, world: World) -> None:
    cli.environ["MSSQL_PASSWORD"] = "not-the-password"

    out, shown = on_a_terminal(cli, "run", "live-pulse")

    assert "source_login_failed" in out
    assert shown.rindex(SHOW_CURSOR) > shown.rindex(HIDE_CURSOR)


@pytest.mark.parametrize("asked", [("--json",), ()])
def test_no_bar_is_shown_where_nobody_looks(cli: CommandLine, world: World, asked: tuple[str, ...]) -> None:
    out, shown = on_a_terminal(cli, "run", "live-pulse", "--dry-run", *asked)

    assert ("Running" in shown) is (asked == ())
    assert "Running" not in out
    assert cli.process("run", "live-pulse", "--dry-run", *asked).err == ""
