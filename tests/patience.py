"""How long the tests let a SQL Server take: the one place for time-outs that an outside server has to keep.

The stand-in answers in milliseconds, so a time-out of a second keeps tests short that break it. An
engine of somebody's own may take longer, most of all for the first query after its start.
"""

from typing import Final

from devstack.patience import ENDS_S, factor

__all__ = ["ENDS_S", "PATIENT_S", "SHORT_S", "WITHOUT_TIME_OUT_S"]

# More than any machine needs beyond a time-out of a second; without the time-out it takes a minute or more.
WITHOUT_TIME_OUT_S: Final = 45.0

# For a server that a test breaks: each failure costs a whole time-out.
SHORT_S: Final = factor()
# For a server that works, on a busy machine too: the longest login that settings allow.
PATIENT_S: Final = 60
