"""From a group to a link to its device: driver, checked address, plan and credentials meet here.

Nothing is connected yet: whoever gets a device connects it, and closes it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from plantpulse.errors import DeviceRefused
from plantpulse.settings import Settings
from plantpulse.tags.credentials import credentials_in
from plantpulse.tags.drivers import driver_of
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials, Driver, Link, ReadPlan
from plantpulse.tags.networks import Resolve, addresses_of, admit
from plantpulse.tags.tag import Group, Tag


@dataclass(frozen=True, slots=True)
class Device:
    """A link that is not connected, to an address that was checked, and the plan for the group's tags.

    A tag with an address that is none in this protocol is not in the plan: the device is not asked for it.
    """

    endpoint: Endpoint
    plan: ReadPlan[object]
    link: Link


@dataclass(frozen=True, slots=True)
class Devices:
    """Makes links to the devices of groups. `credentials` raises NotConfigured for an unknown name."""

    networks: Collection[str]
    credentials: Callable[[str], Credentials]
    find_driver: Callable[[str], Driver] = driver_of
    resolve: Resolve = addresses_of

    def open(self, group: Group, deadline_s: float) -> Device:
        """Return the device of a group; its name is resolved by the deadline.

        Raises: DeviceRefused for an address or tags that cannot be read, and as `networks.admit`;
        NotConfigured without the driver's library or the credentials.
        """
        driver, endpoint, plan = self._planned(group, group.tags)
        admitted = admit(endpoint, self.networks, deadline_s, self.resolve)
        known = self.credentials(group.credentials) if group.credentials else None
        return Device(admitted, plan, driver.open_link(admitted, known))

    def plan(self, group: Group, tags: Sequence[Tag]) -> ReadPlan[object]:
        """Return the plan that reads some tags of a group's device.

        Raises: DeviceRefused if none of them can be read.
        """
        return self._planned(group, tags)[2]

    def _planned(self, group: Group, tags: Sequence[Tag]) -> tuple[Driver, Endpoint, ReadPlan[object]]:
        try:
            driver = self.find_driver(group.driver)
            endpoint = driver.parse_endpoint(group.address)
            return driver, endpoint, _plan_of(driver, tags, endpoint)
        except ValueError as error:
            raise DeviceRefused(f"group {group.name} cannot be read: {error}") from error


def _plan_of(driver: Driver, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
    """Return the plan of the tags that can be read. Raises: ValueError without any."""
    try:
        return driver.plan(tags, endpoint)
    except ValueError:
        sound = [tag for tag in tags if not problem_of(driver, tag, endpoint)]
        if not sound:
            raise
        return driver.plan(sound, endpoint)


def problem_of(driver: Driver, tag: Tag, endpoint: Endpoint) -> str | None:
    """Return why a tag can be read of no device of this protocol; None if it may be."""
    try:
        driver.check_tag(tag, endpoint)
    except ValueError as error:
        return str(error)
    return None


def devices_of(
    settings: Settings,
    plant: str,
    find_driver: Callable[[str], Driver] = driver_of,
    resolve: Resolve = addresses_of,
) -> Devices:
    """Return the devices of a plant: in its networks, with its credentials. Raises: NotConfigured."""
    own = settings.require_tags(plant)
    return Devices(own.networks, credentials_in(settings, plant), find_driver, resolve)
