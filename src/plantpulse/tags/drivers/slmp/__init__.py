"""Mitsubishi MC protocol, or SLMP: devices of MELSEC Q, L, iQ-R, iQ-L and iQ-F by their names.

docs/decisions/0107 says what of plc-comm-slmp is used, and how an old answer is told from a new one.
"""

from typing import Final

from plantpulse.tags.drivers.slmp.driver import SlmpDriver

DRIVER: Final = SlmpDriver()
