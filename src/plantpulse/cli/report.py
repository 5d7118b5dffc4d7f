"""`plantpulse report`: what the Morning Report said of a production day, and the mail about it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, one_plant_option, pass_app
from plantpulse.cli.arguments import Day
from plantpulse.cli.tables import Column, fitted
from plantpulse.errors import InvalidRequest
from plantpulse.report_mail.days import ReportDay, parse_day
from plantpulse.report_mail.figures import Compared, Figures, by_area, by_shift, compared
from plantpulse.report_mail.mail import Mail, make_mail

Record = Mapping[str, Any]

MOST_SUMMARIES: Final = 100_000


@click.group()
def report() -> None:
    """Show the summaries of a production day, or the mail about it."""


@report.command()
@one_plant_option
@click.option("--date", "day", type=Day(), help="The production day (default: the latest with a report).")
@json_option
@pass_app
def show(app: App, plant: str, day: date | None) -> None:
    """Show what every asset made and lost in a production day, and why."""
    with app.records() as records:
        latest = records.latest_report_date(plant)
        shown = day.isoformat() if day else latest
        found = records.daily_summaries(plant, shown, limit=MOST_SUMMARIES) if shown else []
    if day and latest and not found:
        message = f"{plant} has no report of {day}; `plantpulse run morning-report --date {day}` makes it"
        raise InvalidRequest(f"{message} (the latest is of {latest})", field="date")
    found.sort(key=lambda one: (one["asset"]["area"] or "", one["asset"]["name"]))
    answer = {"plant": plant, "report_date": shown, "daily_summaries": found}
    app.output.answer(answer, lambda: _page(app, plant, shown, found))


@report.command()
@one_plant_option
@click.option("--date", "day", type=Day(), help="The production day (default: the latest with a report).")
@click.option("--html", "is_html", is_flag=True, help="Show the mail's HTML.")
@json_option
@pass_app
def mail(app: App, plant: str, day: date | None, is_html: bool) -> None:
    """Show the mail about a production day, whether or not one is sent. It sends nothing."""
    with app.records() as records:
        shown = day.isoformat() if day else records.latest_report_date(plant)
        found = parse_day(records.report_day(plant, shown)) if shown else None
    if found is None or not found.rows:
        of_day = f" of {day}" if day else ""
        message = f"{plant} has no report{of_day}; `plantpulse run morning-report` makes one"
        raise InvalidRequest(message, field="date")
    known = app.settings.plants[plant]
    made = make_mail(found, known.language, ZoneInfo(known.time_zone))
    if app.output.is_json:
        app.output.answer(_mail_in_json(found, made), str)
        return
    app.output.write_text(made.html if is_html else f"{made.subject}\n\n{made.text}")


def _mail_in_json(day: ReportDay, made: Mail) -> dict[str, Any]:
    return {
        "plant": day.plant,
        "report_date": day.report_date.isoformat(),
        **made.as_json(),
        "total": _line(compared(day)),
        "areas": [{"area": area, **_line(one)} for area, one in by_area(day)],
        "shifts": [{"shift": shift, **_line(one)} for shift, one in by_shift(day)],
    }


def _line(one: Compared) -> Record:
    return {
        "figures": _figures(one.figures),
        "day_before": _figures(one.day_before),
        "usual": _figures(one.usual),
        "usual_days": one.usual_days,
    }


def _figures(one: Figures | None) -> Record | None:
    if one is None:
        return None
    return {**one._asdict(), "oee_percentage": one.oee_percentage, "total_loss": one.total_loss}


def _page(app: App, plant: str, shown: str | None, found: Sequence[Record]) -> RenderableType:
    if shown is None:
        return Text(f"{plant} has no report yet: `plantpulse run morning-report` makes one")
    title = Text(f"{plant}: the production day {shown}\n", "bold")
    costliest = sorted(found, key=lambda one: -(one["financial_loss"] or 0))
    texts = [Text(one["summary_text"]) for one in costliest if one["summary_text"]]
    words = [Text("\nIn words, the costliest first", "bold"), *texts] if texts else []
    return Group(title, fitted(app.output.console, _COLUMNS, found), *words)


def _percent(name: str) -> Any:
    return lambda one: formats.percent(one[f"{name}_percentage"])


_COLUMNS: Final = [
    Column("Asset", lambda one: one["asset"]["name"], folds=True),
    Column("Area", lambda one: one["asset"]["area"], rank=11, folds=True),
    Column("Actual", lambda one: formats.number(one["actual_output"]), "right"),
    Column("Off plan", lambda one: formats.number(one["unplanned_output"]), "right", rank=10),
    Column("Target", lambda one: formats.number(one["target_output"]), "right"),
    Column("OEE %", _percent("oee"), "right"),
    Column("Avail. %", _percent("availability"), "right", rank=6, goes_below=True),
    Column("Perf. %", _percent("performance"), "right", rank=7, goes_below=True),
    Column("Qual. %", _percent("quality"), "right", rank=8, goes_below=True),
    Column("Down min", lambda one: formats.number(one["downtime_minutes"]), "right", rank=2),
    Column("Scrap", lambda one: formats.number(one["waste_count"]), "right", rank=4),
    Column("Loss", lambda one: formats.number(one["financial_loss"]), "right", rank=1, goes_below=True),
    Column("Most down for", lambda one: one["top_downtime_reason"], rank=9, folds=True, goes_below=True),
]
