"""`plantpulse members`: who may see which plant, by e-mail address."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
from rich.console import RenderableType

from plantpulse.cli.app import App, Function, Listing, json_option, named_plant_option, pass_app, plant_option
from plantpulse.cli.tables import Column, fitted
from plantpulse.database.records import Records
from plantpulse.errors import InvalidRequest

ROLES: Final = ("viewer", "operator", "manager")
EVERY_PLANT: Final = "*"
MOST_MEMBERS: Final = 100_000

Record = Mapping[str, Any]


@click.group(cls=Listing)
def members() -> None:
    """List, add and remove the members of plants."""


@members.command("list")
@plant_option
@json_option
@pass_app
def list_members(app: App, plant: str | None) -> None:
    """List who may see which plant, and their role."""
    with app.records() as records:
        found = records.members({"plant": plant} if plant else {}, limit=MOST_MEMBERS)
        emails = emails_of(records, {one["user_id"] for one in found})
    named = [{**one, "email": emails.get(one["user_id"])} for one in found]
    app.output.answer({"members": named}, lambda: _table(app, named))


def _where(function: Function) -> Function:
    every = click.option("--all-plants", is_flag=True, help="Every plant, including future ones.")
    return named_plant_option(every(function))


@members.command()
@click.argument("email")
@_where
@click.option(
    "--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="The member's role."
)
@json_option
@pass_app
def add(app: App, email: str, plant: str | None, all_plants: bool, role: str) -> None:
    """Make a person with an account a member of a plant, or change the role."""
    plant = _plant_meant(app, plant, all_plants)
    with app.records() as records:
        user_id = user_of(records, email)
        before = records.members({"user_id": user_id, "plant": plant}, limit=1)
    change = "added" if not before else "unchanged" if before[0]["role"] == role else "changed"
    if change != "unchanged":
        with app.changes() as changes:
            changes.put_member(user_id, plant, role)
    _show(app, {"email": email, "user_id": user_id, "plant": plant, "role": role, "change": change})


@members.command()
@click.argument("email")
@_where
@json_option
@pass_app
def remove(app: App, email: str, plant: str | None, all_plants: bool) -> None:
    """End a membership in a plant; the account stays."""
    plant = _plant_meant(app, plant, all_plants)
    with app.records() as records:
        user_id = user_of(records, email)
    with app.changes() as changes:
        was_member = changes.remove_member(user_id, plant)
    if not was_member:
        raise InvalidRequest(f"{email} is no member of {_plant_text(plant)}", field="email")
    _show(app, {"email": email, "user_id": user_id, "plant": plant, "change": "removed"})


def user_of(records: Records, email: str) -> str:
    """Return the id of the account with an e-mail address. Raises: InvalidRequest unless there is one."""
    wanted = email.strip().lower()
    found = [str(user["id"]) for user in records.users() if (user.get("email") or "").lower() == wanted]
    if not found:
        raise InvalidRequest(
            f"there is no account {email}: invite the person first (Supabase: Authentication > Users)",
            field="email",
        )
    if len(found) > 1:
        raise InvalidRequest(f"{len(found)} accounts have the address {email}", field="email")
    return found[0]


def emails_of(records: Records, user_ids: set[str]) -> dict[str, str | None]:
    """Return the addresses of accounts by their ids; deleted accounts are left out."""
    emails: dict[str, str | None] = {}
    for user in records.users() if user_ids else ():
        if user["id"] in user_ids:
            emails[user["id"]] = user.get("email")
        if len(emails) == len(user_ids):
            break
    return emails


def _plant_meant(app: App, plant: str | None, all_plants: bool) -> str:
    if plant and all_plants:
        raise InvalidRequest("use --plant or --all-plants, not both", field="plant")
    return EVERY_PLANT if all_plants else app.one_plant(plant)


def _plant_text(plant: str) -> str:
    return "every plant" if plant == EVERY_PLANT else plant


def _show(app: App, member: Record) -> None:
    role = f" as {member['role']}" if "role" in member else ""
    line = f"{member['email']}: {member['change']}, {_plant_text(member['plant'])}{role}"
    app.output.answer({"member": member}, lambda: line)


def _table(app: App, found: Sequence[Record]) -> RenderableType:
    columns = [
        Column("Member", lambda one: one["email"] or one["user_id"], folds=True),
        Column("Plant", lambda one: _plant_text(one["plant"])),
        Column("Role", lambda one: one["role"]),
        Column("Since", lambda one: one["created_at"][:10], rank=1),
    ]
    nothing = "nobody is a member yet: `plantpulse members add EMAIL` adds somebody"
    return fitted(app.output.console, columns, found, nothing=nothing)
