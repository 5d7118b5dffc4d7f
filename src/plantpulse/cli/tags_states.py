"""How the polling of groups goes, as a page: `tags status` shows it once, or again and again. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.tables import Column, fitted
from plantpulse.cli.tags_words import ago, counted, every, state_of

Record = Mapping[str, Any]


def page_of(console: Console, found: Record) -> RenderableType:
    """Return the page of a plant's groups: a line about all, the table, and what went wrong last."""
    groups: Sequence[Record] = found["groups"]
    now = datetime.fromisoformat(found["at"])
    nothing = f"{found['plant']} has no groups of tags yet: `plantpulse tags import`"
    table = fitted(console, columns_at(now), groups, nothing=nothing)
    notes = [note for one in groups if (note := _note(one, now))]
    return Group(Text(f"{_counted(groups)}\n", "bold"), table, *notes)


def _counted(groups: Sequence[Record]) -> str:
    states = [one["state"] for one in groups]
    parts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    return f"{counted(len(groups), 'group')}: {', '.join(parts)}" if groups else "no groups"


def _note(group: Record, now: datetime) -> Text | None:
    """Return what went wrong with a group, while it does."""
    if group["state"] == "missing":
        return Text(f"{group['name']}: nobody polls it; `plantpulse runs list --pipeline tags`", "red")
    if not group["last_error"] or group["state"] != "failing":
        return None
    since = ago(group["failing_since"] or group["last_error_at"], now)
    words = formats.on_one_line(group["last_error"])
    return Text(f"{group['name']}: failing for {since}: {group['last_error_code']}: {words}", "red")


def columns_at(now: datetime) -> list[Column]:
    """Return the columns of the table; ages are relative to `now`."""
    return [
        Column("Group", lambda one: one["name"], folds=True),
        Column("State", lambda one: state_of(one["state"])),
        Column("Mode", lambda one: f"{one['mode']} {every(one['interval_ms'])}", rank=5, goes_below=True),
        Column("Polled", lambda one: _ago(one["last_poll_at"], now), "right"),
        Column("Good", lambda one: formats.number(one["success_count"]), "right", rank=4, goes_below=True),
        Column("Bad", lambda one: formats.number(one["error_count"]), "right", rank=3, goes_below=True),
        Column("Queue", _queue, "right", rank=1, goes_below=True),
        Column("Dropped", _dropped, "right", rank=2, goes_below=True),
        Column("Jitter", lambda one: formats.milliseconds(one["jitter_ms"]), "right", rank=6),
        Column("Read", lambda one: formats.milliseconds(one["read_ms"]), "right", rank=7),
        Column("By", lambda one: one["runner"], rank=8),
        Column("Last error", lambda one: one["last_error_code"], rank=9, goes_below=True),
    ]


def _ago(instant: str | None, now: datetime) -> str:
    age = ago(instant, now)
    return "never" if age is None else f"{age} ago"


def _queue(group: Record) -> str | None:
    """Return how many samples wait, the most that ever did in the burst, and how many can."""
    if group["queue_length"] is None:
        return None
    return f"{group['queue_length']}/{group['queue_highest']}/{group['queue_limit']}"


def _dropped(group: Record) -> Text | None:
    dropped = group["dropped_count"]
    return Text(formats.number(dropped) or "", "bold red") if dropped else None
