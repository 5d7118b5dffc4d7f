"""How long the tests let a SQL Server take: the one place for time-outs that an outside server has to keep.

The stand-in answers in milliseconds, so time-outs of a second or three keep the suite short. An engine of
somebody's own may take longer, most of all for the first query after its start.
"""

from typing import Final

from devstack.patience import factor

# For what ends by itself, on a busy machine too: it says that the thing ends at all, and judges no speed.
# Only a hang takes so long.
ENDS_S: Final = 900.0
# More than any machine needs beyond a time-out of a second; without the time-out it takes a minute or more.
WITHOUT_TIME_OUT_S: Final = 45.0

# For a server that a test breaks: each failure costs a whole time-out.
SHORT_S: Final = factor()
# For a server that works, or is rarely broken.
PATIENT_S: Final = 3 * factor()
