"""The morning report by mail on the real stack: from the scheduler's call to a mail in the outbox."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from devstack.mailbox import running
from plantpulse.alerts.channels import open_channel
from plantpulse.database.store import connect
from plantpulse.errors import TransientError
from plantpulse.health.service import HealthService
from plantpulse.health.watch import Watch
from plantpulse.report_mail.mail import Mail
from plantpulse.report_mail.sending import ReportMails, Sent
from tests.functions.mornings import Mornings, Week, week, world

__all__ = ["week", "world"]

A_MINUTE = timedelta(minutes=1)
MAILBOX = {"kind": "email", "host": "127.0.0.1", "sender": "a@example.com", "to": ["chief@example.com"]}


@dataclass
class Outbox:
    """A mail channel that keeps what it sends; it breaks off after a mail if told so."""

    world: Mornings
    dies: bool = False
    is_down: bool = False
    sent: list[tuple[str, Mail, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, channel: str, mail: Mail, **about: Any) -> None:
        if self.is_down:
            raise TransientError("the mail server does not answer")
        self.sent.append((channel, mail, about))
        if self.dies:
            raise SystemExit("died behind the mail")

    def sweep(self) -> Sent:
        settings = self.world.load_settings()
        with connect(
            settings.require_supabase(), seconds_left=lambda: 60.0, clock=lambda: self.world.now
        ) as store:
            return ReportMails(
                store, self, settings, clock=lambda: self.world.now, seconds_left=lambda: 60.0
            ).sweep()

    @property
    def subjects(self) -> list[str]:
        return [mail.subject for _, mail, _ in self.sent]


@pytest.fixture
def outbox(world: Mornings, week: Week) -> Outbox:
    """The outbox of the plant north, which has told `managers` nothing yet; Tuesday is over."""
    world.report["send_to"] = ["managers"]
    world.channels["managers"] = MAILBOX
    week.output("PRESS-01", 912, "2026-03-10T08:00:00")
    week.quality("PRESS-01", 900, 12, "2026-03-10T09:00:00")
    week.downtime("PRESS-01", "Jam", 45, "2026-03-10T10:00:00")
    return Outbox(world)


def test_a_morning_is_mailed_once(world: Mornings, outbox: Outbox) -> None:
    world.morning()

    assert outbox.sweep() == Sent(sent=1)
    assert outbox.sweep() == Sent()

    [(channel, mail, about)] = outbox.sent
    assert (channel, about["key"]) == ("managers", "report/north/2026-03-10/managers/0")
    assert mail.subject == "north, Tue 10 March: 95% of plan, OEE 75.0%, $260 lost"
    # 45 minutes of 480 = $90, 12 units = $30; 912 units take 364.8 minutes, which leaves 70.2 = $140.40
    first = mail.text.splitlines()[0].replace("\u00a0", " ")
    assert first == (
        "Plant north made 912 of 960 planned units on Tuesday, 10 March 2026 (95%), OEE 75.0%. "
        "It lost 45 min to stops ($90), 1 h 10 min that nothing explains ($140) and 12 units of scrap ($30)."
    )


def test_a_report_made_again_tells_nothing(world: Mornings, outbox: Outbox) -> None:
    world.morning()
    outbox.sweep()

    world.ask()
    world.ask(date="2026-03-10")
    world.next_morning()  # which looks at Tuesday again, and is Wednesday's own

    assert outbox.sweep() == Sent(sent=1)
    assert [about["key"] for _, _, about in outbox.sent][1] == "report/north/2026-03-11/managers/0"


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        pytest.param(10, Sent(sent=1, unchanged=1), id="below the threshold"),
        pytest.param(150, Sent(sent=2), id="above it"),
    ],
)
def test_late_rows_are_told_if_they_change_the_day_enough(
    world: Mornings, outbox: Outbox, week: Week, units: int, expected: Sent
) -> None:
    world.report["resend_above"] = 0.15
    world.morning()
    outbox.sweep()
    week.output("PRESS-01", units, "2026-03-10T11:00:00")

    world.next_morning()

    assert outbox.sweep() == expected
    corrected = [subject for subject in outbox.subjects if subject.startswith("Corrected: ")]
    assert len(corrected) == expected.sent - 1
    for subject in corrected:
        assert "Tue 10 March: 111% of plan" in subject


def test_what_is_asked_for_by_hand_or_made_up_for_is_not_mailed(world: Mornings, outbox: Outbox) -> None:
    world.ask(from_date="2026-03-08", until_date="2026-03-10")
    assert outbox.sweep() == Sent()

    world.morning()  # the scheduler's own call of the morning still tells it
    assert outbox.sweep() == Sent(sent=1)


def test_a_day_on_which_nothing_was_planned_is_not_mailed(world: Mornings, outbox: Outbox) -> None:
    world.store.execute("update public.shift_targets set days_of_week = '{2}'")
    world.next_morning()

    assert outbox.sweep() == Sent()


def test_a_day_without_data_is_mailed_and_corrected_when_its_rows_come(
    world: Mornings, outbox: Outbox, week: Week
) -> None:
    world.next_morning()
    outbox.sweep()
    week.output("PRESS-01", 900, "2026-03-11T08:00:00")
    world.next_morning()

    outbox.sweep()
    assert outbox.subjects[0] == "north, Wed 11 March: no data came from the plant"
    assert outbox.subjects[1].startswith("Corrected: north, Wed 11 March: 94% of plan")


def test_a_death_behind_the_mail_sends_it_again_with_the_same_key(world: Mornings, outbox: Outbox) -> None:
    world.morning()
    outbox.dies = True
    with pytest.raises(SystemExit):
        outbox.sweep()
    outbox.dies = False

    assert outbox.sweep() == Sent()  # the lease still holds
    world.now += 3 * A_MINUTE
    assert outbox.sweep() == Sent(sent=1)
    first, second = outbox.sent
    assert first == second


def test_a_channel_that_is_down_gets_one_mail_when_it_is_back(world: Mornings, outbox: Outbox) -> None:
    world.morning()
    outbox.is_down = True
    assert outbox.sweep() == Sent(again=1)
    assert outbox.sweep() == Sent()
    world.now += A_MINUTE
    assert outbox.sweep() == Sent(again=1)

    outbox.is_down = False
    world.now += 2 * A_MINUTE
    assert outbox.sweep() == Sent(sent=1)
    assert len(outbox.sent) == 1


def test_a_plant_without_send_to_has_no_mails(world: Mornings, outbox: Outbox) -> None:
    world.report.clear()
    world.morning()

    assert world.rows("select * from public.report_mails") == []
    assert outbox.sweep() == Sent()


def test_health_sends_the_report_to_a_real_mailbox_a_minute_later(world: Mornings, outbox: Outbox) -> None:
    def ping(*_: object, **__: object) -> None: ...

    health = HealthService(
        connect,
        Watch(connect, open_channel, ping),
        load_settings=world.load_settings,
        clock=lambda: world.now,
    )
    with running() as mailbox:
        world.channels["managers"] = MAILBOX | {"port": mailbox.smtp_port, "encryption": "off"}
        world.morning()
        world.now += A_MINUTE
        health.event({"scheduled_time": world.now.isoformat()})
        health.event({"scheduled_time": world.now.isoformat()})

        (mail,) = [one for one in mailbox.mails() if "of plan" in one.subject]

    assert outbox.sent == []
    assert mail.recipients == ("chief@example.com",)
    assert mail.subject == "north, Tue 10 March: 95% of plan, OEE 75.0%, $260 lost"
    assert "PRESS-01" in mail.text or "Press 1" in mail.text
    assert "<table" in mail.html
