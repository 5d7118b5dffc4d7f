"""`plantpulse check`: one line for every link between a plant, this machine and Supabase, with advice."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

import click
from rich.console import Console
from rich.text import Text

from plantpulse.cli.app import App, json_option, pass_app, plant_option
from plantpulse.cli.checks.findings import Finding
from plantpulse.cli.checks.sql_server import TIME_S, check_plant
from plantpulse.cli.checks.supabase import check_supabase
from plantpulse.cli.tables import hanging
from plantpulse.entry.last_resort import LastResort
from plantpulse.runs import Budget

FAULTS_FOUND: Final = 1

_WORDS: Final = {"ok": "ok", "warning": "warn", "failed": "FAIL", "skipped": "skip"}
_STYLES: Final = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


@click.command(short_help="Check every link from the plant to Supabase, and say what to do.")
@plant_option
@json_option
@pass_app
def check(app: App, plant: str | None) -> int:
    """Check every link: name, port, TLS, login, rights, clock, query files; key, grants, migrations.

    It writes nothing. It ends with 1 when a link is broken.
    """
    found = []
    with app.logs_aside():
        for finding in _findings(app, plant):
            found.append(finding)
            if not app.output.is_json:
                show(app.output.console, finding)
    faults = sum(finding.state == "failed" for finding in found)
    warnings = sum(finding.state == "warning" for finding in found)
    if app.output.is_json:
        findings = [asdict(finding) for finding in found]
        app.output.answer({"is_ok": not faults, "findings": findings}, str)
    else:
        app.output.console.print(conclusion(faults, warnings))
    return FAULTS_FOUND if faults else 0


def _findings(app: App, plant: str | None) -> Iterator[Finding]:
    for name in [plant] if plant else app.settings.plants:
        with LastResort(end_process=app.end_process).standing_by(Budget.start(TIME_S, TIME_S)):
            yield from check_plant(name, app.settings, app.now)
    yield from check_supabase(app.settings, app.records, app.now)


def show(console: Console, finding: Finding) -> None:
    """Write a finding as one line, with what to do below it."""
    head = Text.assemble(
        (f"{_WORDS[finding.state]:<5}", _STYLES[finding.state]),
        (f"{finding.subject:<12} ", "dim"),
        f"{finding.link:<13} ",
    )
    message = Text(finding.message, "dim" if finding.state == "skipped" else "")
    console.print(hanging(console, head, message), soft_wrap=not console.is_terminal)
    if finding.remedy:
        what = hanging(console, Text(f"{'':<18} do: "), Text(finding.remedy, "bold"))
        console.print(what, soft_wrap=not console.is_terminal)


def conclusion(faults: int, warnings: int) -> Text:
    """Return the last line."""
    if faults:
        return Text(f"{faults} broken, {warnings} to look at", "bold red")
    return Text(f"nothing is broken, {warnings} to look at", "yellow" if warnings else "bold green")
