"""A group that somebody asks for over HTTP is read inside the call, and the answer has its values.

It is no run: a machine may ask 43,000 times a day. What is asked of Supabase are two calls, one before the
read and one with its result (docs/decisions/0115).
"""

import time
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Protocol
from uuid import uuid4

from plantpulse.entry.invocations import Invocation, plant_named
from plantpulse.entry.replies import Reply
from plantpulse.entry.requests import Request, parameter, parse
from plantpulse.errors import InvalidRequest, NotConfigured, OutOfTime, StoreRefused
from plantpulse.late_dataclasses import dataclass, field, replace
from plantpulse.runs import Budget, Json
from plantpulse.runs.budget import RESERVED_FOR_COMMIT_S
from plantpulse.settings import Settings
from plantpulse.settings.section import Checked
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.devices import devices_of
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.handshake import READ_S, Handshake
from plantpulse.tags.link import Driver
from plantpulse.tags.networks import Resolve, addresses_of
from plantpulse.tags.slots import SlotClock
from plantpulse.tags.tag import Group
from plantpulse.tags.telling import answer_of, commit_of, sound

LONGEST_NAME: Final = 80
_IN_NO_NAME: Final = ("Cc", "Cs")  # control characters, and halves of a character
CLAIM_S: Final = 8.0  # of a call's time, to claim it
WAIT_S: Final = 0.25  # between two looks whether the call before has its answer

# What a claim may refuse, and what to say of it.
REFUSALS: Final[Mapping[str, tuple[int, str]]] = {
    "unknown_group": (HTTPStatus.NOT_FOUND, "plant {plant} has no group of this name"),
    "fixed_group": (HTTPStatus.CONFLICT, "this group is FIXED: bursts read it every interval, no call does"),
    "stopped_group": (HTTPStatus.CONFLICT, "this group is stopped: start it first"),
    "group_running": (HTTPStatus.CONFLICT, "another call reads this group and has not ended: ask again"),
}


class Store(Protocol):
    """What a call needs from Supabase."""

    def claim_tag_trigger(self, ask: Mapping[str, Json]) -> dict[str, Json]: ...
    def commit_tag_trigger(self, commit: Mapping[str, Json]) -> dict[str, Json]: ...


def _group_name(name: str) -> str:
    if (
        not name.strip()
        or len(name) > LONGEST_NAME
        or any(unicodedata.category(one) in _IN_NO_NAME for one in name)
    ):
        raise ValueError(
            f"must be the name of a group: 1 to {LONGEST_NAME} characters, none of them a control character"
        )
    return unicodedata.normalize("NFC", name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRequest(Request):
    """Read one group now."""

    plant: str | None = parameter(None, description="Whose group; unnecessary with a single plant.")
    group: Annotated[str, Checked(_group_name)] = parameter(description="The group's name.")


@dataclass(frozen=True, slots=True)
class TagTriggers:
    """The calls of the function `tags` that are no runs: those that name a group."""

    find_driver: Callable[[str], Driver] = driver_of
    resolve: Resolve = addresses_of
    pause: Callable[[float], None] = time.sleep

    def takes(self, invocation: Invocation) -> bool:
        """Say whether a call names a group."""
        return "group" in invocation.parameters

    def read(self, invocation: Invocation, settings: Settings) -> "Trigger":
        """Return what is asked for. Raises: InvalidRequest, NotConfigured."""
        asked = parse(TriggerRequest, invocation.parameters)
        plant = plant_named(asked.plant, settings.plants)
        own = _polled_from_here(settings, plant)
        devices = devices_of(settings, plant, self.find_driver, self.resolve)
        return Trigger(
            plant,
            asked.group,
            Handshake(devices, own.connect_timeout_s),
            self.pause,
        )


@dataclass(frozen=True, slots=True)
class Trigger:
    """One read that somebody asked for. `id` is its key in Supabase."""

    plant: str
    group: str
    handshake: Handshake
    pause: Callable[[float], None] = time.sleep
    id: str = field(default_factory=lambda: str(uuid4()))

    def start_budget(self) -> Budget:
        """Return the time of the call, starting now."""
        return Budget.start(self.longest_s, self.longest_s)

    @property
    def longest_s(self) -> float:
        """Return how long a call may take."""
        return CLAIM_S + self.handshake.connect_s + READ_S + RESERVED_FOR_COMMIT_S

    def answer(self, store: Store, requested_by: str | None, budget: Budget) -> Reply:
        """Read the group, store what was read, and return the answer; or that of a call just before.

        Raises: OutOfTime if that call does not end; Supabase's errors.
        """
        claim = self._claim(store, requested_by, budget)
        found = str(claim["answer"])
        if found in REFUSALS:
            return self._refused(found)
        if found == "duplicate":
            return self._reply({**claim["result"], "is_duplicate": True}, requested_by)
        if found != "claimed":
            raise StoreRefused("Supabase's answer to claim_tag_trigger is unknown: update plantpulse")
        clock = SlotClock(datetime.fromisoformat(claim["at"]), budget.monotonic())
        return self._read(Group.of(claim["group"]), clock, store, requested_by, budget)

    def _claim(self, store: Store, requested_by: str | None, budget: Budget) -> Mapping[str, Json]:
        """Return the claim's answer; of a duplicate, once the call before it has a result."""
        ask = {
            "id": self.id,
            "plant": self.plant,
            "group": self.group,
            "requested_by": requested_by,
            "lease_s": self.longest_s,
        }
        claim = store.claim_tag_trigger(ask)
        if claim["answer"] != "duplicate":
            return claim
        while not claim["result"]:
            if budget.seconds_left_to_read() <= 0:
                raise OutOfTime("another call reads this group and has not ended: ask again")
            self.pause(WAIT_S)
            # Asked about by its own key, the call before has no result until it has ended.
            claim = store.claim_tag_trigger({**ask, "id": claim["trigger"]})
        return {**claim, "answer": "duplicate"}

    def _read(
        self, group: Group, clock: SlotClock, store: Store, requested_by: str | None, budget: Budget
    ) -> Reply:
        """Read the group; the sample's time is Supabase's, whatever this computer's clock says."""
        deadline_s = budget.monotonic() + budget.seconds_left_to_read()
        handshake = replace(self.handshake, clock=lambda: clock.at(budget.monotonic()))
        reading = sound(handshake.read(group, deadline_s))
        result = answer_of(reading, self.id)
        if store.commit_tag_trigger(commit_of(reading, self.id, result))["answer"] == "unknown":
            raise StoreRefused(f"group {group.name} was deleted while it was read: nothing was stored")
        return self._reply(result, requested_by)

    def _reply(self, result: Mapping[str, Json], requested_by: str | None) -> Reply:
        error = result.get("error") or {}
        told = ("outcome", "trigger", "tag_count", "bad_count", "took_ms", "is_duplicate", "error")
        logged = {name: result[name] for name in told if result.get(name) is not None}
        return Reply(
            f"tag trigger {result['outcome']}",
            result,
            _status(error),
            error.get("code"),
            {"plant": self.plant, "group": self.group, "requested_by": requested_by, **logged},
        )

    def _refused(self, code: str) -> Reply:
        status, words = REFUSALS[code]
        error = {"code": code, "message": words.format(plant=self.plant), "field": "group"}
        told = {"plant": self.plant, "group": self.group, "error": error}
        return Reply(
            "tag trigger refused", {"success": False, "outcome": "refused", **told}, status, code, told
        )


def _status(error: Mapping[str, Json]) -> int:
    """Return the HTTP status of a result. Source: docs/http.md, "Reading a group of tags"."""
    if not error:
        return HTTPStatus.OK
    if error["is_retryable"]:
        return HTTPStatus.SERVICE_UNAVAILABLE
    is_missing = error["code"] == NotConfigured.code
    return HTTPStatus.NOT_IMPLEMENTED if is_missing else HTTPStatus.INTERNAL_SERVER_ERROR


def _polled_from_here(settings: Settings, plant: str) -> TagsSettings:
    """Return a plant's settings of tags. Raises: NotConfigured without any; InvalidRequest for the edge."""
    own = settings.require_tags(plant)
    if own.runs_on == "edge":
        raise InvalidRequest(
            f"a computer in plant {plant} reads its machines (tags.runs_on: edge): ask there, "
            "with plantpulse tags trigger",
            field="plant",
            http_status=HTTPStatus.CONFLICT,
        )
    return own
