"""Changes by people: signatures, silences, members, the plant model. One request per method.

Every SQL function here is one transaction, all or nothing, and harmless to repeat. Only to add a silence
is not, so it is tried once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from plantpulse.database.answers import Json
from plantpulse.database.tables import Tables
from plantpulse.settings import SupabaseSettings


class Changes:
    """A connection for one command; close it afterwards."""

    def __init__(self, settings: SupabaseSettings, *, seconds_left: Callable[[], float]) -> None:
        self._tables = Tables(settings, seconds_left=seconds_left)

    def __enter__(self) -> "Changes":
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.close()

    def acknowledge_safety_events(self, event_ids: Sequence[int], by: str) -> dict[str, Json]:
        """Acknowledge safety events; the answer is signed with the events, or unknown with the ids."""
        return self._call("acknowledge_safety_events", p_event_ids=list(event_ids), p_by=by)

    def resolve_safety_events(self, event_ids: Sequence[int], by: str, resolution: str) -> dict[str, Json]:
        """Resolve safety events; the answer is like that of `acknowledge_safety_events`."""
        return self._call(
            "resolve_safety_events", p_event_ids=list(event_ids), p_by=by, p_resolution=resolution
        )

    def acknowledge_alerts(self, alert_ids: Sequence[int], by: str) -> dict[str, Json]:
        """Acknowledge alerts; the answer is signed with the alerts, or unknown with the ids."""
        return self._call("acknowledge_alerts", p_alert_ids=list(alert_ids), p_by=by)

    def end_alerts(self, alert_ids: Sequence[int], by: str) -> dict[str, Json]:
        """End open alerts; the answer is ended with the alerts, or unknown with the ids."""
        return self._call("end_alerts", p_alert_ids=list(alert_ids), p_by=by)

    def note_working_channel(self, channel: str, by: str) -> dict[str, Json]:
        """Write down that a channel has taken a message; the answer has the alerts that this ended."""
        return self._call("note_working_channel", p_channel=channel, p_by=by)

    def add_silence(self, silence: Mapping[str, Json]) -> dict[str, Json]:
        """Write a silence and return its row. It is not repeated: a second one would have to be ended too."""
        rows = self._tables.send("silences", lambda api: api.from_("silences").insert(silence), attempts=1)
        return rows[0]

    def end_silence(self, silence_id: int, ends_at: datetime) -> dict[str, Json]:
        """Let a silence end at an instant, and return its row."""
        rows = self._tables.send(
            "silences",
            lambda api: api.from_("silences").update({"ends_at": ends_at.isoformat()}).eq("id", silence_id),
        )
        return rows[0]

    def put_member(self, user_id: str, plant: str, role: str) -> None:
        """Make a user a member of a plant (* = all plants) in a role, or change the role."""
        row = {"user_id": user_id, "plant": plant, "role": role}
        self._tables.send("plant_members", lambda api: api.from_("plant_members").upsert(row))

    def remove_member(self, user_id: str, plant: str) -> bool:
        """End a user's membership in a plant, and return whether there was one."""
        gone = self._tables.send(
            "plant_members",
            lambda api: api.from_("plant_members").delete().eq("user_id", user_id).eq("plant", plant),
        )
        return bool(gone)

    def import_rows(
        self,
        function: str,
        plant: str,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, Json]],
        *,
        is_dry_run: bool,
    ) -> dict[str, Json]:
        """Import a table into the plant model; the answer has the change of each line, or the wrong lines.

        `function` is one of import_cost_centers, import_assets, import_shift_targets, import_closed_days,
        import_product_rates.
        """
        return self._call(
            function, p_plant=plant, p_columns=list(columns), p_rows=list(rows), p_is_dry_run=is_dry_run
        )

    def _call(self, function: str, **arguments: Json) -> dict[str, Json]:
        return self._tables.call(function, arguments, reserved_s=0.0)
