"""What a sweep does with what it claims: send, mark, give back; one channel never stops another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from itertools import count
from typing import Any, ClassVar

import pytest

from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.alerts.outbox import LEAST_S, Outbox, question_of, rules_of
from plantpulse.alerts.urgent import telling
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.schedules.pipelines import ALL_PLANTS, NO_PLANT
from plantpulse.settings import AlertsSettings, ChannelSettings, PlantSettings, QuietHours, Secret, Settings
from plantpulse.settings.alerts import RULES
from tests.unit.alerts.items import NOW, claimed

MAIL: dict[str, Any] = {
    "kind": "email",
    "host": "mail.example.com",
    "sender": "a@example.com",
    "to": ("b@c.d",),
}


def settings_with(**channels: ChannelSettings) -> Settings:
    plants = {"north": PlantSettings(time_zone="Europe/Berlin"), "west": PlantSettings(time_zone="UTC")}
    return Settings(plants=plants, channels=channels)


@dataclass
class Store:
    """Claims what it was given, and notes what was marked."""

    due: dict[str, list[list[dict[str, Any]]]]
    messages_left: int = 30
    asked: list[dict[str, Any]] = field(default_factory=list)
    marked: list[tuple[str, list[int], dict[str, Any]]] = field(default_factory=list)
    failing: list[dict[str, Any]] = field(default_factory=list)
    seen: list[Any] = field(default_factory=list)
    troubles: Any = None

    def keep_pipeline_states(self, states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {"written": len(states)}

    def tag_troubles(self) -> dict[str, Any]:
        if isinstance(self.troubles, Exception):
            raise self.troubles
        found: dict[str, Any] = self.troubles
        return found

    def claim_notifications(self, channel: Mapping[str, Any], limit: int) -> dict[str, Any]:
        self.asked.append(dict(channel))
        waiting = self.due.get(channel["name"], [])
        items = waiting.pop(0) if waiting else []
        if items[limit:]:
            waiting.insert(0, items[limit:])
        items = items[:limit]
        return {"lease": "lease", "items": items, "messages_left": self.messages_left, "held_back": 0}

    def mark_notifications(
        self, lease: str, channel: str, notification_ids: Sequence[int], result: Mapping[str, Any]
    ) -> dict[str, Any]:
        assert lease == "lease"
        self.marked.append((channel, list(notification_ids), dict(result)))
        return {"marked": len(notification_ids)}

    def failing_channels(self, names: Sequence[str]) -> dict[str, Any]:
        return {"channels": [one for one in self.failing if one["name"] in names]}

    def watch_alerts(self, seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.seen += seen
        return {"alerts": None}


@dataclass
class Sender:
    """Sends nothing, and fails as it was told to."""

    sent: list[Notice]
    error: Exception | None = None
    delivery: Delivery = field(default_factory=Delivery)

    def send(self, notice: Notice, _seconds_left: Callable[[], float]) -> Delivery:
        if self.error:
            raise self.error
        self.sent.append(notice)
        return self.delivery


class World:
    """An outbox over a fake store, with a sender for each channel."""

    def __init__(self, settings: Settings, store: Store, **senders: Sender) -> None:
        self.opened: list[tuple[str, tuple[str, ...]]] = []
        self.senders = senders
        self.outbox = Outbox(settings, store, self.open, lambda: NOW)

    def open(self, name: str, _settings: ChannelSettings, /, *, to: tuple[str, ...] = ()) -> Sender:
        self.opened.append((name, to))
        return self.senders[name]


def mail(**changes: Any) -> ChannelSettings:
    return ChannelSettings(**{**MAIL, **changes})


def test_what_is_due_is_sent_and_marked_with_the_key_of_its_message() -> None:
    store, sent = Store({"office": [[claimed(notification_id=5)]]}), list[Notice]()
    world = World(settings_with(office=mail()), store, office=Sender(sent))

    swept = world.outbox.sweep(lambda: 20.0)

    assert [notice.title for notice in sent] == [
        "Safety incident at Press 1: Guard open, north, since 14:02 CET"
    ]
    assert store.marked == [("office", [5], {"key": sent[0].key, "left_recipients": [], "retry_s": 30.0})]
    assert (swept.sent, swept.failed, swept.working, swept.failing) == (1, 0, ["office"], [])


def test_a_failing_channel_gives_back_the_rest_and_does_not_stop_the_next_one() -> None:
    three = [claimed(rule=rule, plant="north") for rule in ("safety_event", "overdue", "stuck")]
    store, sent = Store({"office": [three], "team": [[claimed()]]}), list[Notice]()
    error = ChannelUnavailable("office: no answer", stopped_at="connect")
    world = World(
        settings_with(office=mail(), team=mail()), store, office=Sender([], error), team=Sender(sent)
    )

    swept = world.outbox.sweep(lambda: 20.0)

    (first, _, failed), (second, given_back, rest), (third, _, told) = store.marked
    assert (first, failed) == (
        "office",
        {
            "error": "office: no answer",
            "retry_s": 30.0,
            "is_of_channel": True,
            "is_of_recipients": False,
            "is_perhaps_sent": False,
        },
    )
    assert (second, len(given_back), rest) == ("office", 2, {"is_given_back": True})
    assert (third, "key" in told, len(sent)) == ("team", True, 1)
    assert (swept.failing, swept.working) == (["office"], ["team"])


def test_what_the_other_side_says_is_when_it_is_tried_again() -> None:
    store = Store({"office": [[claimed(attempts=3)]]})
    error = ChannelUnavailable("busy", stopped_at="send", retry_after_s=240)
    World(settings_with(office=mail()), store, office=Sender([], error)).outbox.sweep(lambda: 20.0)

    assert store.marked[0][2]["retry_s"] == 240


@pytest.mark.parametrize(("attempts", "pause_s"), [(1, 30), (2, 60), (5, 480), (6, 600), (90, 600)])
def test_a_pause_doubles_up_to_ten_minutes(attempts: int, pause_s: float) -> None:
    store = Store({"office": [[claimed(attempts=attempts)]]})
    error = ChannelUnavailable("busy", stopped_at="send")
    World(settings_with(office=mail()), store, office=Sender([], error)).outbox.sweep(lambda: 20.0)

    assert store.marked[0][2]["retry_s"] == pause_s


def test_a_refused_message_does_not_stop_the_others() -> None:
    store = Store({"office": [[claimed(), claimed(rule="stuck")]]})
    error = ChannelRefused("the message is too long", stopped_at="send")
    swept = World(settings_with(office=mail()), store, office=Sender([], error)).outbox.sweep(lambda: 20.0)

    assert [result["is_of_channel"] for _, _, result in store.marked] == [False, False]
    assert (swept.failed, swept.failing, swept.working) == (2, ["office"], [])


def test_a_channel_that_takes_one_message_and_refuses_another_works() -> None:
    class Picky(Sender):
        def send(self, notice: Notice, seconds_left: Callable[[], float]) -> Delivery:
            if "hangs" in notice.title:
                raise ChannelRefused("the message is too long", stopped_at="send")
            return Delivery()

    store = Store({"office": [[claimed(), claimed(rule="stuck")]]})
    swept = World(settings_with(office=mail()), store, office=Picky([])).outbox.sweep(lambda: 20.0)

    assert (swept.sent, swept.failed, swept.working) == (1, 1, ["office"])


@pytest.mark.parametrize("step", ["settings", "dns", "tls", "smtp", "login"])
def test_a_refused_channel_is_asked_once_and_then_left_alone_for_ten_minutes(step: str) -> None:
    store = Store({"office": [[claimed(), claimed(rule="stuck")]]})
    error = ChannelRefused("the password is wrong", stopped_at=step)
    swept = World(settings_with(office=mail()), store, office=Sender([], error)).outbox.sweep(lambda: 20.0)

    (_, _, failed), (_, _, rest) = store.marked
    assert (failed["error"], failed["retry_s"], failed["is_of_channel"]) == (
        "the password is wrong",
        600,
        True,
    )
    assert rest == {"is_given_back": True}
    assert (swept.failed, swept.failing, swept.working) == (1, ["office"], [])


def test_a_recipient_that_still_asks_for_patience_does_not_hold_up_the_channel() -> None:
    class Full(Sender):
        def send(self, notice: Notice, seconds_left: Callable[[], float]) -> Delivery:
            if not self.sent:
                self.sent.append(notice)
                raise ChannelUnavailable("452 mailbox full", stopped_at="send")
            self.sent.append(notice)
            return Delivery()

    store = Store({"office": [[claimed(recipients=["b@c.d"]), claimed(rule="stuck", severity="warning")]]})
    swept = World(settings_with(office=mail()), store, office=Full([])).outbox.sweep(lambda: 20.0)

    marked = store.marked[0][2]
    assert (marked["error"], marked["retry_s"], marked["is_of_channel"]) == ("452 mailbox full", 30.0, False)
    assert (swept.sent, swept.failing, swept.working) == (1, [], ["office"])


@pytest.mark.parametrize(
    ("error", "attempts", "is_given_up"),
    [
        (ChannelUnavailable("452 mailbox full", stopped_at="send"), 23, None),
        (ChannelUnavailable("452 mailbox full", stopped_at="send"), 24, True),
        (ChannelRefused("550 no such user", stopped_at="send"), 1, True),
        (ChannelRefused("the password is wrong", stopped_at="login"), 30, None),  # the channel's, not theirs
    ],
)
def test_a_recipient_who_is_left_over_is_given_up_some_day(
    error: Exception, attempts: int, is_given_up: bool | None
) -> None:
    store = Store({"office": [[claimed(recipients=["b@c.d"], attempts=attempts)]]})

    World(settings_with(office=mail()), store, office=Sender([], error)).outbox.sweep(lambda: 20.0)

    assert store.marked[0][2].get("is_given_up") is is_given_up


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        (
            "channel office: smtp.example.com takes no recipient now: ada@example.com (452 full)",
            "channel office: smtp.example.com takes no recipient now: (address) (452 full)",
        ),
        ("550 <ada@example.com>: no such user", "550 <(address)>: no such user"),
        ("RCPT TO:<ada+night@example.com> refused", "RCPT TO:<(address)> refused"),
        ("550 jürgen@werk-süd.example, ada@[10.0.0.1]", "550 (address), (address)"),
        ('550 "ada lovelace"@example.com unknown', "550 (address) unknown"),
        ("550 see https://x.example/why?to=ada%40example.com", "550 see https:(address)"),
        ("SRS0=ab=cd=example.com=ada@relay.example rejected", "(address) rejected"),
        ("login of alerts@example.com: check user", "login of (address): check user"),
        ("550 ada@[IPv6:fe80::1] refused", "550 (address) refused"),
        ("smtp.example.com does not answer within 5.0 s", "smtp.example.com does not answer within 5.0 s"),
    ],
)
def test_no_recipients_address_is_stored_with_a_failure(said: str, stored: str) -> None:
    store = Store({"office": [[claimed()]]})
    error = ChannelUnavailable(said, stopped_at="send")

    World(settings_with(office=mail()), store, office=Sender([], error)).outbox.sweep(lambda: 20.0)

    assert store.marked[0][2]["error"] == stored


def test_recipients_that_ask_for_patience_are_kept_and_told_alone() -> None:
    delivery = Delivery(refused={"x@c.d": "550 no such user"}, postponed={"b@c.d": "451 later"})
    store = Store({"office": [[claimed()], [claimed(recipients=["b@c.d"])]]})
    world = World(settings_with(office=mail()), store, office=Sender([], delivery=delivery))

    world.outbox.sweep(lambda: 20.0)

    assert store.marked[0][2]["left_recipients"] == ["b@c.d"]
    assert world.opened == [("office", ()), ("office", ("b@c.d",))]


def test_without_time_nothing_is_claimed_and_what_is_claimed_is_given_back() -> None:
    left = iter([20.0] * 3 + [LEAST_S - 1] * 20)
    store = Store({"office": [[claimed(), claimed(rule="stuck")]]})
    World(settings_with(office=mail()), store, office=Sender([])).outbox.sweep(lambda: next(left))

    assert [result for _, _, result in store.marked] == [{"is_given_back": True}]

    store = Store({"office": [[claimed()]]})
    World(settings_with(office=mail()), store, office=Sender([])).outbox.sweep(lambda: LEAST_S - 1)

    assert (store.asked, store.marked) == ([], [])


@pytest.mark.parametrize("time_s", [10.0, 21.0])
def test_many_channels_are_all_told(time_s: float) -> None:
    names = [f"channel_{number}" for number in range(12)]
    store = Store({name: [[claimed()]] for name in names})
    senders = {name: Sender([]) for name in names}
    left_s = count(time_s * 1000, -1)  # a look at the clock takes a millisecond

    World(settings_with(**{name: mail() for name in names}), store, **senders).outbox.sweep(
        lambda: next(left_s) / 1000
    )

    assert [len(senders[name].sent) for name in names] == [1] * 12


def test_a_storm_of_a_thousand_plants_is_told_at_once_within_the_limit_of_an_hour() -> None:
    storm = [claimed(plant=f"plant_{number}", rule="overdue") for number in range(1000)]
    store, sent = Store({"office": [storm]}), list[Notice]()

    World(settings_with(office=mail()), store, office=Sender(sent)).outbox.sweep(lambda: 20.0)

    assert len(sent) == 30
    assert sent[-1].title == "971 alerts at once"
    assert sum(len(ids) for _, ids, _ in store.marked) == 1000


def test_a_channel_that_hangs_leaves_time_for_the_next_one() -> None:
    left_s = [21.0]

    class Hanging(Sender):
        def send(self, notice: Notice, seconds_left: Callable[[], float]) -> Delivery:
            left_s[0] -= seconds_left()
            raise ChannelUnavailable("no answer", stopped_at="tcp")

    sent: list[Notice] = []
    store = Store({"office": [[claimed()]], "team": [[claimed()]]})
    world = World(settings_with(office=mail(), team=mail()), store, office=Hanging([]), team=Sender(sent))

    world.outbox.sweep(lambda: left_s[0])

    assert (left_s, len(sent)) == ([10.5], 1)


def test_a_channel_without_its_secret_is_failing_and_nothing_is_claimed_for_it() -> None:
    store = Store({"team": [[claimed()]]})
    world = World(settings_with(team=ChannelSettings(kind="slack")), store)

    assert world.outbox.sweep(lambda: 20.0).failing == ["team"]
    assert store.asked == []


def test_a_channel_that_is_off_is_asked_nothing() -> None:
    store = Store({"team": [[claimed()]]})
    World(settings_with(team=mail(enabled=False)), store).outbox.sweep(lambda: 20.0)

    assert store.asked == []


def test_failing_channels_are_reported_for_the_others() -> None:
    failing = {"name": "office", "failing_since": "2026-11-30T13:00:00+00:00", "failures": 4, "error": "no"}
    store = Store({}, failing=[failing])
    World(settings_with(office=mail(), team=mail()), store).outbox.report_failing_channels()

    (seen,) = store.seen
    assert (seen["plant"], seen["rules"]) == (ALL_PLANTS, ["channel_failing"])
    assert seen["firing"][0]["facts"]["message"] == "no"


def test_a_channel_asks_with_its_own_settings() -> None:
    secret = Secret("https://hooks.example.com/x")
    channel = ChannelSettings(
        kind="slack", secret=secret, plants=("north",), rules=("run_*", "overdue"), outcomes=("succeeded",)
    )

    asked = question_of("team", channel, settings_with(team=channel), NOW)

    assert asked["plants"] == ["north"]
    assert asked["rules"] == ["overdue", "run_succeeded", "run_slow"]
    assert asked["rules_of_any_severity"] == ["run_succeeded"]
    assert asked["least_severity"] == "warning"
    assert "hooks" not in str(asked)


def test_a_channel_is_told_of_every_rule_but_the_outcomes_that_it_does_not_want() -> None:
    assert set(RULES) - set(rules_of(mail())) == {"run_succeeded"}
    assert set(RULES) - set(rules_of(mail(outcomes=()))) == {"run_succeeded", "run_failed", "run_partial"}


def test_a_message_links_to_the_board_of_its_plant() -> None:
    north, common = (AlertsSettings(board_url=f"https://{name}.example.com") for name in ("north", "all"))
    plants = {
        "north": PlantSettings(time_zone="Europe/Berlin", alerts=north),
        "west": PlantSettings(time_zone="UTC"),
    }
    settings = Settings(plants=plants, channels={"office": mail()}, alerts=common)
    sent: list[Notice] = []
    store = Store({"office": [[claimed(plant=name)] for name in ("north", "west", ALL_PLANTS)]})

    World(settings, store, office=Sender(sent)).outbox.sweep(lambda: 20.0)

    assert [notice.link for notice in sent] == [
        "https://north.example.com",
        "https://all.example.com",
        "https://all.example.com",
    ]


@pytest.mark.parametrize("kind", ["pagerduty", "webhook"])
def test_machines_are_told_of_each_alert_alone(kind: Any) -> None:
    channel = ChannelSettings(kind=kind, url="https://example.com", secret=Secret("x"))

    assert question_of("x", channel, settings_with(), NOW)["is_single"]


def test_quiet_hours_are_those_of_each_plants_clock() -> None:
    channel = mail(quiet_hours=QuietHours(starts_at="22:00", ends_at="06:00"))
    settings = settings_with(office=channel)
    at = datetime(2026, 11, 30, 21, 30, tzinfo=UTC)  # 22:30 in Berlin

    assert question_of("office", channel, settings, at)["quiet_plants"] == ["north"]
    assert question_of("office", channel, settings, at.replace(hour=23))["quiet_plants"] == [
        "north",
        "west",
        ALL_PLANTS,
        NO_PLANT,
    ]
    assert not QuietHours(starts_at="22:00", ends_at="06:00").cover(time(6))


def test_urgent_messages_are_the_critical_ones() -> None:
    channel = mail(least_severity="info")

    asked = question_of("office", channel, settings_with(), NOW, least_severity="critical")

    assert asked["least_severity"] == "critical"


def test_claims_and_marks_of_urgent_messages_end_with_the_time_for_them() -> None:
    class Bounded(Store):
        clocks: ClassVar[list[Callable[[], float]]] = []
        left_s: ClassVar[list[float]] = []

        @contextmanager
        def within(self, seconds_left: Callable[[], float]) -> Iterator[None]:
            self.clocks.append(seconds_left)
            yield
            self.clocks.pop()

        def claim_notifications(self, channel: Mapping[str, Any], limit: int) -> dict[str, Any]:
            self.left_s.extend(clock() for clock in self.clocks)
            return super().claim_notifications(channel, limit)

        def mark_notifications(
            self, lease: str, channel: str, notification_ids: Sequence[int], result: Mapping[str, Any]
        ) -> dict[str, Any]:
            self.left_s.extend(clock() for clock in self.clocks)
            return super().mark_notifications(lease, channel, notification_ids, result)

    store, times = Bounded({"office": [[claimed()]]}), list[float]()

    class Watched(Sender):
        def send(self, notice: Notice, seconds_left: Callable[[], float]) -> Delivery:
            times.append(seconds_left())
            return super().send(notice, seconds_left)

    world = World(settings_with(office=mail()), store, office=Watched([]))
    telling(world.open, lambda: NOW)(world.outbox.settings, store, lambda: 10.0)

    assert store.left_s == [10.0, 10.0, 10.0]  # a claim, a mark, and a claim that finds no more
    assert times == [9.0]  # a second is kept for the mark
    assert store.clocks == []


def test_a_channel_that_is_left_alone_for_a_while_counts_as_failing() -> None:
    class Paused(Store):
        def claim_notifications(self, channel: Mapping[str, Any], limit: int) -> dict[str, Any]:
            return {"lease": None, "items": [], "messages_left": 0, "held_back": 0}

    swept = World(settings_with(office=mail()), Paused({})).outbox.sweep(lambda: 20.0)

    assert (swept.failing, swept.working) == (["office"], [])
