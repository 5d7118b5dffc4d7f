"""The times of a poll's slots: their windows, and which of their rows can be told apart. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from plantpulse.late_dataclasses import dataclass
from plantpulse.live_pulse.catch_up import recent_slots
from plantpulse.plant.local_time import BucketGrid, buckets_in, is_shown_once
from plantpulse.runs import RunPlan
from plantpulse.schedules.slots import Window, grid_interval, last_interval, window_of_slot
from plantpulse.settings import LivePulseSettings, PlantSettings


@dataclass(frozen=True, slots=True)
class SlotTimes:
    """The times of one poll's slots; `read_at` is when the rows are read."""

    plan: RunPlan
    plant: PlantSettings
    pulse: LivePulseSettings
    read_at: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The plant's time zone."""
        return ZoneInfo(self.plant.time_zone)

    @property
    def every(self) -> timedelta:
        """The interval between slots."""
        return grid_interval(self.pulse.every_minutes)

    @property
    def is_on_grid(self) -> bool:
        """Whether the poll is for slots, and not for an instant."""
        return self.plan.slot is not None or bool(self.plan.slots)

    def is_present(self, at: datetime) -> bool:
        """Say whether it is the poll's own slot, or its instant."""
        return at == self.plan.at and not self.plan.slots

    def is_looked_at_next(self, at: datetime) -> bool:
        """Say whether the next scheduled poll looks at the slot again."""
        return self.plan.slot is not None and at in recent_slots(self.plan.slot + self.every, self.every)

    def window(self, at: datetime) -> Window:
        """Return the window of a slot, or of the poll's instant."""
        if self.is_present(at):
            return self.plan.require_window()
        lag = timedelta(seconds=self.plant.source_lag_s)
        return window_of_slot(at, length=timedelta(minutes=self.pulse.window_minutes), source_lag=lag)

    def is_shown_once(self, window: Window) -> bool:
        """Say whether all rows with the window's local times belong to the window."""
        return is_shown_once(window, self.zone, read_by=self.read_at)

    def slot_buckets(self, window: Window, grid: BucketGrid) -> frozenset[int] | None:
        """Return the buckets of the slot's own interval; None if the clock has shown it twice by now."""
        newest = last_interval(window, self.every)
        if not self.is_on_grid or not self.is_shown_once(newest):
            return None
        return buckets_in(newest, *grid, self.zone)
