"""A group that is read once."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from plantpulse.errors import (
    DeviceRefused,
    DeviceTimedOut,
    DeviceUnavailable,
    InternalError,
    NotConfigured,
    PlantpulseError,
)
from plantpulse.tags.devices import Devices
from plantpulse.tags.handshake import Handshake
from plantpulse.tags.link import Credentials
from plantpulse.tags.readings import NO_SUCH_ADDRESS, NOT_CONNECTED, TIMED_OUT, Quality, Reading
from plantpulse.tags.tag import Tag
from tests.unit.tags.answering_plc import Plc, group_of

NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
SPEED = Tag("speed", "40001", "uint16", position=1)
HEAT = Tag("heat", "40002", "uint16", position=2)
KNOWN = {"press": Credentials("anna", "hunter2")}


class Ticking:
    """A monotonic clock that goes on by a millisecond whenever it is read."""

    now_s = 100.0

    def __call__(self) -> float:
        self.now_s += 0.001
        return self.now_s


def handshake(plc: Plc) -> Handshake:
    def find(name: str) -> Credentials:
        if name not in KNOWN:
            raise NotConfigured(f"there are no credentials {name}")
        return KNOWN[name]

    devices = Devices(("10.20.0.0/16",), find, lambda _name: plc, lambda _host, _deadline_s: ["10.20.0.9"])
    return Handshake(devices, 10.0, Ticking(), lambda: NOON)


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_a_read_has_a_reading_for_each_tag_in_the_groups_order() -> None:
    plc = Plc({"speed": Reading(12), "heat": Reading(71)})

    sample = handshake(plc).read(group_of(SPEED, HEAT), 120.0)

    assert sample.readings == [Reading(12), Reading(71)]
    assert sample.by_tag == {SPEED: Reading(12), HEAT: Reading(71)}
    assert (sample.bad_count, sample.error, sample.read_at) == (0, None, NOON)
    assert 0 < sample.read_ms < sample.took_ms
    assert plc.calls == ["connect", "read", "close"]


def test_a_bad_tag_is_one_bad_quality() -> None:
    sample = handshake(Plc({"speed": Reading(12)})).read(group_of(SPEED, HEAT), 120.0)

    assert sample.readings == [Reading(12), Reading(None, Quality.NO_SUCH_ADDRESS)]
    assert (sample.bad_count, sample.error) == (1, None)


@pytest.mark.parametrize(
    ("error", "reading"),
    [
        (DeviceUnavailable("refused"), NOT_CONNECTED),
        (DeviceTimedOut("silent"), TIMED_OUT),
        (DeviceRefused("wrong user"), Reading(None, Quality.REFUSED)),
    ],
)
def test_a_device_that_fails_is_the_error_and_no_value(error: PlantpulseError, reading: Reading) -> None:
    values = {"speed": Reading(12)}
    for plc in (Plc(values, on_connect=failing(error)), Plc(values, on_read=failing(error))):
        sample = handshake(plc).read(group_of(SPEED, HEAT), 120.0)

        assert sample.error is error
        assert sample.readings == [reading, reading]
        assert sample.bad_count == 2
        assert plc.calls[-1] == "close"


def test_a_bug_of_a_driver_is_an_error_and_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    plc = Plc(on_read=failing(ZeroDivisionError("hunter2")))

    sample = handshake(plc).read(group_of(SPEED), 120.0)

    assert isinstance(sample.error, InternalError)
    assert sample.readings == [NOT_CONNECTED]
    assert plc.calls[-1] == "close"
    assert "hunter2" not in capsys.readouterr().out


def test_connecting_and_reading_end_by_the_callers_deadline() -> None:
    plc = Plc()

    handshake(plc).read(group_of(SPEED), 103.0)

    assert plc.deadlines_s == [103.0, 103.0]


def test_connecting_and_reading_have_deadlines_of_their_own() -> None:
    plc = Plc()

    handshake(plc).read(group_of(SPEED), 1000.0)

    connect_s, read_s = plc.deadlines_s
    assert 109.9 < connect_s < 110.1
    assert 104.9 < read_s < 105.1


def test_the_driver_gets_the_checked_address_and_the_name_for_messages() -> None:
    plc = Plc()

    handshake(plc).read(group_of(SPEED, address="modbus://press-1.plant:1502/3"), 120.0)

    assert plc.endpoint is not None
    assert plc.endpoint.host == "10.20.0.9"
    assert plc.endpoint.shown == "press-1.plant:1502 (10.20.0.9)"


def test_a_device_outside_the_named_networks_is_not_connected_to() -> None:
    plc = Plc()

    sample = handshake(plc).read(group_of(SPEED, address="modbus://10.30.0.5"), 120.0)

    assert isinstance(sample.error, DeviceRefused)
    assert plc.calls == []


def test_an_address_that_is_none_is_refused() -> None:
    sample = handshake(Plc()).read(group_of(SPEED, address="modbus://"), 120.0)

    assert isinstance(sample.error, DeviceRefused)
    assert "must look like" in str(sample.error)


def test_a_tag_that_the_driver_cannot_read_is_refused_with_its_words() -> None:
    plc = Plc()

    sample = handshake(plc).read(group_of(Tag("x", "nowhere", "bool")), 120.0)

    assert str(sample.error) == "group press-1 cannot be read: there is no address nowhere"
    assert plc.calls == []


def test_a_tag_with_an_address_that_is_none_is_one_bad_quality() -> None:
    plc = Plc({"speed": Reading(12)})

    sample = handshake(plc).read(group_of(Tag("x", "nowhere", "bool", position=2), SPEED), 120.0)

    assert sample.readings == [NO_SUCH_ADDRESS, Reading(12)]
    assert sample.error is None


def test_credentials_are_found_by_their_name() -> None:
    plc = Plc()

    handshake(plc).read(group_of(SPEED, credentials="press"), 120.0)

    assert plc.credentials == Credentials("anna", "hunter2")


def test_missing_credentials_are_named_and_nothing_is_connected() -> None:
    plc = Plc()

    sample = handshake(plc).read(group_of(SPEED, credentials="oven"), 120.0)

    assert isinstance(sample.error, NotConfigured)
    assert plc.calls == []


def test_a_link_is_closed_once_and_nothing_is_tried_again() -> None:
    plc = Plc(on_connect=failing(DeviceUnavailable("refused")))

    handshake(plc).read(group_of(SPEED), 120.0)

    assert plc.calls == ["connect", "close"]


def test_some_tags_of_a_device_have_a_plan_of_their_own() -> None:
    devices = handshake(Plc()).devices

    assert devices.plan(group_of(SPEED, HEAT), [HEAT]).tags == (HEAT,)
    with pytest.raises(DeviceRefused, match="there is no address nowhere"):
        devices.plan(group_of(SPEED), [Tag("x", "nowhere", "bool")])
