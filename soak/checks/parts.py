"""No part is acknowledged before it is stored, and none is stored again unless somebody was unsure of it."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from soak.cell import INTERVAL, Cell, Raise, weight_of
from soak.checks.samples import UNSURE, dropped_of, is_of_unknown_time
from soak.checks.view import View
from soak.computer import Computer
from soak.ledger import Broken

_SOON: Final = timedelta(minutes=2)  # a bit that is looked at for so long without a fault is acknowledged
_READ: Final = 2 * INTERVAL  # from the slot of a part to the end of its read
_SAMPLES: Final = """
select s.slot, s."values"[1] as part, s."values"[2] as weight, s.qualities
from public.tag_samples as s
join public.tag_groups as g on g.id = s.group_id
where g.plant = %s and g.name = 'Cell'
order by s.slot
"""


def check_parts(
    view: View, cells: Mapping[str, Cell], computers: Mapping[str, Computer], quiet_from: datetime
) -> None:
    """Check what became of each part; nothing goes wrong from `quiet_from` on. Raises: Broken."""
    for plant, cell in cells.items():
        if cell.premature:
            part, at = cell.premature[0]
            raise Broken(f"part {part} of {plant} was acknowledged at {at}, before it was stored")
        raises: dict[int, list[Raise]] = {}
        for one in cell.raises:
            raises.setdefault(one.part, []).append(one)
        untold = {
            one.part for one in cell.raises if plant in computers and _is_untold(view, computers[plant], one)
        }
        stored = _stored(view, plant, raises, untold)
        lost = _lost(view, plant, cell, raises) if plant in computers else ()
        for part, times in raises.items():
            is_kept = part in lost or cell.is_stored(part)
            _check_part(view, f"part {part} of {plant}", times, stored[part], is_kept=is_kept)
        for one in cell.raises:
            if one.looked_at and one.ended != "acknowledged" and one.at > quiet_from:
                _check_soon(one, plant)
        view.checked["acknowledgements that no part waited for"] += cell.stray


def _lost(view: View, plant: str, cell: Cell, raises: Mapping[int, list[Raise]]) -> Collection[int]:
    """Return the parts that were kept on a disk, and were dropped there: all are counted. Raises: Broken.

    Nobody knew their time, or only a runner without their turn could send them.
    """
    lost = [part for part in raises if _is_acknowledged(raises[part]) and not cell.is_stored(part)]
    if len(lost) > dropped_of(view, plant, "Cell"):
        raise Broken(f"part {lost[0]} of {plant} was acknowledged, and is neither stored nor counted")
    view.checked["parts that were counted as dropped"] += len(lost)
    return lost


def _stored(
    view: View, plant: str, raises: Mapping[int, list[Raise]], untold: Collection[int]
) -> Counter[int]:
    """Return how often each part is stored; nobody knew the time of the `untold` ones. Raises: Broken."""
    stored = Counter[int]()
    for row in view.rows(_SAMPLES, plant):
        slot, part = row["slot"], round(row["part"] or 0)
        if row["qualities"] and any(_is_of(one, slot) for one in raises.get(part - 1, ())):
            view.checked["parts that are uncertain"] += 1
            continue  # the machine took the part before back while it was read
        if part not in untold and not any(_is_of(one, slot) for one in raises.get(part, ())):
            raise Broken(f"the sample of {slot} is part {part} of {plant}, which waited at other times")
        if row["qualities"]:
            view.checked["parts that are uncertain"] += 1
        elif row["weight"] != weight_of(part):
            raise Broken(f"the sample of {slot} has the weight {row['weight']} of another part than {part}")
        stored[part] += 1
    return stored


def _is_of(one: Raise, slot: datetime) -> bool:
    return one.at - _READ - UNSURE <= slot and (one.until is None or slot <= one.until + UNSURE)


def _check_part(view: View, name: str, times: list[Raise], stored: int, *, is_kept: bool) -> None:
    is_acknowledged = _is_acknowledged(times)
    if is_acknowledged and not is_kept:
        raise Broken(f"{name} was acknowledged, and is not stored")
    most = len(times) + sum(one.doubts for one in times)
    if stored > most:
        raise Broken(f"{name} is stored {stored} times, and nobody could be unsure of it {most} times")
    view.checked["parts that were acknowledged"] += is_acknowledged
    view.checked["parts that were raised again"] += len(times) > 1
    view.checked["parts that are stored again"] += max(0, stored - 1)


def _is_acknowledged(times: list[Raise]) -> bool:
    return any(one.ended == "acknowledged" for one in times)


def _is_untold(view: View, computer: Computer, one: Raise) -> bool:
    """Say whether a part was perhaps read by a clock of which nobody heard how wrong it was."""
    runners = {reader.split(" poller ")[0] for reader in one.readers}
    return any(
        is_of_unknown_time(view, computer, runner, one.looked_at) for runner in runners if one.looked_at
    )


def _check_soon(one: Raise, plant: str) -> None:
    if one.looked_at and one.looked_at - one.at > _SOON and one.ended is None:
        raise Broken(f"part {one.part} of {plant} stood from {one.at} to {one.looked_at}, and nobody took it")
