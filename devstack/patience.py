"""How long things may take: one bound for all that ends by itself, one factor for a SQL Server that is slow.

Tests take theirs from `tests/patience.py`, connections that prepare a database from `sqlserver/address.py`.
"""

import os
from typing import Final

FACTOR_VARIABLE: Final = "PLANTPULSE_TEST_TIMEOUT_FACTOR"
# For what ends by itself, on a busy machine too: it says that the thing ends at all, and judges no speed.
# Only a hang takes so long.
ENDS_S: Final = 900.0
LARGEST_FACTOR: Final = 20  # the longest login_timeout_s that settings allow is 60


def factor() -> int:
    """Return by how much time-outs are stretched: a whole number from 1, which is the default."""
    written = os.environ.get(FACTOR_VARIABLE) or "1"
    if not (written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= LARGEST_FACTOR):
        raise ValueError(f"{FACTOR_VARIABLE} must be a whole number from 1 to {LARGEST_FACTOR}")
    return int(written)
