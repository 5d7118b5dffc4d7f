"""Tells the channels what is due: claim, write, send, mark; one message after the other.

Postgres decides what is due when it is claimed. A message that was sent and not marked may come twice, after
a death or a lost answer alone. A failing channel stops neither another channel nor a run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from plantpulse.alerts.due import Group, Item, groups_of
from plantpulse.alerts.messages.compose import LANGUAGES, notice_of
from plantpulse.alerts.notices import Delivery, Notice, without_addresses
from plantpulse.alerts.rules.channels import ChannelSight
from plantpulse.alerts.watching import seen_of_channels
from plantpulse.errors import ChannelUnavailable, PlantpulseError
from plantpulse.logs import log
from plantpulse.runs import readable
from plantpulse.schedules.pipelines import ALL_PLANTS, NO_PLANT
from plantpulse.settings import Settings
from plantpulse.settings.alerts import RULES, SEVERITIES
from plantpulse.settings.channels import ChannelSettings

Json = Any

CLAIMED: Final = 100  # items at once, if each is a message: few enough to be sent under their lease
CLAIMED_IN_GROUPS: Final = 2000  # so that one digest has all that a storm over every plant brings
LEASE_S: Final = 90
LEAST_S: Final = 3.0  # nobody sends anything in less
LEAST_SHARE_S: Final = 5.0  # many channels would divide the time until none has enough
LONGEST_PAUSE_S: Final = 600
REFUSED_PAUSE_S: Final = 3600
# Of recipients who are left over, while the others have it: three and a half hours, longer than greylisting.
MOST_TRIES_OF_LEFT: Final = 24
_SINGLE: Final = {"pagerduty", "webhook"}
_RULES_OF_OUTCOMES: Final = {"succeeded": "run_succeeded", "partial": "run_partial", "failed": "run_failed"}


class OutboxStore(Protocol):
    """What the outbox needs from Supabase."""

    def claim_notifications(self, channel: Mapping[str, Json], limit: int) -> dict[str, Json]: ...
    def mark_notifications(
        self, lease: str, channel: str, notification_ids: Sequence[int], result: Mapping[str, Json]
    ) -> dict[str, Json]: ...
    def failing_channels(self, names: Sequence[str]) -> dict[str, Json]: ...
    def watch_alerts(self, seen: Sequence[Mapping[str, Json]]) -> dict[str, Json]: ...


class Sender(Protocol):
    """Sends one message. Raises: ChannelUnavailable, ChannelRefused."""

    def send(self, notice: Notice, seconds_left: Callable[[], float]) -> Delivery: ...


class OpenChannel(Protocol):
    """Opens a channel by its name and settings; `to` replaces the recipients of a mail channel."""

    def __call__(self, name: str, settings: ChannelSettings, /, *, to: tuple[str, ...] = ()) -> Sender: ...


@dataclass(slots=True)
class Swept:
    """What a sweep has done: messages that were sent and that failed, and the channels that fail."""

    sent: int = 0
    failed: int = 0
    held_back: int = 0
    failing: list[str] = field(default_factory=list)
    working: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outbox:
    """The channels of a deployment, and how to open one. `least_severity` raises that of every channel."""

    settings: Settings
    store: OutboxStore
    open_channel: OpenChannel
    clock: Callable[[], datetime]
    least_severity: str = "info"

    def sweep(self, seconds_left: Callable[[], float]) -> Swept:
        """Tell every channel what is due, as long as the time lasts; each has its share of it."""
        swept = Swept()
        waiting = [(name, one) for name, one in self.settings.channels.items() if one.is_told]
        while waiting and seconds_left() >= LEAST_S:
            name, channel = waiting.pop(0)
            left_s = seconds_left()
            kept_s = max(0.0, left_s - max(left_s / (len(waiting) + 1), LEAST_SHARE_S))
            self._tell(name, channel, lambda kept_s=kept_s: seconds_left() - kept_s, swept)  # type: ignore[misc] # mypy infers no default
        return swept

    def report_failing_channels(self) -> None:
        """Open an alert for each channel that fails, for the other channels to tell, and end the others'."""
        names = [name for name, one in self.settings.channels.items() if one.is_told]
        now = self.clock()
        failing = [
            ChannelSight(
                name=one["name"],
                now=now,
                failing_since=datetime.fromisoformat(one["failing_since"]),
                failures=one["failures"],
                error=one["error"] or "",
            )
            for one in self.store.failing_channels(names)["channels"]
        ]
        self.store.watch_alerts([seen_of_channels(failing, self.settings)])

    def _tell(
        self, name: str, channel: ChannelSettings, seconds_left: Callable[[], float], swept: Swept
    ) -> None:
        """Tell one channel what is due, until nothing is or the channel fails."""
        if not channel.is_configured:
            log("WARNING", "channel not configured", channel=name)
            swept.failing.append(name)
            return
        question = question_of(name, channel, self.settings, self.clock(), self.least_severity)
        while seconds_left() >= LEAST_S:
            most = CLAIMED if question["is_single"] else CLAIMED_IN_GROUPS
            claimed = self.store.claim_notifications(question, most)
            if claimed["lease"] is None:  # it failed a moment ago, and is left alone
                swept.failing.append(name)
                return
            swept.held_back = max(swept.held_back, claimed["held_back"])
            items = [Item.from_json(one) for one in claimed["items"]]
            if not items:
                break
            groups = groups_of(items, is_single=question["is_single"], most=claimed["messages_left"])
            post = _Post(self, name, channel, claimed["lease"], claimed["held_back"])
            if not post.send_all(groups, seconds_left, swept):
                return
        if name not in swept.failing:
            _note(swept.working, name)


@dataclass(frozen=True, slots=True)
class _Post:
    """What one claim of one channel brought, on its way."""

    outbox: Outbox
    name: str
    channel: ChannelSettings
    lease: str
    held_back: int

    def send_all(self, groups: Sequence[Group], seconds_left: Callable[[], float], swept: Swept) -> bool:
        """Send and mark each message; give back what there was no time for. False: the channel fails."""
        for number, group in enumerate(groups):
            if seconds_left() < LEAST_S:
                self._give_back(groups[number:])
                return True
            sent = self._send(group, seconds_left)
            if isinstance(sent, Delivery):
                swept.sent += 1
                _note(swept.working, self.name)
                self._mark(group, self._sent(group, sent))
                continue
            swept.failed += 1
            failure = failure_of(sent, group)
            self._mark(group, failure)
            if not failure["is_of_recipients"]:
                _note(swept.failing, self.name)
            if failure["is_of_channel"]:
                self._give_back(groups[number + 1 :])
                return False
        return True

    def _send(self, group: Group, seconds_left: Callable[[], float]) -> Delivery | PlantpulseError:
        """Send a message; return why not as a value."""
        to = group.items[0].recipients or ()
        try:
            with readable("an alert"):
                notice = self._notice(group)
            return self.outbox.open_channel(self.name, self.channel, to=to).send(notice, seconds_left)
        except PlantpulseError as error:
            return error

    def _notice(self, group: Group) -> Notice:
        settings = self.outbox.settings
        plant = settings.plants.get(group.items[0].plant)
        alerts = settings.alerts if group.is_digest else settings.alerts_of(group.items[0].plant)
        language = self.channel.language
        zone = ZoneInfo(plant.time_zone) if plant else _common_zone(settings)
        return notice_of(
            group,
            LANGUAGES[language],
            zone,
            self.outbox.clock(),
            board_url=alerts.board_url,
            held_back=self.held_back,
        )

    def _sent(self, group: Group, delivery: Delivery) -> dict[str, Json]:
        for address, why in delivery.refused.items():
            log("WARNING", "recipient refused", channel=self.name, recipient=address, error=why)
        left = sorted(delivery.postponed)
        return {"key": group.key, "left_recipients": left, "retry_s": _pause_s(group)}

    def _mark(self, group: Group, result: Mapping[str, Json]) -> None:
        ids = [one.notification_id for one in group.items]
        self.outbox.store.mark_notifications(self.lease, self.name, ids, result)
        is_sent = "error" not in result
        log(
            "INFO" if is_sent else "WARNING",
            "message sent" if is_sent else "message not sent",
            channel=self.name,
            alerts=[one.alert_id for one in group.items],
            key=group.key,
            error=result.get("error"),
            given_up=group.items[0].recipients if result.get("is_given_up") else None,
        )

    def _give_back(self, groups: Sequence[Group]) -> None:
        ids = [one.notification_id for group in groups for one in group.items]
        if ids:
            self.outbox.store.mark_notifications(self.lease, self.name, ids, {"is_given_back": True})


def failure_of(error: PlantpulseError, group: Group) -> dict[str, Json]:
    """Return what is marked for a message that was not sent.

    It is the channel's failure, and the channel is left alone, if every other message would fail as well.
    A second wrong password for each alert would lock the account. Recipients who were asked for patience
    before, and a bug in one message, hold up nobody else.
    """
    is_at_message = getattr(error, "stopped_at", "send") == "send"
    is_of_recipients = is_at_message and group.items[0].recipients is not None
    failure = {"error": without_addresses(str(error)), "is_of_recipients": is_of_recipients}
    if is_of_recipients and _is_last_try(error, group):
        return failure | {"is_given_up": True, "is_of_channel": False}
    if isinstance(error, ChannelUnavailable):
        return failure | {
            "retry_s": error.retry_after_s or _pause_s(group),
            "is_of_channel": not is_of_recipients,
            "is_perhaps_sent": error.is_perhaps_sent,
        }
    retry_s = REFUSED_PAUSE_S if is_at_message else LONGEST_PAUSE_S
    return failure | {"retry_s": retry_s, "is_of_channel": not is_at_message}


def _is_last_try(error: PlantpulseError, group: Group) -> bool:
    """Say whether recipients who were left over are given up: refused for good, or tried long enough."""
    is_refused = not isinstance(error, ChannelUnavailable)
    return is_refused or max(one.attempts for one in group.items) >= MOST_TRIES_OF_LEFT


def question_of(
    name: str, channel: ChannelSettings, settings: Settings, now: datetime, least_severity: str = "info"
) -> dict[str, Json]:
    """Return what claim_notifications is asked for a channel at an instant."""
    least = max(channel.least_severity, least_severity, key=SEVERITIES.index)
    return {
        "name": name,
        "least_severity": least,
        "plants": list(channel.plants) or None,
        "rules": rules_of(channel),
        # Who asks for the good news gets it, whatever severity the channel is for.
        "rules_of_any_severity": ["run_succeeded"] if "succeeded" in channel.outcomes else [],
        "is_single": channel.kind in _SINGLE,
        "quiet_plants": _quiet_plants(channel, settings, now),
        "repeat_hours": channel.repeat_hours,
        "most_per_hour": channel.most_per_hour,
        "lease_s": LEASE_S,
    }


def rules_of(channel: ChannelSettings) -> list[str]:
    """Return the rules that a channel is told of, without the ends of runs that it does not want."""
    unwanted = {rule for outcome, rule in _RULES_OF_OUTCOMES.items() if outcome not in channel.outcomes}
    patterns = channel.rules or ("*",)
    return [
        rule
        for rule in RULES
        if rule not in unwanted and any(fnmatchcase(rule, pattern) for pattern in patterns)
    ]


def _quiet_plants(channel: ChannelSettings, settings: Settings, now: datetime) -> list[str]:
    """Return the plants whose clocks show the channel's quiet hours."""
    if channel.quiet_hours is None:
        return []
    zones = {plant: ZoneInfo(known.time_zone) for plant, known in settings.plants.items()}
    zones |= dict.fromkeys((ALL_PLANTS, NO_PLANT), _common_zone(settings))
    hours = channel.quiet_hours
    return [plant for plant, zone in zones.items() if hours.cover(now.astimezone(zone).time())]


def _common_zone(settings: Settings) -> ZoneInfo:
    """Return the clock for what is of no plant: that of the plants if they share one, else UTC."""
    zones = {plant.time_zone for plant in settings.plants.values()}
    return ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")


def _note(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def _pause_s(group: Group) -> float:
    """Return how long to wait after a failure: 30 s, twice as long each time, at most ten minutes."""
    tried = max(one.attempts for one in group.items)
    return float(min(30 * 2 ** min(tried - 1, 10), LONGEST_PAUSE_S))
