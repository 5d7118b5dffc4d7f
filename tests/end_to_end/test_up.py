"""`make up`: a stack that keeps ticking on a compressed clock until it is stopped."""

import json
import re
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devstack.stack import PAGES
from tests.end_to_end.conftest import Command, devstack, started

TICK = re.compile(r"^  (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d\d:\d\d) +(succeeded|partial) ", re.MULTILINE)

MAILS = re.compile(r"^  mails +(/\S+), ")
AS_A_VIEWER = (
    'curl -s -H "apikey: $KEY" -H "Authorization: Bearer $TOKEN" '
    '"$SUPABASE_URL/rest/v1/live_snapshots?select=id&limit=1"'
)


def read_ticks(command: Command, number: int) -> None:
    """Return after so many ticks; there are lines of mails between them."""
    while sum(bool(TICK.search(line)) for line in command.lines) < number:
        command.read_until(" s")


def test_it_ticks_every_quarter_of_an_hour_until_ctrl_c() -> None:
    with started(*devstack("up", "--seconds-per-tick", "2")) as command:
        command.read_until("Plant time")
        read_ticks(command, 3)

        command.send(signal.SIGINT)
        finished = command.finish()

        ticks = [datetime.strptime(clock, "%H:%M") for clock, _ in TICK.findall(finished.output)]  # noqa: DTZ007
        assert finished.exit_code == 0, finished.output
        assert len(ticks) >= 3
        # The clock goes on while a slow machine polls, so a tick may pass over slots; it is always on one.
        passed = (ticks[1] - ticks[0]) % timedelta(days=1)
        assert passed
        assert passed % timedelta(minutes=15) == timedelta(0)
        assert command.traces() == []
        assert command.listening() == []


def test_it_says_how_to_look_around_in_lines_that_can_be_copied() -> None:
    with started(*devstack("up", "--seconds-per-tick", "1", "--ticks", "1")) as command:
        finished = command.finish()

    output = finished.output
    assert finished.exit_code == 0, output
    assert len(TICK.findall(output)) == 1
    assert re.search(r"^  source /\S+/environment$", output, re.M)
    assert re.search(r"^  plantpulse status$", output, re.M)
    assert re.search(r"^  psql$", output, re.M)
    assert re.search(r'^  curl -s -H "apikey: \$KEY" .*/rest/v1/live_snapshots\?\S+"$', output, re.M)
    assert re.search(r"SQL Server +127\.0\.0\.1:\d+, database mes", output)
    assert "thrown away at the end" in output


def test_without_pages_it_says_how_to_build_them() -> None:
    if (PAGES / "index.html").is_file():
        pytest.skip("the pages are built")
    with started(*devstack("up", "--seconds-per-tick", "1", "--ticks", "1")) as command:
        finished = command.finish()

    assert "its pages are not built: run `make dashboard`, then `make up` again" in finished.output


def test_one_line_makes_the_command_line_work_on_the_plants_clock() -> None:
    with started(*devstack("up", "--seconds-per-tick", "4")) as command:
        command.read_until("source ")
        source = command.lines[-1].strip()
        command.read_until("Plant time")
        read_ticks(command, 3)

        file = Path(source.split()[1])
        found = json.loads(in_a_shell(source, "plantpulse status --json"))["pipelines"]
        polled = json.loads(in_a_shell(source, "plantpulse run live-pulse --dry-run --json"))
        clocks = (clock_of(source) for _ in range(10))  # the clock may jump while it is looked at

        [pulse] = [one for one in found if one["pipeline"] == "live_pulse"]
        assert pulse["polls_executed"] >= 2
        # Three ticks are 45 minutes; the first began at most 15 before the real time.
        assert datetime.fromisoformat(polled["started_at"]) - datetime.now(UTC) > timedelta(minutes=25)
        assert "ok" in clocks
        assert int(in_a_shell(source, "psql -Atc 'select count(*) from public.live_snapshots'")) >= 16
        assert json.loads(in_a_shell(source, AS_A_VIEWER))
        groups = json.loads(in_a_shell(source, "plantpulse tags status --json"))["groups"]
        assert {group["name"]: group["mode"] for group in groups} == {
            "Filler": "fixed",
            "Moulder": "fixed",
            "Oven": "fixed",
            "Packer": "fixed",
            "Press 1": "fixed",
            "Scale": "handshake",
        }
        assert (file.stat().st_mode | file.parent.stat().st_mode) & 0o077 == 0
        command.send(signal.SIGINT)
        assert command.finish().exit_code == 0
        assert not file.exists()


def test_pages_are_told_how_pipelines_stand_and_tags_are_polled_in_real_time() -> None:
    with started(*devstack("up", "--seconds-per-tick", "5")) as command:
        command.read_until("source ")
        source = command.lines[-1].strip()
        command.read_until("Plant time")
        read_ticks(command, 3)

        # With each tick the clock jumps, and health looks at once: in between nobody knows how they stand.
        looks = ({one["pipeline"]: one["state"] for one in page_of(source, "pipelines")} for _ in range(20))
        states = next((look for look in looks if "unknown" not in look.values()), None)
        groups = {one["name"]: one["state"] for one in page_of(source, "tags", "groups")}
        command.send(signal.SIGINT)
        finished = command.finish()

    assert states == {"live_pulse": "running", "morning_report": "running"}
    polled = dict.fromkeys(["Filler", "Moulder", "Oven", "Packer", "Press 1"], "polling")
    assert groups == polled | {"Scale": "waiting"}
    assert finished.exit_code == 0


def test_its_mails_are_files_in_the_folder_that_it_names() -> None:
    with started(*devstack("up", "--seconds-per-tick", "4")) as command:
        command.read_until("source ")
        source = command.lines[-1].strip()
        [folder] = [Path(found[1]) for line in command.lines if (found := MAILS.search(line))]
        command.read_until("Plant time")

        tested = json.loads(in_a_shell(source, "plantpulse channels test --json"))
        mails = [file.read_text() for file in sorted(folder.iterdir())]
        command.send(signal.SIGINT)
        finished = command.finish()

    assert tested["is_ok"]
    assert any("Subject: plantpulse: a test of the channel office" in mail for mail in mails)
    assert finished.exit_code == 0
    assert not folder.exists()


def clock_of(source: str) -> str:
    """Return what a check says of the plant's clock."""
    found = json.loads(in_a_shell(source, "plantpulse check --json"))["findings"]
    return next(str(one["state"]) for one in found if one["link"] == "clock")


def in_a_shell(source: str, line: str) -> str:
    """Return what a line prints in a shell that has sourced the file and knows nothing else."""
    ended = subprocess.run(
        ["/bin/bash", "-c", f"{source}\n{line}"],
        env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    return ended.stdout


def test_a_tick_length_that_makes_no_sense_is_refused_at_once() -> None:
    with started(*devstack("up", "--seconds-per-tick", "0")) as command:
        finished = command.finish()

        assert finished.exit_code == 2
        assert "must be between 0.5 and 900" in finished.output
        assert command.traces() == []


def page_of(source: str, page: str, part: str | None = None) -> list[dict[str, str]]:
    """Return the list in a page's document, as a viewer gets it from the board's function."""
    asked = (
        'curl -s -H "apikey: $KEY" -H "Authorization: Bearer $TOKEN" -H "content-type: application/json"'
        f""" -d '{{"p_plant": "northfield"}}' "$SUPABASE_URL/rest/v1/rpc/board_{page}\""""
    )
    found: list[dict[str, str]] = json.loads(in_a_shell(source, asked))[part or page]
    return found
