"""Rules about the slot that a poll has just read. Pure; they see what the poll notes in `Progress.seen`."""

from typing import Final

from plantpulse.alerts.sights import Fires, Firing, RunSight
from plantpulse.settings import Rule

NAMES_TOLD: Final = 20
MOST_ASSETS: Final = 50  # so many alerts tell the story of a plant that stands still
LEAST_WEEKS: Final = 4  # with fewer weeks nobody knows what is usual


def asset_unknown(sight: RunSight, _rule: Rule) -> Fires:
    """Fire once a day of the plant, with the names. Seen: {"day": "2026-11-29", "names": [...]}.

    It is told and has no end: neither midnight nor a window without them says that somebody mapped them.
    """
    seen = sight.seen.get("asset_unknown")
    if seen is None:
        return None
    names = seen["names"]
    if not names:
        return ()
    return [Firing({"names": names[:NAMES_TOLD], "number": len(names)}, subject=seen["day"], is_event=True)]


def no_output(sight: RunSight, rule: Rule) -> Fires:
    """Fire for each asset that was planned to run all the time and made nothing, without a recorded stop.

    Seen: {"interval_s": 900, "window_s": 1800, "assets": [names]}. It is told after `threshold` empty slots.
    """
    seen = sight.seen.get("no_output")
    if seen is None:
        return None
    wait_s = max(0, (rule.threshold or 0) * seen["interval_s"] - seen["window_s"])
    return [
        Firing({"asset": asset, "slots": int(rule.threshold or 0)}, subject=asset, told_after_s=int(wait_s))
        for asset in sorted(seen["assets"])[:MOST_ASSETS]
    ]


def volume_unusual(sight: RunSight, rule: Rule) -> Fires:
    """Fire where rows are far more or fewer than at the same hour of the weeks before.

    Seen: {"rows": 120, "rows_before": [of each week]}. It says nothing before it has seen enough weeks.
    """
    seen = sight.seen.get("volume_unusual")
    if seen is None or len(seen["rows_before"]) < LEAST_WEEKS:
        return None
    rows_before, rows, times = sorted(seen["rows_before"]), seen["rows"], rule.threshold or 1
    usual = rows_before[len(rows_before) // 2]
    if usual == 0 or usual / times <= rows <= usual * times:
        return ()
    return [Firing({"rows": rows, "usual_rows": usual, "weeks": len(seen["rows_before"])})]
