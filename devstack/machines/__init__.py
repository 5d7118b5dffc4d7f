"""The machines of the demonstration's plant: controllers that plantpulse polls, over the real protocols.

The servers are pymodbus', asyncua's, python-snap7's, aslmp's and cpppo's, which nobody here wrote; only
what they show is made up, as a function of the time. They run in two processes of their own and listen on
127.0.0.1 alone.
"""

from devstack.machines.minutes import Bursts, every_minute
from devstack.machines.plant import READ_ON_REQUEST, Machines, import_table, table_of

__all__ = ["READ_ON_REQUEST", "Bursts", "Machines", "every_minute", "import_table", "table_of"]
