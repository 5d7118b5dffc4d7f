"""Mail to real SMTP servers on loopback, and to servers that break off, drip or refuse."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from devstack.mailbox import running
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.channels.channel import Step
from plantpulse.alerts.notices import Delivery
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.settings import ChannelSettings
from tests.alerts.conftest import (
    LONG,
    SHORT,
    Authority,
    drip,
    line_from,
    mail_settings,
    notice,
    secret,
    talking,
)

PASSWORD = "hunter2-hunter2"
LOGIN = ("plantpulse", PASSWORD)


def send(settings: ChannelSettings, seconds_left: Callable[[], float] = LONG, **other: Any) -> Delivery:
    return open_channel("office", settings).send(notice(**other), seconds_left)


def steps(settings: ChannelSettings, seconds_left: Callable[[], float] = LONG) -> list[tuple[str, str]]:
    return [(step.name, step.state) for step in open_channel("office", settings).probe(seconds_left)]


def with_login(port: int, authority: Authority, password: str = PASSWORD, **other: Any) -> ChannelSettings:
    given: dict[str, Any] = {
        "host": "localhost",
        "encryption": "starttls",
        "user": "plantpulse",
        "secret": secret(password),
        "ca_file": authority.file,
    }
    return mail_settings(port, **given | other)


def test_a_mail_arrives_with_text_and_html() -> None:
    with running() as mailbox:
        delivery = send(mail_settings(mailbox.smtp_port), html="<p>Two polls are missing.</p>")

        (mail,) = mailbox.mails()
    assert delivery == Delivery()
    assert (mail.sender, mail.recipients) == ("alerts@example.com", ("ada@example.com",))
    assert mail.subject == "No data from north since 05:15"
    assert mail.text == "Two polls are missing.\nLook at the SQL Server.\n"
    assert mail.html == "<p>Two polls are missing.</p>\n"
    assert mail.message["Auto-Submitted"] == "auto-generated"


def test_a_login_comes_after_starttls_with_a_verified_certificate(authority: Authority) -> None:
    with running(login=LOGIN, tls=authority.context("localhost")) as mailbox:
        settings = with_login(mailbox.smtp_port, authority)

        send(settings)

        assert len(mailbox.mails(to="ada@example.com")) == 1
        assert steps(settings) == [(name, "ok") for name in ("dns", "tcp", "smtp", "tls", "login")]
        assert len(mailbox.mails()) == 1


@pytest.mark.parametrize("password", ["wrong", "nicht-dieß"])
def test_a_wrong_password_is_one_clear_line_without_the_password(authority: Authority, password: str) -> None:
    with (
        running(login=LOGIN, tls=authority.context("localhost")) as mailbox,
        pytest.raises(ChannelRefused) as refused,
    ):
        send(with_login(mailbox.smtp_port, authority, password))

    assert str(refused.value) == (
        "channel office: localhost refuses the login of plantpulse: check user and CHANNEL_SECRET__OFFICE "
        "(535 5.7.8 Authentication credentials invalid)"
    )
    assert refused.value.stopped_at == "login"


@pytest.mark.parametrize(
    ("names", "ca_is_given", "told"),
    [
        (("elsewhere.example",), True, "the certificate of localhost is refused"),
        (("localhost",), False, "or set ca_file to the authority behind it"),
    ],
)
def test_a_certificate_that_cannot_be_trusted_is_refused_before_the_password_is_sent(
    authority: Authority, names: tuple[str, ...], ca_is_given: bool, told: str
) -> None:
    ca_file: dict[str, Any] = {} if ca_is_given else {"ca_file": None}

    with (
        running(login=LOGIN, tls=authority.context(*names)) as mailbox,
        pytest.raises(ChannelRefused) as refused,
    ):
        send(with_login(mailbox.smtp_port, authority, **ca_file))

    assert told in str(refused.value)
    assert refused.value.stopped_at == "tls"


def test_a_server_without_starttls_gets_no_password(authority: Authority) -> None:
    with running() as mailbox, pytest.raises(ChannelRefused, match="offers no STARTTLS"):
        send(with_login(mailbox.smtp_port, authority))

    assert mailbox.mails() == []


def test_tls_from_the_start_is_spoken(authority: Authority) -> None:
    def implicit(client: socket.socket) -> None:
        with authority.context("localhost").wrap_socket(client, server_side=True) as tls:
            accept_mail(tls)

    with talking(implicit) as server:
        delivery = send(
            mail_settings(server.port, host="localhost", encryption="tls", ca_file=authority.file)
        )

    assert delivery == Delivery()


def test_one_refused_recipient_stops_nobody_else() -> None:
    refused = {
        "gone@example.com": "550 no such user",
        "full@example.com": "452 mailbox full",
        "odd@example.com": "999 what",
    }
    people = ("ada@example.com", "Gone <gone@example.com>", "full@example.com", "odd@example.com")

    with running(refused=refused) as mailbox:
        delivery = send(mail_settings(mailbox.smtp_port, to=people))

        (mail,) = mailbox.mails()
    assert mail.recipients == ("ada@example.com",)
    assert delivery.refused == {"gone@example.com": "550 no such user"}
    assert delivery.postponed == {"full@example.com": "452 mailbox full", "odd@example.com": "999 what"}


@pytest.mark.parametrize(
    ("reply", "error"), [("550 no such user", ChannelRefused), ("450 greylisted", ChannelUnavailable)]
)
def test_a_mail_that_nobody_may_have_fails(reply: str, error: type[Exception]) -> None:
    with (
        running(refused={"ada@example.com": reply}) as mailbox,
        pytest.raises(error, match=rf"ada@example\.com \({reply}\)"),
    ):
        send(mail_settings(mailbox.smtp_port))

    assert mailbox.mails() == []


def test_other_recipients_can_be_given() -> None:
    with running() as mailbox:
        settings = mail_settings(mailbox.smtp_port)

        open_channel("office", settings, to=("grace@example.com",)).send(notice(), LONG)

        assert [mail.recipients for mail in mailbox.mails()] == [("grace@example.com",)]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Şişli Üretim", "İzmir hattı durdu: Çelik, Ğ, ı"),
        ("Εργοστάσιο Πάτρας", "Η γραμμή σταμάτησε από τις 05:15"),
        ("東京工場", "プレス機3号が05:15から停止しています"),
    ],
)
def test_names_of_any_alphabet_arrive_as_they_are(name: str, title: str) -> None:
    with running() as mailbox:
        settings = mail_settings(
            mailbox.smtp_port, sender=f"{name} <alerts@example.com>", to=(f"{name} <ada@example.com>",)
        )

        send(settings, title=title, text=title, html=f"<p>{title}</p>")

        (mail,) = mailbox.mails()
    assert mail.subject == title
    assert (mail.text, mail.html) == (f"{title}\n", f"<p>{title}</p>\n")
    assert mail.message["From"].addresses[0].display_name == name
    assert mail.message["To"].addresses[0].display_name == name


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\u2028", "\x00"])
def test_no_title_can_add_a_header_or_end_the_mail(end: str) -> None:
    with running() as mailbox:
        title = f"Stop{end}Bcc: eve@example.com{end}.{end}MAIL FROM:<eve@example.com>"

        send(mail_settings(mailbox.smtp_port), title=title, text=f"one{end}.{end}QUIT")

        (mail,) = mailbox.mails()
    assert mail.message["Bcc"] is None
    assert mail.recipients == ("ada@example.com",)
    assert mail.subject.startswith("Stop")
    assert "Bcc: eve@example.com" in mail.subject
    assert mail.text.endswith("QUIT\n")


def accept_mail(client: socket.socket, last: str = "250 kept") -> None:
    """Take one mail, and answer its end with `last`; nothing at all if it is empty."""
    client.sendall(b"220 script\r\n")
    while command := line_from(client).split()[0].upper():
        client.sendall({b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(command, b"250 OK\r\n"))
        if command == b"DATA":
            while line_from(client) != b".\r\n":
                pass
            if not last:
                return
            client.sendall(f"{last}\r\n".encode())
        if command == b"QUIT":
            return


def never_answer(client: socket.socket) -> None:
    while client.recv(4096):
        pass


def drip_greeting(client: socket.socket) -> None:
    drip(client, b"220-come in\r\n", b"220 done\r\n")
    accept_mail(client)


def drip_handshake(client: socket.socket) -> None:
    client.sendall(b"220 script\r\n")
    line_from(client)
    client.sendall(b"250-script\r\n250 STARTTLS\r\n")
    line_from(client)
    client.sendall(b"220 go on\r\n")
    drip(client, b"\x16\x03\x03\x40\x00" + b"\x00" * 400)


def stop_reading(client: socket.socket) -> None:
    client.sendall(b"220 script\r\n")
    for reply in (b"250 OK\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"):
        line_from(client)
        client.sendall(reply)
    drip(client, b"\0")


@pytest.mark.parametrize(
    ("script", "encryption"),
    [
        (never_answer, "off"),
        (drip_greeting, "off"),
        (drip_handshake, "starttls"),
        (never_answer, "tls"),
        (stop_reading, "off"),
    ],
)
def test_a_call_ends_by_its_time_whatever_the_server_does(
    script: Callable[[socket.socket], None], encryption: str
) -> None:
    with talking(script) as server, pytest.raises(ChannelUnavailable) as unavailable:
        send(mail_settings(server.port, encryption=encryption), SHORT, text="long\n" * 200_000)

    assert "127.0.0.1 did not answer completely within 0.5 s" in str(unavailable.value)


def test_a_flood_of_replies_ends() -> None:
    def flood(client: socket.socket) -> None:
        while True:
            client.sendall(b"220-more\r\n" * 1000)

    with talking(flood) as server, pytest.raises(ChannelUnavailable, match="ended the connection"):
        send(mail_settings(server.port))


def test_a_server_that_breaks_off_after_the_text_may_have_it_and_gets_the_same_mail_again() -> None:
    with talking(lambda client: accept_mail(client, "")) as server, pytest.raises(ChannelUnavailable) as lost:
        send(mail_settings(server.port))
    with running() as mailbox:
        send(mail_settings(mailbox.smtp_port))
        send(mail_settings(mailbox.smtp_port))

        first, second = mailbox.mails()

    assert "ended the connection" in str(lost.value)
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message.as_bytes() == second.message.as_bytes()


@pytest.mark.parametrize(
    ("reply", "error"),
    [("554 looks like spam", ChannelRefused), ("451 try later", ChannelUnavailable)],
)
def test_what_the_server_says_of_the_text_decides(reply: str, error: type[Exception]) -> None:
    with talking(lambda client: accept_mail(client, reply)) as server, pytest.raises(error, match=reply):
        send(mail_settings(server.port))


def test_a_server_that_repeats_the_password_does_not_bring_it_into_the_message(authority: Authority) -> None:
    def echo(client: socket.socket) -> None:
        with authority.context("localhost").wrap_socket(client, server_side=True) as tls:
            tls.sendall(b"220 script\r\n")
            line_from(tls)
            tls.sendall(b"250-script\r\n250 AUTH PLAIN\r\n")
            tls.sendall(b"535 unknown: " + line_from(tls).strip() + b" " + PASSWORD.encode() + b"\r\n")

    with talking(echo) as server, pytest.raises(ChannelRefused) as refused:
        send(with_login(server.port, authority, encryption="tls"))

    assert "535 unknown: AUTH PLAIN (hidden) (hidden)" in str(refused.value)


def test_a_login_that_is_refused_is_not_tried_in_another_way(authority: Authority) -> None:
    asked: list[bytes] = []

    def refuse(client: socket.socket) -> None:
        with authority.context("localhost").wrap_socket(client, server_side=True) as tls:
            tls.sendall(b"220 script\r\n")
            line_from(tls)
            tls.sendall(b"250-script\r\n250 AUTH CRAM-MD5 PLAIN LOGIN\r\n")
            while command := line_from(tls).split()[0]:
                asked.append(command)
                tls.sendall(b"535 no\r\n")

    with talking(refuse) as server, pytest.raises(ChannelRefused):
        send(with_login(server.port, authority, encryption="tls"))

    assert asked == [b"AUTH"]


def test_the_steps_end_where_the_way_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    probed = open_channel("office", mail_settings(port)).probe(LONG)

    assert [(step.name, step.state) for step in probed] == [("dns", "ok"), ("tcp", "failed")]
    assert probed[-1] == Step(
        "tcp",
        "failed",
        f"channel office: port {port} of 127.0.0.1 does not answer (Connection refused): "
        "check host and port, and the firewall between here and there",
    )


def test_mails_of_one_alert_are_one_thread_in_any_order() -> None:
    with running() as mailbox:
        settings = mail_settings(mailbox.smtp_port)
        send(settings, key="a/1", thread="a")
        send(settings, key="a/2", thread="a", occasion="resolved", is_first=False)
        send(settings, key="b/1", thread="b", severity="critical")

        first, second, other = (mail.message for mail in mailbox.mails())

    assert first["References"] == second["References"] == second["In-Reply-To"]
    assert first["In-Reply-To"] is None
    assert len({first["Message-ID"], second["Message-ID"], other["Message-ID"]}) == 3
    assert first["References"] != other["References"]
    assert (first["Importance"], other["Importance"]) == (None, "high")
