"""The functions' calls to Supabase: one method per SQL function, one request per method.

The only other request is for the keys that sign users' tokens.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Final

from plantpulse.database.answers import Json
from plantpulse.database.transport import Transport
from plantpulse.errors import StatementTimedOut, StoreRefused
from plantpulse.retry import Pacing
from plantpulse.settings import SupabaseSettings

SIGNING_KEYS_PATH: Final = "/auth/v1/.well-known/jwks.json"


class Supabase:
    """A connection to one project; close it after the invocation.

    `clock` is only for simulated time: the SQL functions then use it as now.
    """

    def __init__(
        self,
        settings: SupabaseSettings,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        self._transport = Transport(settings, seconds_left=seconds_left, clock=clock, pacing=pacing)

    def __enter__(self) -> "Supabase":
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]:
        """Bound the calls inside by a second clock too."""
        return self._transport.within(seconds_left)

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]:
        """Claim a run; the answer is claimed, duplicate, busy or refused."""
        return self._transport.call("claim_run", {"p_claim": claim})

    def record_safety_events(
        self, fence: str, events: Sequence[Mapping[str, Json]], alert_severity: str | None
    ) -> dict[str, Json]:
        """Record safety events, each once even if it is sent again; return what was new or changed.

        Each new one opens an alert, unless `alert_severity` is None.
        """
        arguments = {"p_fence": fence, "p_events": events, "p_alert_severity": alert_severity}
        return self._transport.call("record_safety_events", arguments)

    def commit_live_pulse(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]:
        """Commit a poll's data and its run record; the answer is committed, repeated or fenced."""
        return self._transport.call("commit_live_pulse", {"p_fence": fence, "p_commit": commit})

    def commit_morning_report(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]:
        """Commit summaries of days and their run record; the answer is committed, repeated or fenced."""
        return self._transport.call("commit_morning_report", {"p_fence": fence, "p_commit": commit})

    def commit_series(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]:
        """Store what a run collected, all or nothing; with a completion it ends the run.

        The answer is committed, repeated or fenced.
        """
        return self._transport.call("commit_series", {"p_fence": fence, "p_commit": commit})

    def watch_series_gaps(self, fence: str, looks: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Bring the gaps of groups of series up to date; return those to ask for again now.

        The answer is watched or fenced.
        """
        return self._transport.call("watch_series_gaps", {"p_fence": fence, "p_looks": looks})

    def series_as_known(
        self,
        key: str,
        start: datetime,
        until: datetime,
        *,
        known_at: datetime | None = None,
        limit: int = 50_000,
    ) -> dict[str, Json]:
        """Return the values of a series as blocks, as they were known at a time; None means now.

        `next` is where to go on; it is None when nothing is left. `series` is None if the key is unknown.
        """
        arguments = {
            "p_key": key,
            "p_from": start.isoformat(),
            "p_until": until.isoformat(),
            "p_known_at": known_at and known_at.isoformat(),
            "p_limit": limit,
        }
        return self._transport.call("series_as_known", arguments)

    def series_first_known(self, key: str, start: datetime, until: datetime) -> dict[str, Json]:
        """Return when the values of a series were known first, and since when it is collected."""
        arguments = {"p_key": key, "p_from": start.isoformat(), "p_until": until.isoformat()}
        return self._transport.call("series_first_known", arguments)

    def series_status(self) -> dict[str, Json]:
        """Return of each series its newest value, how far it reaches, its open gaps and its quality."""
        return self._transport.call("series_status", {})

    def series_report_input(self, since: date) -> dict[str, Json]:
        """Return the scores and the gaps of all series since a day."""
        return self._transport.call("series_report_input", {"p_since": since.isoformat()})

    def keep_series_reports(self, fence: str, reports: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Keep the reports of days and weeks; the answer is kept or fenced."""
        return self._transport.call("keep_series_reports", {"p_fence": fence, "p_reports": reports})

    def collection_rates(
        self,
        start: datetime,
        until: datetime,
        *,
        by: Sequence[str] = ("source", "kind", "subject"),
        every: str | None = None,
    ) -> dict[str, Json]:
        """Return how the questions to publishers went, by what `by` names.

        `every` is hour, day, week or month (UTC); None makes one row of the whole time.
        """
        arguments = {"p_from": start.isoformat(), "p_until": until.isoformat(), "p_by": list(by)}
        return self._transport.call("collection_rates", {**arguments, "p_every": every})

    def collection_history(
        self, asks: Sequence[Mapping[str, Json]], at: datetime, *, weeks: int = 8
    ) -> dict[str, Json]:
        """Return what questions brought in the same hour of the same weekday, in the weeks before."""
        arguments = {"p_asks": asks, "p_at": at.isoformat(), "p_weeks": weeks}
        return self._transport.call("collection_history", arguments)

    def claim_tag_groups(
        self, claim: Mapping[str, Json], asking: Callable[[], object] | None = None
    ) -> dict[str, Json]:
        """Claim turns of a plant's groups of tags; return them, and why others were refused.

        A repeated claim answers the same, but for the time. `asking` is called before each attempt.
        """
        return self._transport.call("claim_tag_groups", {"p_claim": claim}, asking=asking)

    def put_tag_samples(self, put: Mapping[str, Json]) -> dict[str, Json]:
        """Store samples, renew turns and hear commands; with a completion it ends the run.

        A repeated call stores and counts nothing twice, if it has the same `sequence`. It is tried once:
        whoever polls sends it again at the next flush.
        """
        return self._transport.call("put_tag_samples", {"p_put": put}, reserved_s=0.0, attempts=1)

    def claim_tag_trigger(self, ask: Mapping[str, Json]) -> dict[str, Json]:
        """Claim one read of a handshake group; a call within a second finds the one before it."""
        return self._transport.call("claim_tag_trigger", {"p_ask": ask})

    def commit_tag_trigger(self, commit: Mapping[str, Json]) -> dict[str, Json]:
        """Store the result and the sample of a claimed read; the answer is committed, repeated or unknown."""
        return self._transport.call("commit_tag_trigger", {"p_commit": commit})

    def complete_run(self, fence: str, completion: Mapping[str, Json]) -> dict[str, Json]:
        """Record that a run has done its work; the answer is committed, repeated or fenced."""
        return self._transport.call("complete_run", {"p_fence": fence, "p_completion": completion})

    def remove_expired(self, batch: Mapping[str, Json]) -> dict[str, Json]:
        """Remove one batch of a table's expired rows; return how many, and where the next batch begins.

        Raises: StatementTimedOut at once, because the same batch would time out again.
        """
        return self._transport.call("remove_expired", {"p_batch": batch}, but_not=StatementTimedOut)

    def claim_report_mails(self, claim: Mapping[str, Json]) -> dict[str, Json]:
        """Lease morning reports that are due as mails; return them with their days."""
        return self._transport.call("claim_report_mails", {"p_claim": claim}, reserved_s=0.0)

    def mark_report_mail(self, mark: Mapping[str, Json]) -> dict[str, Json]:
        """Record what came of a claimed mail; the answer is marked or fenced."""
        return self._transport.call("mark_report_mail", {"p_mark": mark}, reserved_s=0.0)

    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]:
        """Record that a run failed; the answer is failed, repeated or fenced."""
        return self._transport.call("fail_run", {"p_fence": fence, "p_failure": failure}, reserved_s=0.0)

    def end_dry_run(self, fence: str) -> dict[str, Json]:
        """End a dry run, so that the next one need not wait for its lease; it is tried at most twice."""
        return self._transport.call("end_dry_run", {"p_fence": fence}, reserved_s=0.0, attempts=2)

    def pipeline_health(self, pipelines: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Return what the runs of each pipeline and plant say about its health; it is tried at most twice."""
        return self._transport.call("pipeline_health", {"p_pipelines": pipelines}, reserved_s=0.0, attempts=2)

    def keep_pipeline_states(self, states: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Write down how the pipelines stand; it is tried once, because the next look says it again."""
        return self._transport.call("keep_pipeline_states", {"p_states": states}, reserved_s=0.0, attempts=1)

    def tag_troubles(self) -> dict[str, Json]:
        """Return the groups of tags that alerts may be about; it is tried at most twice."""
        return self._transport.call("tag_troubles", {}, reserved_s=0.0, attempts=2)

    def alert_figures(self) -> dict[str, Json]:
        """Return how many alerts are open, and how each channel does; it is tried at most twice."""
        return self._transport.call("alert_figures", {}, reserved_s=0.0, attempts=2)

    def watch_alerts(self, seen: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Change the alerts by what somebody saw who ends no run."""
        return self._transport.call("watch_alerts", {"p_seen": seen}, reserved_s=0.0)

    def claim_notifications(self, channel: Mapping[str, Json], limit: int) -> dict[str, Json]:
        """Lease what a channel is to be told now.

        It is tried once: if the answer was lost, what was leased waits until the lease ends.
        """
        arguments = {"p_channel": channel, "p_limit": limit}
        return self._transport.call("claim_notifications", arguments, reserved_s=0.0, attempts=1)

    def mark_notifications(
        self, lease: str, channel: str, notification_ids: Sequence[int], result: Mapping[str, Json]
    ) -> dict[str, Json]:
        """Write down that a message was sent, was not, or was not tried."""
        arguments = {
            "p_lease": lease,
            "p_channel": channel,
            "p_notification_ids": notification_ids,
            "p_result": result,
        }
        return self._transport.call("mark_notifications", arguments, reserved_s=0.0)

    def failing_channels(self, names: Sequence[str]) -> dict[str, Json]:
        """Return the channels of a list whose messages fail, since when and why."""
        return self._transport.call("failing_channels", {"p_names": names}, reserved_s=0.0)

    def managed_plants(self, user_id: str) -> list[str]:
        """Return the plants that a user manages; `*` stands for all plants."""
        plants: list[str] = self._transport.call("managed_plants", {"p_user_id": user_id})["plants"]
        return plants

    def signing_keys(self) -> list[dict[str, Json]]:
        """Return the public keys for users' tokens, as JSON Web Keys. Raises: StoreRefused without any."""
        document = self._transport.fetch(SIGNING_KEYS_PATH)
        try:
            return [dict(key) for key in document["keys"]]
        except (KeyError, TypeError, ValueError) as error:
            raise StoreRefused("Supabase returned no signing keys: check SUPABASE_URL") from error


def connect(
    settings: SupabaseSettings,
    *,
    seconds_left: Callable[[], float],
    clock: Callable[[], datetime] | None = None,
) -> Supabase:
    """Return a connection for one invocation; nothing is sent yet."""
    return Supabase(settings, seconds_left=seconds_left, clock=clock)
