"""Siemens S7: data blocks, flags, inputs and outputs of S7-300, 400, 1200 and 1500 by their addresses.

docs/decisions/0106 says what of python-snap7 is used, and why not more.
"""

from typing import Final

from plantpulse.tags.drivers.s7.driver import S7Driver

DRIVER: Final = S7Driver()
