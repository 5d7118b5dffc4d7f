"""When a scheduler calls which function, in cron's five fields.

The times are those of the slots, every N minutes since midnight UTC, and a plant's own offset after them. One
cron line cannot express every 45 minutes, so such a schedule has several lines.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from plantpulse.schedules.pipelines import Pipeline, RegisteredFunction
from plantpulse.schedules.schedules import DailyAt, Every, OnDays, Schedule, Together
from plantpulse.settings import Settings

HEADROOM_S: Final = (
    15  # a function may run this much longer than its job, and the scheduler waits as much again
)
LONGEST_TIMEOUT_S: Final = 900  # Lambda's
_MINUTES_A_DAY: Final = 1440
_UTC: Final = "Etc/UTC"  # the name that every cloud has


@dataclass(frozen=True, slots=True)
class Call:
    """One schedule. `plant` is None for a function that is called once for all plants.

    `turns`: the lines of two schedules that take turns, for a scheduler that makes no call while the one
    before is at work. Without lines the calls do not overlap. `delay_s`: the second after the minute in which
    the work begins, 0 for at once; a scheduler that spreads calls over a minute by itself does so instead.
    """

    function: str
    plant: str | None
    cron: str
    time_zone: str
    interval_minutes: int
    runs_on_startup: bool
    deadline_s: int
    delay_s: int = 0
    turns: Sequence[str] = ()


def enabled_calls(function: RegisteredFunction, settings: Settings) -> list[Pipeline]:
    """Return the pipelines that a function is called for on schedule, sorted by plant."""
    return sorted((one for one in function.calls(settings) if one.is_enabled), key=lambda one: one.plant)


def timeout_s(function: RegisteredFunction, settings: Settings) -> int:
    """Return the time-out of a function: that of its longest job with its wait, and some headroom."""
    job_s = max(one.timeout_s + one.delay_s for one in function.calls(settings))
    return min(LONGEST_TIMEOUT_S, job_s + HEADROOM_S)


def calls_of(function: RegisteredFunction, settings: Settings) -> Iterator[tuple[str, Call]]:
    """Yield a function's schedules by their names."""
    deadline_s = timeout_s(function, settings) + HEADROOM_S
    for pipeline in enabled_calls(function, settings):
        plant = pipeline.shown_plant
        lines = cron_lines(pipeline.schedule, pipeline.offset)
        for number, (cron, time_zone) in enumerate(lines, start=1):
            parts = (function.name, plant, str(number) if number > 1 else None)
            yield (
                "-".join(part for part in parts if part),
                Call(
                    function=function.name,
                    plant=plant,
                    cron=cron,
                    time_zone=time_zone,
                    interval_minutes=interval_minutes(pipeline.schedule),
                    runs_on_startup=pipeline.runs_on_startup and number == 1,
                    deadline_s=deadline_s,
                    delay_s=pipeline.delay_s,
                    turns=lines_in_turn(pipeline.schedule) if pipeline.overlap_s else (),
                ),
            )


def interval_minutes(schedule: Schedule) -> int:
    """Return the most minutes between two slots; a day's are counted as 24 hours, a month's as 31 days."""
    if isinstance(schedule, Every):
        return int(schedule.interval.total_seconds()) // 60
    if isinstance(schedule, Together):
        return min(interval_minutes(one) for one in schedule.schedules)
    days = {"monday": 7, "first": 31}[schedule.on] if isinstance(schedule, OnDays) else 1
    return days * _MINUTES_A_DAY


def cron_lines(schedule: Schedule, offset: timedelta = timedelta(0)) -> Sequence[tuple[str, str]]:
    """Return lines and their time zones that together name every slot of a schedule, and no other time.

    With an offset they name the times that are so long after the slots of a grid or of each day.
    """
    if isinstance(schedule, Together):
        return [line for one in schedule.schedules for line in cron_lines(one, offset)]
    if isinstance(schedule, OnDays):
        days = {"monday": "* * MON", "first": "1 * *"}[schedule.on]
        return [_line_of_day(schedule.daily, days)]
    if isinstance(schedule, DailyAt):
        later = (datetime.combine(date.min, schedule.at) + offset).time()
        return [_line_of_day(DailyAt(later, schedule.zone), "* * *")]
    lines = _lines_on_grid(interval_minutes(schedule), int(offset.total_seconds()) // 60)
    return [(line, _UTC) for line in lines]


def lines_in_turn(schedule: Schedule) -> Sequence[str]:
    """Return two lines that name every other slot each, of a grid of at most half an hour."""
    minutes = interval_minutes(schedule)
    return [line for turn in range(2) for line in _lines_on_grid(2 * minutes, turn * minutes)]


def _line_of_day(daily: DailyAt, days: str) -> tuple[str, str]:
    zone = _UTC if daily.zone.key == "UTC" else daily.zone.key
    return f"{daily.at.minute} {daily.at.hour} {days}", zone


def _lines_on_grid(every_minutes: int, offset_minutes: int) -> list[str]:
    """Return a line for all hours that have the same minutes; the order is that of the minutes' text."""
    if every_minutes == 1:
        return ["* * * * *"]
    hours_of: dict[str, list[str]] = defaultdict(list)
    for hour in range(24):
        minutes = [
            str(minute)
            for minute in range(60)
            if (60 * hour + minute) % every_minutes == offset_minutes % every_minutes
        ]
        if minutes:
            hours_of[",".join(minutes)].append(str(hour))
    return [
        f"{minutes} {'*' if len(hours) == 24 else ','.join(hours)} * * *"
        for minutes, hours in sorted(hours_of.items())
    ]
