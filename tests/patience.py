"""How long the tests let a SQL Server take: the one place for time-outs that an outside server has to keep.

The stand-in answers in milliseconds, so time-outs of a second or three keep the suite short. An engine of
somebody's own may take longer, most of all for the first query after its start.
"""

import os
from typing import Final

FACTOR_VARIABLE: Final = "PLANTPULSE_TEST_TIMEOUT_FACTOR"
LARGEST_FACTOR: Final = 20  # the longest login_timeout_s that settings allow is 60


def factor() -> int:
    """Return by how much time-outs are stretched: a whole number from 1, which is the default."""
    written = os.environ.get(FACTOR_VARIABLE) or "1"
    if not (written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= LARGEST_FACTOR):
        raise ValueError(f"{FACTOR_VARIABLE} must be a whole number from 1 to {LARGEST_FACTOR}")
    return int(written)


# For a server that a test breaks: each failure costs a whole time-out.
SHORT_S: Final = factor()
# For a server that works, or is rarely broken.
PATIENT_S: Final = 3 * factor()
