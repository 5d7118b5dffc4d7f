"""What the functions ask of Supabase: one method per SQL function, one request per method.

Beside SQL functions only the keys that sign users' tokens are asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import httpx

from plantpulse.database.transport import Json, Transport
from plantpulse.errors import StatementTimedOut, StoreRefused
from plantpulse.retry import Pacing
from plantpulse.settings import SupabaseSettings

SIGNING_KEYS_PATH: Final = "/auth/v1/.well-known/jwks.json"


class Supabase:
    """A connection to one project; close it after the invocation.

    `clock` is given only where time is simulated: the SQL functions then take it for now.
    """

    def __init__(
        self,
        settings: SupabaseSettings,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None = None,
        pacing: Pacing | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(
            settings, seconds_left=seconds_left, clock=clock, pacing=pacing, transport=transport
        )

    def __enter__(self) -> "Supabase":
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]:
        """Claim a run; answers claimed, duplicate, busy or refused."""
        return self._transport.call("claim_run", {"p_claim": claim})

    def record_safety_events(self, fence: str, events: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Record safety events, each once however often it is sent; returns what was new or changed."""
        return self._transport.call("record_safety_events", {"p_fence": fence, "p_events": events})

    def commit_live_pulse(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]:
        """Commit a poll's data together with its run record; answers committed, repeated or fenced."""
        return self._transport.call("commit_live_pulse", {"p_fence": fence, "p_commit": commit})

    def commit_morning_report(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]:
        """Commit days' summaries together with their run record; answers committed, repeated or fenced."""
        return self._transport.call("commit_morning_report", {"p_fence": fence, "p_commit": commit})

    def complete_run(self, fence: str, completion: Mapping[str, Json]) -> dict[str, Json]:
        """Record that a run has done its work; answers committed, repeated or fenced."""
        return self._transport.call("complete_run", {"p_fence": fence, "p_completion": completion})

    def remove_expired(self, batch: Mapping[str, Json]) -> dict[str, Json]:
        """Remove one batch of a table's expired rows; returns how many, and where the next batch begins.

        Raises: StatementTimedOut at once, because the same batch would time out again.
        """
        return self._transport.call("remove_expired", {"p_batch": batch}, but_not=StatementTimedOut)

    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]:
        """Record that a run failed; answers failed, repeated or fenced."""
        return self._transport.call("fail_run", {"p_fence": fence, "p_failure": failure}, reserved_s=0.0)

    def pipeline_health(self, pipelines: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
        """Return what the runs of each pipeline and plant say of its health; asked twice at most."""
        return self._transport.call("pipeline_health", {"p_pipelines": pipelines}, reserved_s=0.0, attempts=2)

    def managed_plants(self, user_id: str) -> list[str]:
        """Return the plants that a user is a manager of; `*` stands for all of them."""
        plants: list[str] = self._transport.call("managed_plants", {"p_user_id": user_id})["plants"]
        return plants

    def signing_keys(self) -> list[dict[str, Json]]:
        """Return the public keys that sign users' tokens, as JSON Web Keys. Raises: StoreRefused without."""
        document = self._transport.fetch(SIGNING_KEYS_PATH)
        try:
            return [dict(key) for key in document["keys"]]
        except (KeyError, TypeError, ValueError) as error:
            raise StoreRefused("Supabase told no signing keys: check SUPABASE_URL") from error


def connect(
    settings: SupabaseSettings,
    *,
    seconds_left: Callable[[], float],
    clock: Callable[[], datetime] | None = None,
) -> Supabase:
    """Return a connection for one invocation; nothing is sent yet."""
    return Supabase(settings, seconds_left=seconds_left, clock=clock)
