"""A stand-in for the publishers of energy and commodity series.

It is NOT them: the values are made up. It exists so that plantpulse can be run and
tested for whole years, with publishers that are late, revise, fail and get things wrong, while an oracle
tells what each of them ever had.

Nothing here is imported by plantpulse itself, and nothing listens beyond 127.0.0.1.
"""

from devstack.energy.faults import Flaw, Hole, Plan, Trouble, faulty_year
from devstack.energy.publisher import Published, Publisher

__all__ = [
    "Flaw",
    "Hole",
    "Plan",
    "Published",
    "Publisher",
    "Trouble",
    "faulty_year",
]
