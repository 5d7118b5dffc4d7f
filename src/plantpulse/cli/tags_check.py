"""`plantpulse tags check`: reads each tag of a plant's groups once, and stores nothing."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import click
from rich.console import Group as Page
from rich.console import RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, one_plant_option, pass_app
from plantpulse.cli.exit_codes import FAILED, SUCCESS
from plantpulse.cli.tables import Column, fitted
from plantpulse.cli.tags_devices import handshake_of
from plantpulse.cli.tags_groups import tags_of
from plantpulse.cli.tags_orders import order_of, suspected_order
from plantpulse.cli.tags_words import one_group, quality_of, value_of
from plantpulse.tags.devices import problem_of
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.handshake import Handshake
from plantpulse.tags.numbers import in_unit
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Group, Tag

Record = Mapping[str, Any]

LONGEST_S: Final = 60.0  # for one group


@click.command()
@click.argument("group", required=False)
@one_plant_option
@json_option
@pass_app
def check(app: App, group: str | None, plant: str) -> int:
    """Read each tag of a group, or of all groups, once: value, quality, time, and doubtful byte orders.

    It ends with 1 if a tag has no value.
    """
    handshake = handshake_of(app, plant)
    with app.tag_records() as records:
        known: Sequence[Record] = records.groups(plant)
    wanted = known if group is None else [one_group(known, group)]
    with app.output.busy("Reading") as watcher, app.logs_aside():
        found = []
        for number, one in enumerate(wanted, 1):
            found.append(_checked(handshake, one))
            watcher(number, "groups", len(wanted))
    app.output.answer({"plant": plant, "groups": found}, lambda: _page(app, plant, found))
    return FAILED if any(one["error"] or one["bad"] for one in found) else SUCCESS


def _checked(handshake: Handshake, row: Record) -> dict[str, Any]:
    group = Group.of({**row, "tags": tags_of(row)})
    plain = [replace(tag, scale=1.0, offset=0.0) for tag in group.tags]
    reading = handshake.read(replace(group, tags=plain), time.monotonic() + LONGEST_S)
    error = reading.error and {"code": reading.error.code, "message": str(reading.error)}
    tags = [] if reading.error else _tags(group, reading.readings)
    return {
        "group": group.name,
        "device": group.address,
        "error": error,
        "read_at": reading.read_at.isoformat(),
        "took_ms": reading.took_ms,
        "read_ms": reading.read_ms,
        "bad": sum(one["value"] is None for one in tags),
        "tags": tags,
    }


def _tags(group: Group, unscaled: Sequence[Reading]) -> list[dict[str, Any]]:
    driver = driver_of(group.driver)
    endpoint = driver.parse_endpoint(group.address)

    def told(tag: Tag, number: Reading) -> dict[str, Any]:
        one = in_unit(tag, number)
        likelier = suspected_order(tag, number.value, endpoint)
        return {
            "tag": tag.name,
            "address": tag.address,
            "data_type": tag.data_type,
            "value": one.value,
            "number": number.value,
            "unit": tag.unit,
            "quality": int(one.quality),
            "byte_order": order_of(tag, endpoint),
            "likelier_order": likelier,
            "problem": problem_of(driver, tag, endpoint),
        }

    return [told(tag, one) for tag, one in zip(group.tags, unscaled, strict=True)]


def _page(app: App, plant: str, found: Sequence[Record]) -> RenderableType:
    if not found:
        return Text(f"{plant} has no groups of tags yet: `plantpulse tags import`")
    parts: list[RenderableType] = []
    for one in found:
        at = formats.local(one["read_at"], app.zone_of(plant), "%Y-%m-%d %H:%M:%S")
        took = f"{at}, connected and read in {one['took_ms']} ms, read in {one['read_ms']} ms"
        parts += [Text.assemble((one["group"], "bold"), f": {one['device']}")]
        if error := one["error"]:
            parts += [Text(f"{error['code']}: {error['message']}", "red"), Text()]
            continue
        parts += [Text(took, "dim"), fitted(app.output.console, _COLUMNS, one["tags"])]
        parts += [_doubt(tag) for tag in one["tags"] if tag["likelier_order"]]
        parts += [Text(f"{tag['tag']}: {tag['problem']}", "yellow") for tag in one["tags"] if tag["problem"]]
        parts.append(Text())
    return Page(*parts[:-1])


def _doubt(tag: Record) -> Text:
    told = f"{tag['tag']}: {tag['number']} is odd, and would not be with byte_order {tag['likelier_order']}"
    return Text(f"{told} instead of {tag['byte_order']}: compare it with the machine's display", "yellow")


_COLUMNS: Final = [
    Column("Tag", lambda one: one["tag"], folds=True),
    Column("Value", lambda one: value_of(one["value"], one["data_type"]), "right"),
    Column("Unit", lambda one: one["unit"]),
    Column("Quality", lambda one: quality_of(one["quality"])),
    Column("Address", lambda one: one["address"], rank=1, folds=True, goes_below=True),
    Column("Type", lambda one: one["data_type"], rank=2, goes_below=True),
]
