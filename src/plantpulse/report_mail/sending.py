"""Sends the morning reports that are due: claim, make the mail, send it over its channel, mark it.

The store and the channels are arguments. Each mail is marked by itself, so a death costs no more than one:
that mail goes out again when its lease has ended, with the same key. One channel that fails stops no other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from plantpulse.errors import PlantpulseError
from plantpulse.report_mail.days import ReportDay, parse_day
from plantpulse.report_mail.due import (
    DueMail,
    is_worth_telling,
    next_try_at,
    parse_due,
    totals,
    why_dropped,
)
from plantpulse.report_mail.mail import Mail, make_mail
from plantpulse.settings import Settings

MAILS_A_CLAIM: Final = 20
LEASE_S: Final = 120.0
LONGEST_ERROR: Final = 500

Json = Any


class MailStore(Protocol):
    """What the mails need from Supabase."""

    def claim_report_mails(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def mark_report_mail(self, mark: Mapping[str, Json]) -> dict[str, Json]: ...


class SendMail(Protocol):
    """Sends a mail over a channel, by its name in the settings.

    `key` is the same for every try of a mail, `thread` for a mail and its corrections.
    Raises: PlantpulseError; a retryable one is tried again, another one is not.
    """

    def __call__(self, channel: str, mail: Mail, *, key: str, thread: str, is_first: bool) -> None: ...


@dataclass(slots=True)
class Sent:
    """What came of the mails of one sweep. `fenced`: another sender had taken the mail over meanwhile."""

    sent: int = 0
    unchanged: int = 0
    again: int = 0
    dropped: int = 0
    fenced: int = 0


@dataclass(frozen=True, slots=True)
class ReportMails:
    """The sender of one sweep. `seconds_left`: until the sweep must have ended."""

    store: MailStore
    send: SendMail
    settings: Settings
    clock: Callable[[], datetime]
    seconds_left: Callable[[], float]
    seconds_a_mail: float = 10.0

    def sweep(self) -> Sent:
        """Send what is due as far as there is time; the next sweep goes on.

        Raises: the store's errors.
        """
        sent, plants = Sent(), sorted(self.settings.plants)
        while self._has_time():
            claim = {"plants": plants, "limit": MAILS_A_CLAIM, "lease_s": LEASE_S}
            answer = self.store.claim_report_mails(claim)
            mails = [parse_due(row) for row in answer["mails"]]
            days = {(one.plant, one.report_date): one for one in map(parse_day, answer["days"])}
            for mail in mails:
                self._tell(mail, days[mail.plant, mail.report_date], sent)
            if len(mails) < MAILS_A_CLAIM:
                break
        return sent

    def _tell(self, mail: DueMail, day: ReportDay, sent: Sent) -> None:
        outcome = self._outcome(mail, day)
        mark = {"id": mail.id, "lease": mail.lease, "changes": mail.changes, **outcome}
        answer = self.store.mark_report_mail(mark)
        name = outcome["outcome"] if answer["answer"] == "marked" else "fenced"
        setattr(sent, name, getattr(sent, name) + 1)

    def _outcome(self, mail: DueMail, day: ReportDay) -> dict[str, Json]:
        """Send the mail if it is to be sent, and return what came of it for the mark."""
        now = self.clock()
        if not self._has_time():
            return {"outcome": "again", "next_try_at": now.isoformat(), "error": "no time was left"}
        report, figures = self.settings.morning_report_of(mail.plant), totals(day)
        dropped = why_dropped(mail, report.send_to, now)
        if dropped:
            return {"outcome": "dropped", "error": dropped}
        if not is_worth_telling(mail.told, figures, report.resend_above):
            return {"outcome": "unchanged"}
        try:
            is_first = mail.told is None
            made = self._mail(day, is_correction=not is_first)
            self.send(mail.channel, made, key=mail.key, thread=mail.thread, is_first=is_first)
        except PlantpulseError as error:
            return _failure(error, mail, now)
        return {"outcome": "sent", "told": figures}

    def _mail(self, day: ReportDay, *, is_correction: bool) -> Mail:
        plant = self.settings.plants[day.plant]
        return make_mail(day, plant.language, ZoneInfo(plant.time_zone), is_correction=is_correction)

    def _has_time(self) -> bool:
        return self.seconds_left() > self.seconds_a_mail


def _failure(error: PlantpulseError, mail: DueMail, now: datetime) -> dict[str, Json]:
    told = str(error)[:LONGEST_ERROR]
    if not error.is_retryable:
        return {"outcome": "dropped", "error": told}
    at = next_try_at(mail.attempts, now, getattr(error, "retry_after_s", None))
    return {"outcome": "again", "next_try_at": at.isoformat(), "error": told}
