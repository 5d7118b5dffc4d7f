"""What the dead man's switch hears: silence means health only if people can be told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.errors import ChannelRefused, ChannelUnavailable, PlantpulseError, StoreUnavailable
from plantpulse.health.observed import Observation
from plantpulse.health.watch import Watch
from plantpulse.settings import ChannelSettings, Secret, Settings, SupabaseSettings
from plantpulse.settings.tags import TagsSettings
from tests.unit.alerts.items import NOW, claimed
from tests.unit.alerts.test_outbox import Store, mail, settings_with

LOOKED = Observation(NOW, [])
SUPABASE = SupabaseSettings(url="https://project.example.com", secret_key=Secret("sb_secret_x"))


class World:
    """Health's watching side, over a fake store and channels that fail as they are told to."""

    def __init__(self, **errors: PlantpulseError | None) -> None:
        self.errors = errors
        self.store = Store({name: [[claimed()]] for name in errors})
        self.store_error: PlantpulseError | None = None
        self.pings: list[bool] = []

    def act(self, look: Observation | None = LOOKED, tags: TagsSettings | None = None) -> list[bool]:
        told = settings_with(**{name: mail() for name in self.errors})
        settings = Settings(plants=told.plants, channels=told.channels, supabase=SUPABASE, tags=tags)
        Watch(self.open_store, self.open_channel, self.ping).act(look, settings, lambda: NOW)
        return self.pings

    @contextmanager
    def open_store(
        self,
        _settings: SupabaseSettings,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None,
    ) -> Iterator[Any]:
        if self.store_error:
            raise self.store_error
        yield self.store

    def open_channel(self, name: str, _settings: ChannelSettings, /, *, to: tuple[str, ...] = ()) -> Any:
        return Channel(self.errors[name])

    def ping(self, _settings: Settings, _seconds_left: Callable[[], float], /, *, is_well: bool) -> None:
        self.pings.append(is_well)


class Channel:
    """Takes every message, or none."""

    def __init__(self, error: PlantpulseError | None) -> None:
        self.error = error

    def send(self, _notice: Notice, _seconds_left: Callable[[], float]) -> Delivery:
        if self.error:
            raise self.error
        return Delivery()


def test_the_switch_hears_of_success_when_health_could_look_and_send() -> None:
    assert World(office=None).act() == [True]


@pytest.mark.parametrize(
    "error",
    [
        ChannelUnavailable("no answer", stopped_at="tcp"),
        ChannelRefused("the password is wrong", stopped_at="login"),
        ChannelRefused("the address is gone", stopped_at="send"),
    ],
)
def test_the_switch_hears_of_it_when_the_only_channel_takes_nothing(error: PlantpulseError) -> None:
    assert World(office=error).act() == [False]


def test_one_channel_that_works_is_enough() -> None:
    assert World(office=ChannelUnavailable("no answer", stopped_at="tcp"), team=None).act() == [True]


def test_the_switch_hears_of_it_when_health_could_not_look() -> None:
    assert World(office=None).act(None) == [False]


def test_the_switch_hears_of_it_when_nothing_could_be_claimed() -> None:
    world = World(office=None)
    world.store_error = StoreUnavailable("Supabase does not answer")

    assert world.act() == [False]


def test_groups_of_tags_that_cannot_be_looked_at_keep_nobody_from_being_told() -> None:
    world = World(office=None)
    world.store.troubles = StoreUnavailable("Supabase does not answer")

    assert world.act(tags=TagsSettings()) == [True]


def test_what_health_sees_of_groups_of_tags_changes_the_alerts() -> None:
    world = World(office=None)
    world.store.troubles = {
        "groups": [
            {
                **dict.fromkeys(("failing_since", "error_code", "error", "queue_highest", "queue_limit")),
                "dropped_at": NOW.isoformat(),
                "dropped_count": 3,
                "unheard_since": None,
                "plant": "north",
                "name": "Press",
            }
        ]
    }

    world.act(tags=TagsSettings())

    (seen,) = [one for one in world.store.seen if one["scope"] == "tags"]
    assert [one["rule"] for one in seen["firing"]] == ["tag_samples_dropped"]
