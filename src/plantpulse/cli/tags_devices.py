"""How the command line reaches the machines of a plant: through the same checks as the functions."""

from plantpulse.cli.app import App
from plantpulse.tags.devices import devices_of
from plantpulse.tags.handshake import Handshake


def handshake_of(app: App, plant: str) -> Handshake:
    """Return what reads a plant's groups once. Raises: NotConfigured."""
    own = app.settings.require_tags(plant)
    return Handshake(devices_of(app.settings, plant), own.connect_timeout_s)
