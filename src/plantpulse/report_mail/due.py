"""What to do with a mail that is due: send it, keep silent because nothing worth telling changed, or drop it.

Pure. A mail that was sent goes out again only if late rows changed a total of the plant by more than the
plant's threshold. What was told is the measure, so that small changes add up (docs/decisions/0082).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from plantpulse.report_mail.days import ReportDay
from plantpulse.report_mail.figures import total

GIVEN_UP_AFTER: Final = timedelta(hours=24)
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=1)
_MOST_DOUBLINGS: Final = 10

Totals = Mapping[str, float | None]


class DueMail(NamedTuple):
    """A claimed row of `report_mails`.

    `told`: the totals of the last mail, None: none was sent.
    """

    id: int
    plant: str
    report_date: date
    channel: str
    lease: str
    changes: int
    attempts: int
    due_at: datetime
    told: Totals | None

    @property
    def key(self) -> str:
        """Return what every try of this mail has and no other mail: its Message-ID is made of it."""
        return f"{self.thread}/{self.changes}"

    @property
    def thread(self) -> str:
        """Return what is the same for a mail and its corrections."""
        return f"report/{self.plant}/{self.report_date}/{self.channel}"


def parse_due(row: Mapping[str, Any]) -> DueMail:
    """Return a mail in an answer of `claim_report_mails`."""
    return DueMail(
        id=row["id"],
        plant=row["plant"],
        report_date=date.fromisoformat(row["report_date"]),
        channel=row["channel"],
        lease=row["lease"],
        changes=row["changes"],
        attempts=row["attempts"],
        due_at=datetime.fromisoformat(row["due_at"]),
        told=row["told"],
    )


def totals(day: ReportDay) -> dict[str, float | None]:
    """Return the totals of the plant by which a correction is measured."""
    figures = total(day.rows)
    return {
        "target_output": figures.target_output,
        "actual_output": figures.actual_output,
        "oee_percentage": figures.oee_percentage,
        "downtime_minutes": figures.downtime_minutes,
        "unexplained_minutes": figures.unexplained_minutes,
        "waste_count": figures.waste_count,
        "total_loss": figures.total_loss,
    }


def is_worth_telling(told: Totals | None, now: Totals, threshold: float) -> bool:
    """Tell whether a total differs by more than the threshold, a share of the larger of both values.

    A figure that was not known and now is, or the other way round, always counts.
    """
    return told is None or any(_differs(told.get(name), value, threshold) for name, value in now.items())


def why_dropped(mail: DueMail, channels: Sequence[str], now: datetime) -> str | None:
    """Return why nobody is told any more; None if the mail is to be sent."""
    if mail.channel not in channels:
        return f"{mail.channel} is not in morning_report.send_to of plant {mail.plant} any more"
    if mail.attempts > 1 and now - mail.due_at > GIVEN_UP_AFTER:
        return f"given up {GIVEN_UP_AFTER // timedelta(hours=1)} hours after it was due"
    return None


def next_try_at(attempts: int, now: datetime, wait_s: float | None = None) -> datetime:
    """Return when to try again: after 1, 2, 4 minutes and so on, up to an hour.

    `wait_s`: how long the other side wants to be left alone; it may be longer than that.
    """
    doublings = max(0, min(attempts - 1, _MOST_DOUBLINGS))
    wait = min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)
    return now + max(wait, timedelta(seconds=wait_s or 0.0))


def _differs(told: float | None, now: float | None, threshold: float) -> bool:
    if told is None or now is None:
        return told is not now
    return abs(now - told) > threshold * max(abs(now), abs(told))
