"""How the command line reaches the machines of a plant: through the same checks as the functions."""

from plantpulse.cli.app import App
from plantpulse.errors import NotConfigured
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.credentials import credentials_in
from plantpulse.tags.devices import Devices
from plantpulse.tags.handshake import Handshake


def tags_settings(app: App, plant: str) -> TagsSettings:
    """Return a plant's settings of machine tags. Raises: NotConfigured."""
    found: TagsSettings | None = app.settings.of(plant, "tags")
    if found is None:
        raise NotConfigured(f"plant {plant} has no machine tags: write a section `tags` in plantpulse.yaml")
    return found


def devices_of(app: App, plant: str) -> Devices:
    """Return the way to a plant's devices. Raises: NotConfigured."""
    return Devices(tags_settings(app, plant).networks, credentials_in(app.settings))


def handshake_of(app: App, plant: str) -> Handshake:
    """Return what reads a plant's groups once. Raises: NotConfigured."""
    return Handshake(devices_of(app, plant), tags_settings(app, plant).connect_timeout_s)
