"""The schedules of EventBridge Scheduler: one group per deployment.

EventBridge neither returns a schedule's next time nor runs one on request. So the next time is computed from
the cron line, and the function is called directly, like the schedule does but without a slot's time.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from plantpulse.clouds.aws.clients import AwsError, client, refusal
from plantpulse.clouds.schedules import Schedule
from plantpulse.errors import ConfigurationError

try:
    from cronsim import CronSim, CronSimError
except ImportError as error:
    raise ConfigurationError("cronsim is not installed: `pip install 'plantpulse[aws]'`") from error

# The fields that an update must copy, because EventBridge replaces a whole schedule.
_KEPT: Final = (
    "ActionAfterCompletion", "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name",
    "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "Target",
)  # fmt: skip

# The field that makes an event a scheduled one (invocations.SCHEDULED_TIME_FIELD).
_SLOT: Final = "scheduled_time"


class AwsSchedules:
    """The schedules of one deployment, in the group with its name."""

    def __init__(
        self,
        *,
        region: str | None,
        deployment: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare the clients without a connection. Raises: CloudRefused."""
        self._group = deployment
        self._clock = clock
        try:
            self._scheduler = client("scheduler", region=region)
            self._functions = client("lambda", region=region)
        except AwsError as error:
            raise refusal("EventBridge Scheduler", error) from error

    def all(self) -> list[Schedule]:
        """Return the deployment's schedules by name. Raises: CloudUnavailable, CloudRefused."""
        pages = self._scheduler.get_paginator("list_schedules").paginate(GroupName=self._group)
        try:
            names = [entry["Name"] for page in pages for entry in page["Schedules"]]
        except AwsError as error:
            raise refusal("EventBridge Scheduler", error) from error
        return [self._schedule(self._read(name)) for name in sorted(names)]

    def stop(self, name: str) -> None:
        """Stop a schedule. Raises: CloudUnavailable, CloudRefused."""
        self._set(name, "DISABLED")

    def start(self, name: str) -> None:
        """Start a stopped schedule. Raises: CloudUnavailable, CloudRefused."""
        self._set(name, "ENABLED")

    def run_now(self, name: str) -> None:
        """Call the function now. Raises: CloudUnavailable, CloudRefused."""
        target = self._read(name)["Target"]
        event = json.loads(target.get("Input") or "{}")
        event.pop(_SLOT, None)
        try:
            self._functions.invoke(
                FunctionName=target["Arn"], InvocationType="Event", Payload=json.dumps(event).encode()
            )
        except AwsError as error:
            raise refusal("Lambda", error) from error

    def _read(self, name: str) -> dict[str, Any]:
        try:
            return dict(self._scheduler.get_schedule(Name=name, GroupName=self._group))
        except AwsError as error:
            raise refusal("EventBridge Scheduler", error) from error

    def _set(self, name: str, state: str) -> None:
        found = self._read(name)
        kept = {key: found[key] for key in _KEPT if found.get(key) is not None}
        try:
            self._scheduler.update_schedule(**kept, State=state)
        except AwsError as error:
            raise refusal("EventBridge Scheduler", error) from error

    def _schedule(self, found: dict[str, Any]) -> Schedule:
        time_zone = found.get("ScheduleExpressionTimezone") or "UTC"
        is_running = found["State"] == "ENABLED"
        expression = found["ScheduleExpression"]
        return Schedule(
            name=found["Name"],
            expression=expression,
            time_zone=time_zone,
            is_running=is_running,
            next_run_at=next_run(expression, time_zone, self._clock()) if is_running else None,
        )


def next_run(expression: str, time_zone: str, now: datetime) -> datetime | None:
    """Return the next time of a cron(...) expression, in UTC; None for other expressions."""
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    if not expression.startswith("cron(") or len(fields) != 6 or fields[5] != "*":
        return None
    line = " ".join("*" if field == "?" else field for field in fields[:5])
    try:
        return next(CronSim(line, now.astimezone(ZoneInfo(time_zone)))).astimezone(UTC)
    except (CronSimError, KeyError, ValueError, StopIteration):
        return None
