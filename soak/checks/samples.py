"""No sample of a machine is stored twice, none as good that the machine did not have then, and none is lost.

A computer in the plant loses what it had in memory when it died, and the time of what it read by a clock of
which it never heard how wrong it was. Whatever else is missing has to be counted as dropped.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from soak.checks.view import View
from soak.computer import Computer
from soak.ledger import Broken, Shown

INTERVAL: Final = timedelta(seconds=10)
# A clock is set as exactly as the answer was quick; until an exact one has come a sample may be read.
UNSURE: Final = timedelta(seconds=20)
_IN_MEMORY: Final = timedelta(seconds=40)  # a flush, and as long as it may take
_SAMPLES: Final = """
select s.group_id, s.slot, s.quality, s."values"[1] as value
from public.tag_samples as s
join public.tag_groups as g on g.id = s.group_id
where g.plant = %s and g.name = 'Press'
order by s.slot
"""
_DROPPED: Final = """
select coalesce(sum(s.dropped_count), 0) as number
from public.tag_states as s
join public.tag_groups as g on g.id = s.group_id
where g.plant = %s and g.name = %s
"""


def check_samples(view: View, start: datetime, computers: Mapping[str, Computer]) -> None:
    """Check all samples; the machines' tags show the seconds since `start`. Raises: Broken."""
    for plant, shown in view.ledger.shown.items():
        computer = computers.get(plant)
        left = _check_stored(view, plant, start, list(shown), computer)
        if computer:
            _check_lost(view, plant, left, computer)


def _check_stored(
    view: View, plant: str, start: datetime, shown: list[Shown], computer: Computer | None
) -> list[Shown]:
    """Check what is stored, and return what was shown and is not."""
    left: dict[int, list[Shown]] = {}
    for one in shown:
        left.setdefault(one.value, []).append(one)
    last: datetime | None = None
    for row in view.rows(_SAMPLES, plant):
        if last and INTERVAL < row["slot"] - last < timedelta(hours=1):
            view.checked["slots of machines without a sample"] += (row["slot"] - last) // INTERVAL - 1
        last = row["slot"]
        if row["value"] is None:
            view.checked["samples of machines that are bad"] += 1
            continue
        value = round(row["value"])
        if not left.get(value):
            raise Broken(f"the sample of {last} is {value}, which the machine has shown to nobody else")
        read, shown_at = left[value].pop(), start + timedelta(seconds=value)
        if computer and is_of_unknown_time(view, computer, read.process, read.at):
            view.checked["samples of machines whose time nobody knew"] += 1
        elif not last - UNSURE <= shown_at <= last + INTERVAL + UNSURE:
            told = f"is what the machine showed at {shown_at} to {read.process}"
            raise Broken(f"the sample of {last} {told}")
        view.checked["samples of machines"] += 1
    return [one for several in left.values() for one in several]


def _check_lost(view: View, plant: str, left: list[Shown], computer: Computer) -> None:
    slots = [row["slot"] for row in view.rows(_SAMPLES, plant)]
    kept = {round(row["v"][0]) for row in computer.kept() if row.get("v")}
    lost = list[Shown]()
    for one in left:
        if one.value in kept:
            view.checked["samples of machines that wait on a disk"] += 1
        elif _has_excuse(computer, one):
            view.checked["samples of machines that a computer lost"] += 1
        elif not any(abs(slot - one.at) <= INTERVAL for slot in slots):
            lost.append(one)
    dropped = dropped_of(view, plant, "Press")
    view.checked["samples of machines that were counted as dropped"] += dropped
    if len(lost) > dropped:
        told = f"{len(lost)} samples of {plant} are lost and {dropped} counted, the first"
        raise Broken(f"{told} was read at {lost[0].at} by {lost[0].process}")
    if dropped > len(left):
        raise Broken(f"{dropped} samples of {plant} are counted as dropped, and {len(left)} are not stored")


def dropped_of(view: View, plant: str, group: str) -> int:
    """Return how many samples of a group are counted as dropped."""
    return int(view.rows(_DROPPED, plant, group)[0]["number"])


def _has_excuse(computer: Computer, one: Shown) -> bool:
    runner = computer.runner_of(one.process)
    over_at = runner.over_at or datetime.max.replace(tzinfo=one.at.tzinfo)
    is_over = runner.is_dead or runner.is_told
    was_kept = computer.kept_at.get(runner.name, one.at) > one.at + _IN_MEMORY  # the disk took what waited
    if is_over and not was_kept and any(one.at <= at <= over_at for at in computer.full_at):
        return True
    return runner.is_dead and over_at - one.at < _IN_MEMORY


def is_of_unknown_time(view: View, computer: Computer, process: str, at: datetime) -> bool:
    """Say whether nobody who knew the time could say how wrong the clock was that named what was read.

    That is who read it, since its burst began; or who took its files over, until the computer started again.
    """
    reader, heard = computer.runner_of(process), view.ledger.heard
    begun = max(one for one in view.ledger.bursts[process] if one <= at)
    if any(begun <= one for one in heard.get(process, ())):
        return False
    others = (one.name for one in computer.runners if one.boot is reader.boot and one is not reader)
    over_at = reader.over_at
    return over_at is None or not any(over_at <= one for name in others for one in heard.get(name, ()))
