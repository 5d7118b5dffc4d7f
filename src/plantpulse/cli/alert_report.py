"""`plantpulse alerts report`: whether alerts help, or are too many for those who get them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.alert_words import at
from plantpulse.cli.app import App, json_option, pass_app, plant_option
from plantpulse.cli.arguments import Instant, Since
from plantpulse.cli.tables import Column, fitted
from plantpulse.errors import InvalidRequest
from plantpulse.plant.rounding import shown_span
from plantpulse.schedules.pipelines import shown_plant

Record = Mapping[str, Any]

# EEMUA publication 191, the long-term average that a person can handle: one alarm in ten minutes.
MOST_AN_HOUR: Final = 6


@click.command()
@click.option("--since", type=Since(), default="7d", show_default=True, help="Begin of the span.")
@click.option("--until", type=Instant(), help="End of the span; now if it is left out.")
@plant_option
@json_option
@pass_app
def report(app: App, since: datetime, until: datetime | None, plant: str | None) -> None:
    """Count the alerts of a span, how soon people heard and answered, and how loud each channel was."""
    end = until or app.now()
    if end <= since:
        raise InvalidRequest("must be after the begin of the span", field="until")
    with app.records() as records:
        told = records.alert_report(since, end, plant)
    found = dict(told)
    found["by_rule"] = [{**one, "plant": shown_plant(one["plant"])} for one in told["by_rule"]]
    found["by_channel"] = [_with_recipients(app, one) for one in told["by_channel"]]
    found["advice"] = [words for one in found["by_channel"] for words in _advice(app, one, plant)]
    app.output.answer(found, lambda: _page(app, found))


def _with_recipients(app: App, channel: Record) -> dict[str, Any]:
    settings = app.settings.channels.get(channel["channel"])
    return {
        **channel,
        "recipients": list(settings.to) if settings else [],
        "is_over": channel["hours_over"] > 0,
    }


def _advice(app: App, one: Record, plant: str | None) -> Iterator[str]:
    """Yield what is too much on a channel, and what to do about it."""
    if not one["is_over"]:
        return
    people = len(one["recipients"])
    each = f" for each of its {people} recipients" if people > 1 else ""
    hours = "1 hour" if one["hours_over"] == 1 else f"{one['hours_over']} hours"
    loudest = one["loudest"]
    where = f" of {shown}" if (shown := shown_plant(loudest["plant"])) else ""
    begin = at(app, one["busiest_hour"], _clock(app, plant))
    yield (
        f"{one['channel']}: over EEMUA 191's bound of {MOST_AN_HOUR} alarms an hour in {hours}{each}, "
        f"the worst with {one['busiest_alarms']} from {begin}. The loudest rule is "
        f"{loudest['rule']}{where} ({loudest['alarms']} of {one['alarms']}): mend what it reports, raise its "
        "threshold, or lower its severity below the channel's."
    )


def _clock(app: App, plant: str | None) -> str | None:
    """Return the plant that tells the time: the one that was named, or the only one."""
    plants = list(app.settings.plants)
    return plant or (plants[0] if len(plants) == 1 else None)


def _page(app: App, found: Record) -> RenderableType:
    clock = _clock(app, found["plant"])
    span = f"{at(app, found['since'], clock)} to {at(app, found['until'], clock)}"
    parts: list[RenderableType] = [Text(f"Alerts from {span}\n", "bold")]
    if not found["by_rule"] and not found["by_channel"]:
        return Group(*parts, Text("no alerts in this span: all is well", "green"))
    rows = [*found["by_rule"], {"rule": "all", "plant": None, **found["total"]}]
    parts.append(fitted(app.output.console, _RULES, rows))
    parts += [
        Text("\nChannels", "bold"),
        fitted(
            app.output.console,
            _channels(app, clock),
            found["by_channel"],
            nothing="no channel was told of anything",
        ),
    ]
    return Group(*parts, *_lines(found["advice"]))


def _lines(advice: Sequence[str]) -> list[Text]:
    return [Text(f"\n{words}", "bold red") for words in advice]


def _seconds(name: str) -> Any:
    def shown(one: Record) -> str | None:
        return None if one[name] is None else shown_span(timedelta(seconds=one[name]))

    return shown


_RULES: Final = [
    Column("Rule", lambda one: one["rule"]),
    Column("Plant", lambda one: one["plant"], rank=1, goes_below=True),
    Column("Alerts", lambda one: formats.number(one["alerts"]), "right"),
    Column("Open", lambda one: formats.number(one["open"]), "right"),
    Column("Told p50", _seconds("notify_p50_s"), "right", rank=2, goes_below=True),
    Column("Told p95", _seconds("notify_p95_s"), "right"),
    Column("Seen p50", _seconds("acknowledge_p50_s"), "right", rank=3, goes_below=True),
    Column("Seen p95", _seconds("acknowledge_p95_s"), "right"),
]


def _channels(app: App, clock: str | None) -> list[Column]:
    return [
        Column("Channel", lambda one: one["channel"]),
        Column("People", lambda one: str(len(one["recipients"]) or ""), "right", rank=2),
        Column("Messages", lambda one: formats.number(one["messages"]), "right", rank=3),
        Column("Alarms", lambda one: formats.number(one["alarms"]), "right"),
        Column("An hour", lambda one: formats.number(one["alarms_per_hour"]), "right"),
        Column("Most", _most, "right"),
        Column("In the hour from", lambda one: at(app, one["busiest_hour"], clock), rank=1, goes_below=True),
    ]


def _most(one: Record) -> Text:
    return Text(str(one["busiest_alarms"]), "bold red" if one["is_over"] else "green")
