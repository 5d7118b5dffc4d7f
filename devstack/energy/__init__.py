"""A stand-in for the publishers of energy and commodity series: ENTSO-E, EIA, FRED and Yahoo over HTTP.

It is NOT them: the values are made up. README.md beside this file says how, and what was compared with
recorded replies, with ENTSO-E's schemas and with entsoe-py. It exists so that plantpulse can be run and
tested for whole years, with publishers that are late, revise, fail and get things wrong, while an oracle
tells what each of them ever had.

Nothing here is imported by plantpulse itself, and nothing listens beyond 127.0.0.1.
"""

from devstack.energy.faults import Flaw, Hole, Plan, Trouble, faulty_year
from devstack.energy.publisher import Published, Publisher
from devstack.energy.questions import Spans
from devstack.energy.recorded import Recorded
from devstack.energy.server import TOKEN, Clock, StandIn

__all__ = [
    "TOKEN",
    "Clock",
    "Flaw",
    "Hole",
    "Plan",
    "Published",
    "Publisher",
    "Recorded",
    "Spans",
    "StandIn",
    "Trouble",
    "faulty_year",
]
