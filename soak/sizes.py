"""How much a seed's deployment has: a usual one, and a small one, each call of which costs less."""

from typing import Final, NamedTuple

from soak.plant import ASSETS, PLANNED

CHANNELS: Final = ("ops", "office")


class Size(NamedTuple):
    """The plants, the active assets of each, the channels, and whether there are series and machine tags.

    `has_only_machines`: nothing is called but what polls machines, for more of each day.
    """

    plants: tuple[str, ...]
    assets: tuple[str, ...]
    channels: tuple[str, ...]
    is_whole: bool
    has_only_machines: bool = False


USUAL: Final = Size(("north", "south"), ASSETS, CHANNELS, is_whole=True)
SMALL: Final = Size(("north",), (PLANNED,), ("office",), is_whole=False)
MACHINES: Final = USUAL._replace(has_only_machines=True)
