"""What must arrive, and when, at real servers on loopback: mail with a login, sinks that refuse or hang."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import trustme
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from devstack.mailbox import running
from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.urgent import telling
from plantpulse.entry.service import Service
from plantpulse.settings import ChannelSettings, Settings, SupabaseSettings
from tests.alerts.conftest import Authority, drip, mail_settings, secret, talking
from tests.functions.conftest import NOON_IN_CHICAGO, QUARTER, Floor, World
from tests.functions.ends import (
    OK,
    Deployment,
    Elsewhere,
    MailEnd,
    always,
    closed_port,
    mail_end,
    never_answer,
    sink,
    webhook,
)

LOGIN = ("plantpulse", "hunter2-hunter2")
PEOPLE = ("ada@example.com", "gone@example.com", "full@example.com")
DOWN = {"rule": "overdue", "severity": "critical", "is_told_when_over": True}


def with_login(port: int, authority: Authority, **other: Any) -> ChannelSettings:
    given: dict[str, Any] = {
        "host": "localhost",
        "encryption": "starttls",
        "user": LOGIN[0],
        "secret": secret(LOGIN[1]),
        "ca_file": authority.file,
    }
    return mail_settings(port, **given | other)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that a channel's `ca_file` names."""
    ca, file = trustme.CA(), tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return Authority(ca, file)


@pytest.fixture
def mail() -> Iterator[MailEnd]:
    with mail_end() as end:
        yield end


@pytest.fixture
def owner(supabase: SupabaseAccess) -> Iterator[psycopg.Connection[DictRow]]:
    with supabase.connect() as connection:
        yield connection


class Polled(World):
    """A plant whose polls tell what is urgent."""

    channels: dict[str, ChannelSettings]

    def load_settings(self) -> Settings:
        return replace(super().load_settings(), channels=self.channels)

    def open_store(self, settings: SupabaseSettings, /, **arguments: Any) -> Any:
        return database.connect(settings, **arguments)

    def service(self) -> Service[Any]:
        service = super().service()
        service.tell_urgent = telling(open_channel, lambda: self.now)
        return service

    def call_health(self) -> None:
        """Call health as the scheduler does, for the same plant at the same instant."""
        told = Deployment(self.supabase, self.channels)
        told.see_as(self.load_settings(), self.now)


def polled(world: World, **channels: ChannelSettings) -> Polled:
    found = Polled(world.supabase, world.store, world.reader, world.encryption)
    found.channels = channels
    return found


def test_an_incident_is_a_mail_before_the_polls_answer_and_who_was_postponed_gets_it_alone_later(
    world: World,
    floor: Floor,
    trusted: Authority,
) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    refused = {"gone@example.com": "550 no such user", "full@example.com": "452 mailbox full"}

    with running(login=LOGIN, tls=trusted.context("localhost"), refused=refused) as mailbox:
        plant = polled(
            world, office=with_login(mailbox.smtp_port, trusted, to=PEOPLE, rules=("safety_event",))
        )
        status, report = plant.tick()
        at_once = mailbox.mails()
        plant.now += QUARTER / 15
        plant.call_health()
        still_full = mailbox.mails()
        del refused["full@example.com"]
        plant.now += QUARTER / 15
        plant.call_health()
        plant.now += QUARTER / 15
        plant.call_health()

        later = mailbox.mails()[1:]
    assert (status, report["outcome"]) == (200, "succeeded")
    assert [mail.recipients for mail in at_once] == [("ada@example.com",)]
    assert at_once[0].subject == "Safety incident at Press 1: Safety Issue, north, since 11:50 CDT"
    assert still_full == at_once
    assert [mail.recipients for mail in later] == [("full@example.com",)]
    assert later[0].subject == at_once[0].subject


def test_a_full_mailbox_holds_up_nobody_else(
    supabase: SupabaseAccess, owner: psycopg.Connection[DictRow]
) -> None:
    with running(refused={"full@example.com": "452 mailbox full"}) as mailbox:
        told = Deployment(supabase, {"office": mail_settings(mailbox.smtp_port, to=PEOPLE[::2])})
        told.runs(8, sees=lambda minute: ("no_output",) if minute < 7 else ("no_output", "run_failed"))

        subjects = [mail.subject.split()[0] for mail in mailbox.mails()]
    assert subjects == ["No", "The"]  # the second is of the failed run
    assert owner.execute("select 1 from public.alerts where rule = 'channel_failing'").fetchall() == []


def test_a_late_pipeline_is_told_within_a_minute_and_its_recovery_once(
    world: World, floor: Floor, mail: MailEnd
) -> None:
    floor.output("PRESS-01", 30, "11:50:00")
    plant = polled(world, office=mail_settings(mail.port, rules=("overdue",)))
    plant.tick()
    told: list[tuple[int, str]] = []
    for minute in range(1, 55):
        plant.now = NOON_IN_CHICAGO + QUARTER / 15 * minute
        if minute == 20:
            plant.tick(NOON_IN_CHICAGO + QUARTER)
        if minute in {30, 45}:
            plant.tick(NOON_IN_CHICAGO + QUARTER * (minute // 15))
        before = len(mail.mails)
        plant.call_health()
        told += [(minute, subject) for subject in mail.subjects()[before:]]

    assert [(minute, subject.split()[0]) for minute, subject in told] == [(17, "No"), (25, "Over:")]


def test_a_chat_that_wants_patience_is_tried_again_when_it_says(supabase: SupabaseAccess) -> None:
    busy = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 180\r\n\r\n"
    with sink(busy, OK) as end:
        told = Deployment(supabase, {"own": webhook(end.port)})

        arrived = told.minutes_of(8, lambda: len(end.ids), always("no_output"))

    assert arrived == [1, 4]
    assert end.ids[0] == end.ids[1]


def test_a_sink_that_fails_is_tried_again_more_and_more_rarely(supabase: SupabaseAccess) -> None:
    with sink(b"HTTP/1.1 500 Oops\r\n\r\n") as end:
        told = Deployment(supabase, {"own": webhook(end.port)})

        arrived = told.minutes_of(35, lambda: len(end.ids), always("no_output"))

    assert arrived == [1, 2, 3, 5, 9, 17, 27]
    assert len(set(end.ids)) == 1


def test_a_redirect_inwards_is_not_followed_and_is_reported_on_another_channel(
    supabase: SupabaseAccess, mail: MailEnd
) -> None:
    with sink(OK) as inside:
        target = f"http://127.0.0.1:{inside.port}/latest/meta-data".encode()
        with sink(b"HTTP/1.1 302 Found\r\nLocation: " + target + b"\r\n\r\n") as end:
            told = Deployment(supabase, {"own": webhook(end.port), "office": mail_settings(mail.port)})

            told.runs(8, sees=always("no_output"))

            assert len(end.ids) == 1
        assert inside.ids == []
    assert [subject.split()[:3] for subject in mail.subjects()] == [
        ["No", "output", "from"],
        ["The", "channel", "own"],
    ]


@pytest.mark.parametrize("is_silent", [True, False], ids=["says nothing", "drips"])
def test_a_server_that_takes_for_ever_stops_no_other_channel(
    supabase: SupabaseAccess, mail: MailEnd, is_silent: bool
) -> None:
    slow = never_answer if is_silent else lambda client: drip(client, b"220-come in\r\n")
    with talking(slow) as server:
        channels = {"slow": mail_settings(server.port), "office": mail_settings(mail.port)}
        told = Deployment(supabase, channels, timeout_s=20)

        told.runs(1, sees=always("no_output"))

        assert server.connections == 1
    assert len(mail.mails) == 1


def test_channels_that_nobody_answers_on_do_not_starve_the_first_or_the_last(
    supabase: SupabaseAccess, mail: MailEnd
) -> None:
    dead = closed_port()
    many = {f"dead{number}": mail_settings(dead) for number in range(10)}
    first, last = mail_settings(mail.port, to=("first@example.com",)), mail_settings(mail.port)
    told = Deployment(supabase, {"first": first, **many, "last": last}, timeout_s=30)

    told.runs(1, sees=always("no_output"))

    assert [str(one["To"]) for one in mail.mails] == ["first@example.com", "ada@example.com"]


def test_a_wrong_password_is_tried_once_and_not_once_an_alert(
    supabase: SupabaseAccess, trusted: Authority
) -> None:
    tried = 0
    with running(login=LOGIN, tls=trusted.context("localhost")) as mailbox:
        wrong = with_login(mailbox.smtp_port, trusted, secret=secret("wrong"))

        def counting(name: str, settings: ChannelSettings, /, *, to: tuple[str, ...] = ()) -> Any:
            nonlocal tried
            tried += 1
            return open_channel(name, settings, to=to)

        told = Deployment(supabase, {"office": wrong}, open_channel=counting)
        told.runs(9, sees=always("no_output", "run_failed", "run_slow"))

        assert tried == 1
        told.runs(2, sees=always("no_output", "run_failed", "run_slow"))
    assert tried == 2


def test_after_a_broken_connection_the_same_mail_comes_again_and_its_end_is_told(
    supabase: SupabaseAccess, mail: MailEnd
) -> None:
    told = Deployment(supabase, {"office": mail_settings(mail.port)})
    mail.after = lambda _client: None  # it has the text, and breaks off

    told.runs(1, sees=always("no_output"))
    mail.after = None
    told.runs(3, sees=always("no_output"))

    first, second = mail.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_what_ended_after_a_lost_answer_is_told_as_over(supabase: SupabaseAccess, mail: MailEnd) -> None:
    told = Deployment(supabase, {"office": mail_settings(mail.port)})
    mail.after = lambda _client: None

    told.runs(1, sees=always("no_output"))
    mail.after = None
    told.runs(12, sees=always())

    assert [subject.split()[0] for subject in mail.subjects()] == ["No", "Over:"]


def test_a_process_that_dies_between_claim_and_send_loses_nothing(
    supabase: SupabaseAccess, mail: MailEnd
) -> None:
    told = Deployment(supabase, {"office": mail_settings(mail.port)})
    elsewhere = Elsewhere(told)
    told.minute = 1
    told.sees("no_output")
    mail.before = elsewhere.kill

    assert elsewhere.sweep() == [-9]
    mail.before = None
    arrived = told.minutes_of(4, lambda: len(mail.mails), always("no_output"))

    assert arrived == [3]


def test_a_process_that_dies_between_send_and_mark_doubles_with_the_same_message_id(
    supabase: SupabaseAccess, mail: MailEnd
) -> None:
    told = Deployment(supabase, {"office": mail_settings(mail.port)})
    elsewhere = Elsewhere(told)
    told.minute = 1
    told.sees("no_output")
    mail.after = elsewhere.kill

    assert elsewhere.sweep() == [-9]
    mail.after = None
    arrived = told.minutes_of(4, lambda: len(mail.mails), always("no_output"))

    assert arrived == [3]
    first, second = mail.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_two_processes_at_once_send_nothing_twice(supabase: SupabaseAccess) -> None:
    with sink(OK) as end:
        told = Deployment(supabase, {"own": webhook(end.port, most_per_hour=1000)}, plants=120)
        for plant in told.settings.plants:
            told.sees("no_output", plant=plant)

        assert Elsewhere(told).sweep(at_once=2) == [0, 0]
        told.runs(2)

    assert len(end.ids) == len(set(end.ids)) == 120


def test_a_storm_over_a_thousand_plants_is_told_within_five_minutes(supabase: SupabaseAccess) -> None:
    with running() as mailbox:
        told = Deployment(supabase, {"office": mail_settings(mailbox.smtp_port)}, plants=1000)
        with told.store() as store:
            store.watch_alerts(
                [
                    {
                        "scope": "pipeline",
                        "plant": plant,
                        "rules": ["run_failed"],
                        "firing": [DOWN | {"rule": "run_failed"}],
                    }
                    for plant in told.settings.plants
                ]
            )
        told.runs(4)

        subjects = [mail.subject for mail in mailbox.mails()]
    assert len(subjects) == 30
    assert subjects[-1] == "971 alerts at once"


def test_a_channel_that_was_down_for_a_day_gets_one_message(supabase: SupabaseAccess, mail: MailEnd) -> None:
    told = Deployment(supabase, {"office": mail_settings(mail.port, rules=("no_output",))})
    mail.before = lambda _client: None
    for told.minute in range(0, 1440, 30):
        told.sees("no_output")
        told.sweep()
    mail.before = None

    told.runs(20, sees=always("no_output"))

    assert len(mail.mails) == 1


def test_a_poll_succeeds_within_its_time_although_its_channel_never_answers(
    world: World, floor: Floor, mail: MailEnd
) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    mail.before = never_answer
    plant = polled(world, office=mail_settings(mail.port, rules=("safety_event",)))
    plant.pulse = {"timeout_s": 20}

    status, report = plant.tick()
    mail.before = None
    plant.now += QUARTER / 15
    plant.call_health()

    assert (status, report["outcome"]) == (200, "succeeded")
    assert report["duration_ms"] < 20_000
    assert [subject.split(":")[0] for subject in mail.subjects()] == ["Safety incident at Press 1"]
