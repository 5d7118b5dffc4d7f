"""Alerts as the command line shows them, in the words of the messages about them. Pure but for the clock."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from plantpulse.alerts.due import Group, Item
from plantpulse.alerts.messages.compose import LANGUAGES, notice_of
from plantpulse.alerts.messages.words import Words
from plantpulse.alerts.notices import Notice
from plantpulse.cli import formats
from plantpulse.cli.app import App, Function
from plantpulse.plant.nearest import unknown
from plantpulse.schedules.pipelines import shown_plant
from plantpulse.settings.alerts import RULES

Record = Mapping[str, Any]


def rule_option(help_text: str) -> Callable[[Function], Function]:
    """Give a command --rule; an unknown one is refused."""
    return click.option("--rule", metavar="RULE", callback=_known_rule, help=help_text)


def _known_rule(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    name = value and value.replace("-", "_")
    if value and name not in RULES:
        raise unknown("rule", value, RULES, field="rule")
    return name


def notice_about(app: App, alert: Record, *, as_it_began: bool = False) -> Notice:
    """Return the message about an alert in its plant's language, by its plant's clock."""
    is_over = alert["resolved_at"] and not alert["is_event"] and not as_it_began
    item = Item(
        notification_id=0,
        occasion="resolved" if is_over else "fired",
        told_times=0,
        attempts=0,
        alert_id=alert["id"],
        opened_at=datetime.fromisoformat(alert["opened_at"]),
        resolved_at=datetime.fromisoformat(alert["resolved_at"]) if is_over else None,
        acknowledged_by=signer(alert),
        **{name: alert[name] for name in _SAME},
    )
    return notice_of(
        Group([item]), words_of(app, alert), _zone(app, alert["plant"]), app.now(), board_url=None
    )


_SAME = ("severity", "fingerprint", "rule", "plant", "scope", "subject", "facts", "reopened")


def words_of(app: App, alert: Record) -> Words:
    """Return the words of a plant's language; English for a plant that is not in the settings."""
    plant = app.settings.plants.get(alert["plant"])
    return LANGUAGES[plant.language if plant else "en"]


def signer(alert: Record) -> str | None:
    """Return who has acknowledged an alert: a name, or a user's id."""
    name: str | None = alert["acknowledged_by_name"] or alert["acknowledged_by"]
    return name


def at(app: App, instant: str | None, plant: str | None) -> str | None:
    """Return an instant on a plant's clock with its zone; in UTC if it is of no plant."""
    return formats.local(instant, _zone(app, plant), "%Y-%m-%d %H:%M %Z")


def _zone(app: App, plant: str | None) -> ZoneInfo:
    return app.zone_of(plant) or ZoneInfo("UTC")


def is_silenced_by(alert: Record, silence: Record, now: datetime) -> bool:
    """Say whether a silence holds for an alert now."""
    begins, ends = (datetime.fromisoformat(silence[name]) for name in ("starts_at", "ends_at"))
    return begins <= now < ends and all(
        silence[name] in (None, alert[name]) for name in ("plant", "rule", "fingerprint")
    )


def as_shown(app: App, alert: Record, silences: Iterable[Record]) -> dict[str, Any]:
    """Return an alert with its title and the silences that hold for it, and no plant if it is of none."""
    now = app.now().astimezone(UTC)
    return {
        **alert,
        "plant": shown_plant(alert["plant"]),
        "title": notice_about(app, alert).title,
        "silenced_by": [one["id"] for one in silences if is_silenced_by(alert, one, now)],
    }
