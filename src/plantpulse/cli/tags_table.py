"""The table of machine tags: one row for each tag, with the columns of its group. Pure.

`tags import` reads it, and `tags list --export` writes it. What concerns the whole group may stand in its
first row alone. Addresses are checked by the driver that will read them, or set the acknowledgement.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, get_args

from plantpulse.cli import cells, tags_cells
from plantpulse.cli.csv_tables import Cell, Checks, Mistake, Remark, Row, Table
from plantpulse.cli.imports import Kind
from plantpulse.plant.text import normalise_key
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.endpoints import DRIVER_OF_SCHEME, Endpoint
from plantpulse.tags.link import Driver
from plantpulse.tags.tag import DataType, Mode, Order, Tag

MOST_TAGS: Final = 500  # of a group
ROLES: Final = ("value", "trigger", "acknowledge")
_OF_GROUP: Final = ("device", "mode", "interval_ms", "credentials", "is_active")


def faults_of_tag(row: Row) -> Iterator[Remark]:
    """Yield the columns that do not fit the row, and why."""
    kind = row["data_type"]
    if row["role"] in ("trigger", "acknowledge") and kind not in (None, "bool"):
        yield "data_type", f"a tag with the role {row['role']} must be a bool"
    for name in ("scale", "offset"):
        if kind in ("bool", "string") and row[name] is not None:
            yield name, f"a {kind} has no {name}"
    if row["length"] and kind not in (None, "string"):
        yield "length", "only a string has a length"


def faults_of_groups(table: Table, find_driver: Callable[[str], Driver] = driver_of) -> Iterator[Mistake]:
    """Yield what is wrong with groups as a whole, and what their drivers cannot read."""
    known = {(one.line, one.column) for one in table.mistakes}
    for rows in rows_by_group(table).values():
        for fault in (*_faults_of_group(rows), *_faults_of_addresses(rows, find_driver)):
            if (fault.line, fault.column) not in known:
                yield fault


def rows_by_group(table: Table) -> dict[str, list[Row]]:
    """Return the rows of each group, by the key of its name."""
    groups: dict[str, list[Row]] = {}
    for row in table.rows:
        if name := row.get("group"):
            groups.setdefault(normalise_key(name), []).append(row)
    return groups


def _faults_of_group(rows: Sequence[Row]) -> Iterator[Mistake]:
    first, *others = rows
    if first.get("device") is None:
        yield Mistake(first["line"], "device", "the first row of a group must name its device")
    for row in others:
        for name in ("group", *_OF_GROUP):
            if row.get(name) not in (None, first.get(name)):
                there = f"not as in line {first['line']}, where the group begins"
                yield Mistake(row["line"], name, f"{there}: write the same, or leave the cell empty")
    if len(rows) > MOST_TAGS:
        there = rows[MOST_TAGS]["line"]
        yield Mistake(there, "group", f"a group has at most {MOST_TAGS} tags: make another group")
    yield from _repeated_names(rows)
    yield from _faults_of_roles(rows)


def _repeated_names(rows: Sequence[Row]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for row in rows:
        if (name := row.get("tag")) is None:
            continue
        if (line := first.setdefault(normalise_key(name), row["line"])) != row["line"]:
            yield Mistake(row["line"], "tag", f"the same as in line {line} of its group")


def _faults_of_roles(rows: Sequence[Row]) -> Iterator[Mistake]:
    by_role = {role: [row["line"] for row in rows if (row.get("role") or "value") == role] for role in ROLES}
    for role in ROLES[1:]:
        for line in by_role[role][1:]:
            yield Mistake(line, "role", f"a group has one {role}, which is in line {by_role[role][0]}")
        if by_role[role] and (rows[0].get("mode") or "fixed") == "fixed":
            yield Mistake(by_role[role][0], "role", f"only a group with the mode handshake has a {role}")
    if by_role["acknowledge"] and not by_role["trigger"]:
        line = by_role["acknowledge"][0]
        yield Mistake(line, "role", "there is nothing to acknowledge without a tag with the role trigger")
    if not by_role["value"]:
        yield Mistake(rows[0]["line"], "group", "the group has no tag with the role value: nothing is read")


def _faults_of_addresses(rows: Sequence[Row], find_driver: Callable[[str], Driver]) -> Iterator[Mistake]:
    device = rows[0].get("device")
    if device is None:
        return
    try:
        driver, endpoint = _device_of(device, find_driver)
    except ValueError as error:
        yield Mistake(rows[0]["line"], "device", str(error))
        return
    bits: dict[str | None, Row] = {}
    for row in rows:
        if None in (row.get("tag"), row.get("address"), row.get("data_type")):
            continue  # the row has its mistake
        try:
            driver.check_tag(tag_of(row), endpoint)
            if row.get("role") == "acknowledge":
                driver.check_write(tag_of(row), endpoint)
            bits.setdefault(row.get("role"), row)
        except ValueError as error:
            yield Mistake(row["line"], "address", str(error))
    if (trigger := bits.get("trigger")) and (acknowledge := bits.get("acknowledge")):
        yield from _same_bit(trigger, acknowledge, driver, endpoint)


def _same_bit(trigger: Row, acknowledge: Row, driver: Driver, endpoint: Endpoint) -> Iterator[Mistake]:
    # The same place may be written in two ways: what would be read says it.
    asked, other = (driver.plan([tag_of(row)], endpoint).requests for row in (trigger, acknowledge))
    if asked == other:
        there = f"the same bit as the trigger's in line {trigger['line']}"
        yield Mistake(acknowledge["line"], "address", f"{there}: to acknowledge needs one of its own")


def _device_of(device: str, find_driver: Callable[[str], Driver]) -> tuple[Driver, Endpoint]:
    name = DRIVER_OF_SCHEME.get(device.partition("://")[0])
    if name is None:
        raise ValueError(f"must begin with one of {', '.join(f'{one}://' for one in DRIVER_OF_SCHEME)}")
    driver = find_driver(name)
    return driver, driver.parse_endpoint(device)


def tag_of(row: Row) -> Tag:
    """Return the tag of a row."""
    return Tag.of({**row, "name": row["tag"], "order": row.get("byte_order")})


TAGS: Final = Kind(
    function="import_tags",
    cells={
        "group": Cell(tags_cells.text_of(80), is_required=True),
        "device": Cell(tags_cells.address),
        "mode": Cell(tags_cells.one_of(*get_args(Mode))),
        "interval_ms": Cell(tags_cells.whole(200, 3_600_000), is_number=True),
        "credentials": Cell(tags_cells.credentials),
        "is_active": Cell(cells.yes_or_no),
        "tag": Cell(tags_cells.text_of(200), is_required=True),
        "address": Cell(tags_cells.address, is_required=True),
        "data_type": Cell(tags_cells.one_of(*get_args(DataType)), is_required=True),
        "length": Cell(tags_cells.whole(0, 1000), is_number=True),
        "byte_order": Cell(tags_cells.one_of(*get_args(Order))),
        "scale": Cell(tags_cells.factor, is_number=True),
        "offset": Cell(tags_cells.figure, is_number=True),
        "unit": Cell(tags_cells.text_of(40)),
        "role": Cell(tags_cells.one_of(*ROLES)),
    },
    checks=Checks(faults_of_tag),
    together=faults_of_groups,
)
