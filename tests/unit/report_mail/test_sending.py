"""The sweep, against a store in memory: what is sent, marked, tried again and dropped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from plantpulse.errors import ConfigurationError, TransientError
from plantpulse.report_mail.due import totals
from plantpulse.report_mail.mail import Mail
from plantpulse.report_mail.sending import MAILS_A_CLAIM, ReportMails, Sent
from plantpulse.settings import Settings
from plantpulse.settings.validation import validated
from tests.unit.report_mail.plant_days import answer, day_of, row
from tests.unit.report_mail.test_due import ROW

NOW = datetime(2026, 3, 11, 11, 5, tzinfo=UTC)
MAILBOX = {"kind": "email", "host": "mail.example.com", "sender": "a@example.com", "to": ["b@example.com"]}
SETTINGS = validated(
    Settings,
    {
        "plants": {
            "northfield": {"time_zone": "America/Chicago", "language": "de"},
            "southfield": {"time_zone": "UTC", "morning_report": {"send_to": ["chief"]}},
        },
        "morning_report": {"send_to": ["managers", "owners"]},
        "channels": dict.fromkeys(("managers", "owners", "chief"), MAILBOX),
    },
)


@dataclass
class MemoryStore:
    """Rows of `report_mails` that are due, handed out as claims; it keeps the marks."""

    due: list[dict[str, Any]]
    answer: str = "marked"
    claims: list[Mapping[str, Any]] = field(default_factory=list)
    marks: list[Mapping[str, Any]] = field(default_factory=list)

    def claim_report_mails(self, claim: Mapping[str, Any]) -> dict[str, Any]:
        self.claims.append(claim)
        mails, self.due = self.due[: claim["limit"]], self.due[claim["limit"] :]
        plants = {mail["plant"] for mail in mails}
        return {"mails": mails, "days": [answer(row(), plant=plant) for plant in sorted(plants)]}

    def mark_report_mail(self, mark: Mapping[str, Any]) -> dict[str, Any]:
        self.marks.append(mark)
        return {"answer": self.answer}


@dataclass
class Outbox:
    """A channel that keeps what is sent, and refuses what it is told to."""

    refusals: Mapping[str, Exception] = field(default_factory=dict)
    sent: list[tuple[str, Mail, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, channel: str, mail: Mail, **about: Any) -> None:
        if channel in self.refusals:
            raise self.refusals[channel]
        self.sent.append((channel, mail, about))


def sweep(store: MemoryStore, outbox: Outbox, seconds_left: float = 60.0) -> Sent:
    return ReportMails(store, outbox, SETTINGS, clock=lambda: NOW, seconds_left=lambda: seconds_left).sweep()


def test_a_due_mail_is_made_sent_and_marked_with_what_was_told() -> None:
    store, outbox = MemoryStore([ROW]), Outbox()

    assert sweep(store, outbox) == Sent(sent=1)

    [(channel, mail, about)] = outbox.sent
    assert channel == "managers"
    assert mail.subject.startswith("northfield, Di 10.3.: 95\u00a0% vom Plan")  # in the plant's language
    thread = "report/northfield/2026-03-10/managers"
    assert about == {"key": f"{thread}/2", "thread": thread, "is_first": True}
    assert store.claims[0]["plants"] == ["northfield", "southfield"]
    assert store.marks == [
        {"id": 7, "lease": ROW["lease"], "changes": 2, "outcome": "sent", "told": totals(day_of(row()))}
    ]


def test_a_day_that_was_told_like_this_is_not_told_again() -> None:
    store, outbox = MemoryStore([ROW | {"told": totals(day_of(row()))}]), Outbox()

    assert sweep(store, outbox) == Sent(unchanged=1)
    assert outbox.sent == []
    assert store.marks[0]["outcome"] == "unchanged"
    assert "told" not in store.marks[0]


def test_a_day_that_was_told_otherwise_is_corrected() -> None:
    store, outbox = MemoryStore([ROW | {"told": totals(day_of(row(actual_output=500)))}]), Outbox()

    assert sweep(store, outbox) == Sent(sent=1)
    assert outbox.sent[0][1].subject.startswith("Berichtigt: ")
    assert outbox.sent[0][2]["is_first"] is False


def test_one_channel_that_fails_stops_no_other() -> None:
    busy = TransientError("the mail server is busy")
    vars(busy)["retry_after_s"] = 600.0  # as a channel's own error has it
    outbox = Outbox({"managers": busy, "chief": ConfigurationError("bad login")})
    store = MemoryStore(
        [
            ROW,
            ROW | {"id": 8, "plant": "southfield", "channel": "chief"},
            ROW | {"id": 9, "channel": "owners"},
        ]
    )

    assert sweep(store, outbox) == Sent(sent=1, again=1, dropped=1)
    assert [channel for channel, _, _ in outbox.sent] == ["owners"]
    again, dropped, _ = store.marks
    assert (again["outcome"], again["error"]) == ("again", "the mail server is busy")
    assert again["next_try_at"] == "2026-03-11T11:15:00+00:00"  # it asked for ten minutes
    assert (dropped["outcome"], dropped["error"]) == ("dropped", "bad login")


def test_a_channel_of_another_plant_is_dropped() -> None:
    store, outbox = MemoryStore([ROW | {"plant": "southfield"}]), Outbox()

    assert sweep(store, outbox) == Sent(dropped=1)
    assert outbox.sent == []


def test_a_mail_that_somebody_else_took_over_is_counted_apart() -> None:
    assert sweep(MemoryStore([ROW], answer="fenced"), Outbox()) == Sent(fenced=1)


def test_without_time_nothing_is_claimed() -> None:
    store = MemoryStore([ROW])

    assert sweep(store, Outbox(), seconds_left=10.0) == Sent()
    assert store.claims == []


def test_more_than_one_claim_is_made_while_there_is_more() -> None:
    store = MemoryStore([ROW | {"id": number} for number in range(2 * MAILS_A_CLAIM + 1)])

    assert sweep(store, Outbox()) == Sent(sent=2 * MAILS_A_CLAIM + 1)
    assert len(store.claims) == 3


def test_what_there_is_no_time_for_is_given_back_at_once() -> None:
    left = iter([60.0, 60.0, 5.0])
    store, outbox = MemoryStore([ROW, ROW | {"id": 8}]), Outbox()

    found = ReportMails(store, outbox, SETTINGS, clock=lambda: NOW, seconds_left=lambda: next(left)).sweep()

    assert found == Sent(sent=1, again=1)
    assert store.marks[1]["next_try_at"] == NOW.isoformat()


def test_an_error_that_is_no_error_of_plantpulse_ends_the_sweep_and_leaves_the_lease() -> None:
    store = MemoryStore([ROW])

    with pytest.raises(ZeroDivisionError):
        sweep(store, Outbox({"managers": ZeroDivisionError()}))
    assert store.marks == []
