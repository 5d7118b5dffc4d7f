"""`plantpulse config`: a first file, the settings with their origins, their JSON schema. No secrets."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import click
from rich.console import RenderableType
from rich.text import Text

from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.schema import schema_of_file
from plantpulse.cli.settings_file import VARIABLES, create, text_of
from plantpulse.cli.tables import Column, fitted
from plantpulse.errors import InvalidRequest
from plantpulse.settings import PLANT_SECTIONS, Secret, Settings
from plantpulse.settings import config as configuration
from plantpulse.settings.config import CONFIG_FILE_VARIABLE, FILE_NAME
from plantpulse.settings.plant import PLANT_KEY
from plantpulse.settings.secret_variables import channel_secret_variable

HIDDEN: Final = "set"  # stands for a secret


@click.group()
def config() -> None:
    """Begin, show or describe the settings."""


@config.command()
@json_option
@pass_app
def show(app: App) -> None:
    """Show every setting, its value and its origin; of a secret only that it is set."""
    settings, origins = configuration.load_with_origins(file=app.config_file)
    rows = [row_of(settings, place, value, origins) for place, value in values_in(settings)]
    app.output.answer({"settings": rows}, lambda: _table(app, rows))


@config.command()
@pass_app
def schema(app: App) -> None:
    """Print the JSON schema of plantpulse.yaml, for editors and for checks before a deployment."""
    app.output.is_json = True
    app.output.answer(schema_of_file(), str)


@config.command()
@click.option("--plant", metavar="PLANT", help="Key of the plant: small letters, digits and _.")
@click.option("--time-zone", metavar="ZONE", help="Its time zone, such as Europe/Berlin.")
@click.option("--host", metavar="HOST", help="Name or address of its SQL Server.")
@click.option("--user", metavar="USER", help="Login there that may only read.")
@click.option("--database", metavar="NAME", help="Database there.")
@json_option
@pass_app
def init(app: App, /, plant: str | None, time_zone: str | None, **server: str | None) -> None:
    """Write a commented plantpulse.yaml for one plant, and say what comes next. It overwrites nothing.

    On a terminal it asks for what no option says.
    """
    file = app.config_file or Path(os.environ.get(CONFIG_FILE_VARIABLE) or FILE_NAME)
    if os.path.exists(file):
        raise InvalidRequest(f"{file} exists, and is never overwritten", field="config")
    may_ask = not app.output.is_json and sys.stdin.isatty()
    plant = plant or _asked("plant", may_ask)
    time_zone = time_zone or _asked("time-zone", may_ask)
    if may_ask:
        server = {name: value or _asked(name, may_ask, default="") for name, value in server.items()}
    if not re.fullmatch(PLANT_KEY, plant):
        raise InvalidRequest(f"{plant!r} must be small letters, digits and _, such as north", field="plant")
    create(file, text_of(plant, time_zone, server))
    answer = {"file": str(file), "plant": plant, "variables": list(VARIABLES)}
    app.output.answer(answer, lambda: _next_steps(str(file), server))


def _asked(name: str, may_ask: bool, default: str | None = None) -> str:
    if not may_ask:
        raise InvalidRequest("is required where there is no terminal to ask on", field=name)
    question, hint = _QUESTIONS[name], " (Enter: later)" if default == "" else ""
    answer: str = click.prompt(f"{question}{hint}", default=default, show_default=False, err=True)
    return answer.strip()


_QUESTIONS: Final = {
    "plant": "Key of the plant, such as north",
    "time-zone": "Its time zone, such as Europe/Berlin",
    "host": "Name or address of its SQL Server",
    "user": "Login there that may only read",
    "database": "Database there",
}


def _next_steps(file: str, server: Mapping[str, str | None]) -> Text:
    later = [name for name, value in server.items() if not value]
    lines = [
        f"written: {file}",
        *([f"fill in there: sql_server with {', '.join(later)}"] if later else []),
        f"set in the environment: {', '.join(VARIABLES)}",
        "then: plantpulse check",
    ]
    return Text("\n".join(lines))


def row_of(settings: Settings, place: str, value: Any, origins: Mapping[str, str]) -> dict[str, Any]:
    """Return a setting for display: its place, its value and its origin."""
    return {"setting": place, "value": _shown(value), "origin": _origin(settings, place, value, origins)}


def values_in(section: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Return the dotted place and value of every setting, in the order of the models."""
    for field in fields(section):
        if not field.metadata.get("exclude"):
            yield from _values(getattr(section, field.name), f"{above}{field.name}")


def _values(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        yield from values_in(value, f"{place}.")
    elif isinstance(value, Mapping) and any(is_dataclass(part) for part in value.values()):
        for key, part in value.items():
            yield from _values(part, f"{place}.{key}")
    else:
        yield place, value


def _shown(value: Any) -> Any:
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, bool | int | float | str | dict) else str(value)


def _origin(settings: Settings, place: str, value: Any, origins: Mapping[str, str]) -> str:
    for origin in (place, _common(place)):
        found = next((name for at, name in origins.items() if f"{at}.".startswith(f"{origin}.")), None)
        if found and value is not None:
            return found
    parts = place.split(".")
    if parts[0] == "plants" and parts[2:] == ["sql_server"]:
        return f"not configured: set {', '.join(settings.plants[parts[1]].missing_settings)}"
    if parts[0] == "channels" and parts[2:] == ["secret"] and not settings.channels[parts[1]].is_configured:
        return f"not configured: set {channel_secret_variable(parts[1])}"
    if place == "supabase":
        return "not configured: set SUPABASE_URL, SUPABASE_SECRET_KEY"
    return "default"


def _common(place: str) -> str:
    """Return the place of the common setting behind a plant's setting."""
    parts = place.split(".")
    is_of_a_pipeline = parts[0] == "plants" and any(name in PLANT_SECTIONS for name in parts[2:3])
    return ".".join(parts[2:]) if is_of_a_pipeline else place


def _table(app: App, rows: list[dict[str, Any]]) -> RenderableType:
    columns = [
        Column("Setting", lambda row: row["setting"]),
        Column("Value", lambda row: _text(row["value"]), folds=True),
        Column("From", lambda row: row["origin"], rank=1, folds=True, goes_below=True),
    ]
    return fitted(app.output.console, columns, rows)


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {part}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return None if value is None else str(value)
