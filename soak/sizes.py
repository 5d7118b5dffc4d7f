"""How much a seed's deployment has: a usual one, and a small one, each call of which costs less."""

from typing import Final, NamedTuple

from soak.plant import ASSETS, PLANNED

CHANNELS: Final = ("ops", "office")


class Size(NamedTuple):
    """The plants, the active assets of each, the channels, and whether there are series and machine tags."""

    plants: tuple[str, ...]
    assets: tuple[str, ...]
    channels: tuple[str, ...]
    is_whole: bool


USUAL: Final = Size(("north", "south"), ASSETS, CHANNELS, is_whole=True)
SMALL: Final = Size(("north",), (PLANNED,), ("office",), is_whole=False)
