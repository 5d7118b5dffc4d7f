"""Reads and changes of machine tags for people: groups, how they do, and what they brought.

SQL functions and selects with the secret key, as in `records`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from plantpulse.database.answers import Json
from plantpulse.database.tables import Tables
from plantpulse.errors import InvalidRequest, StoreRefused
from plantpulse.settings import SupabaseSettings

Record = dict[str, Json]

_COMMAND: Final = "id,plant,group_id,kind,requested_by_name,requested_at,heard_at,done_at"


class TagRecords:
    """A connection for one command; close it afterwards. `clock` is only for simulated time."""

    def __init__(
        self,
        settings: SupabaseSettings,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._tables = Tables(settings, seconds_left=seconds_left)
        self._clock = clock

    def __enter__(self) -> "TagRecords":
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.close()

    def groups(self, plant: str) -> list[Record]:
        """Return a plant's groups with their tags, by name."""
        found: list[Record] = self._call("tag_list", {"p_plant": plant})["groups"]
        return found

    def status(self, plant: str) -> Record:
        """Return how each group of a plant does, and when that was asked."""
        return self._call("tag_status", {"p_plant": plant})

    def newest(self, plant: str, group: str) -> Record:
        """Return the newest sample of a group with the names of its tags; `slot` is None before the first."""
        found: list[Record] = self._call("tag_values", {"p_plant": plant, "p_group": group})["groups"]
        return found[0]

    def history(self, asked: Mapping[str, Json]) -> Record:
        """Return what a tag was in a span. Raises: InvalidRequest with the reason if it is refused."""
        return self._reasoned("tag_history", {f"p_{name}": value for name, value in asked.items()})

    def import_groups(self, imported: Mapping[str, Json]) -> Record:
        """Write groups with their tags, or say what that would change. Raises: as `history` does."""
        return self._reasoned("import_tags", {"p_import": imported})

    def command(self, row: Mapping[str, Json]) -> Record:
        """Write a command to start or stop, once. Raises: InvalidRequest with the reason if it is refused."""
        return _with_reason(
            lambda: self._tables.send(
                "tag_commands", lambda api: api.from_("tag_commands").insert(row), attempts=1
            )[0]
        )

    def command_as_heard(self, command_id: int) -> Record:
        """Return a command as it stands now."""
        rows = self._tables.rows(
            "tag_commands", lambda table: table.select(_COMMAND).eq("id", command_id).order("id"), limit=1
        )
        return rows[0]

    def _call(self, function: str, arguments: Mapping[str, Json]) -> Record:
        now = {"p_now": self._clock().isoformat()} if self._clock else {}
        return self._tables.call(function, {**arguments, **now})

    def _reasoned(self, function: str, arguments: Mapping[str, Json]) -> Record:
        return _with_reason(lambda: self._call(function, arguments))


def _with_reason(ask: Callable[[], Record]) -> Record:
    try:
        return ask()
    except StoreRefused as error:
        if error.reason is None:
            raise
        raise InvalidRequest(error.reason) from error
