"""`make up`: keeps the stack running on a compressed clock, to look around in with psql and curl."""

import shlex
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import httpx
from rich.console import Console
from rich.text import Text

from devstack import shell, show, stack
from devstack.clock import STEP
from devstack.function import Answer
from devstack.machines import every_minute
from devstack.plant.model import northfield
from devstack.stack import Stack
from devstack.steps import Steps
from plantpulse.schedules.schedules import DailyAt
from plantpulse.schedules.slots import slot_at_or_before

_HEAD = "  Plant time  Outcome         below  on target      above  incidents      took"


def up(console: Console, seconds_per_tick: float, ticks: int | None) -> int:
    """Tick until it is stopped, or so often; return the exit code, 0 when every tick was polled."""
    start = slot_at_or_before(datetime.now(UTC), STEP)
    tick = timedelta(seconds=seconds_per_tick)
    console.print("[bold]plantpulse[/]: a plant, its SQL Server, Supabase and a function, all on 127.0.0.1\n")
    with stack.running(northfield(), start, Steps(console), tick) as running:
        _print_addresses(console, running)
        console.print(
            f"\n[bold]A quarter of an hour every {seconds_per_tick:g} s, until Ctrl-C[/]\n\n{_HEAD}"
        )
        with every_minute(running.tags):
            failed = _keep_ticking(console, running, ticks)
    console.print("\nEvery process has ended, and the data is deleted.")
    return 1 if failed else 0


def _keep_ticking(console: Console, running: Stack, ticks: int | None) -> int:
    """Poll tick after tick; return how many were not answered with a finished run."""
    clock = running.clock
    failed, done, written_until, shown_mails = 0, 0, clock.plant_start, 0
    mornings, reported = DailyAt(time_of_day(6), running.plant.timezone), None
    while ticks is None or done < ticks:
        # A machine that cannot keep up leaves ticks out, rather than falling behind for ever.
        number = clock.tick_after(datetime.now(UTC))
        time.sleep(max(0.0, clock.seconds_until(number, datetime.now(UTC))))
        slot = clock.slot_of(number)
        running.work_on(written_until, slot)
        written_until = slot
        # First: a page that hears of the poll asks how the pipelines stand, and the clock has just jumped.
        running.health.deliver(slot)
        answer = running.function.deliver(slot)
        console.print(_line(running, slot, answer))
        morning = mornings.slot_at_or_before(slot)
        if morning != reported:
            running.morning_report.deliver(morning)
            reported = morning
        mails = running.mailbox.mails()
        for mail in mails[shown_mails:]:
            console.print(Text(f"  mail: {mail.subject}", "cyan"), soft_wrap=True)
        shown_mails = len(mails)
        failed += answer.body.get("outcome") not in ("succeeded", "partial")
        done += 1
    return failed


def _line(running: Stack, slot: datetime, answer: Answer) -> Text:
    """What one tick came to, in one line under `_HEAD`."""
    outcome = answer.body.get("outcome", "refused")
    line = Text.assemble(
        f"  {show.local(slot, running.plant.timezone, '%a %H:%M')}   ",
        (f"{outcome:<10}", show.OUTCOME_STYLE.get(outcome, "bold red")),
    )
    if answer.status != httpx.codes.OK or outcome == "failed":
        return line.append(f"{answer.status} {show.told(answer.body)}", "red")
    rows = running.viewer.read("live_snapshots", select="status", snapshot_timestamp=f"eq.{slot.isoformat()}")
    for status, label in show.STATUS.items():
        count = sum(row["status"] == status for row in rows)
        line.append(f"{count or '-':>11}", label.style if count else "dim")
    recorded = answer.body["counts"].get("safety_recorded", 0)
    line.append(f"{recorded or '-':>11}", "bold red" if recorded else "dim")
    return line.append(f"{answer.seconds:>8.2f} s", "dim")


def _print_addresses(console: Console, running: Stack) -> None:
    """Print what one needs to look around; lines are never wrapped, so that they can be copied."""
    access, sql_server = running.supabase.access, running.sql_server.reader
    console.print("\n[bold]To look around[/] (keys are random, and everything is thrown away at the end)\n")
    lines = {
        "Supabase": access.url,
        "secret key": access.secret_key,
        "SQL Server": f"{sql_server.host}:{sql_server.port}, database {sql_server.database}",
        "read-only login": f"{sql_server.user}, password {sql_server.password}",
        "function": running.function.url,
        "machine tags": f"{running.tags.url}, in real time",
        "mails": f"{running.folder / stack.MAILS}, of incidents, of the sign-in page and of the test below",
    }
    for name, value in (lines | _board(running)).items():
        console.print(Text.assemble((f"  {name:<16}", "dim"), value), soft_wrap=True)
    console.print("\n  In another terminal, the first line makes the others work, on the plant's clock:\n")
    for command in _commands(running):
        console.print(Text(f"  {command}", "cyan"), soft_wrap=True)


def _board(running: Stack) -> dict[str, str]:
    """The board's address and who may sign in there, or how to build its pages."""
    if running.board is None:
        return {"board": "its pages are not built: run `make dashboard`, then `make up` again"}
    people = {"viewer": running.viewer, "operator": running.operator, "manager": running.manager}
    accounts = {role: f"{one.email}, password {one.password}" for role, one in people.items()}
    return {"board": running.board.url, **accounts}


def _environment(running: Stack) -> Path:
    """Write the file to source; return its path."""
    access = running.supabase.access
    configured = {"PLANTPULSE_CONFIG": str(running.config_file)}
    variables = stack.settings_of(running.supabase, running.sql_server.reader) | configured
    who = {"KEY": access.publishable_key, "TOKEN": running.viewer.token}
    binaries = running.supabase.postgres.binaries
    return shell.write(running.folder, variables | who, running.clock, access.database_url, binaries)


def _commands(running: Stack) -> list[str]:
    """Commands to copy: the settings, then a few that work with them, psql as the owner, curl as a viewer."""
    access = running.supabase.access
    headers = '-H "apikey: $KEY" -H "Authorization: Bearer $TOKEN"'
    columns = "asset:assets(name),snapshot_timestamp,output_actual,output_target,status"
    query = f"select={columns}&order=id.desc&limit=8"
    return [
        f"source {shlex.quote(str(_environment(running)))}",
        "plantpulse status",
        "plantpulse report show",
        "plantpulse tags status",
        "plantpulse channels test",
        "psql",
        f'curl -s {headers} "{access.rest_url}/live_snapshots?{query}"',
        f"curl -s -X POST {running.function.url}",
    ]
