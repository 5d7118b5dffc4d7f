"""`plantpulse channels`: who is told, and where a test message stops."""

import socket

import pytest

from devstack.mailbox import Mailbox, running
from tests.alerts.conftest import Authority, authority
from tests.cli.conftest import CommandLine

__all__ = ["authority"]  # a fixture

ADA, TOKEN, PASSWORD = "ada@example.com", "T0PSECRETTOKEN", "hunter2-hunter2"
PLANTS = "plants: {north: {time_zone: UTC}}\n"
CHANNELS = """\
channels:
  office: {kind: email, host: 127.0.0.1, port: %d, encryption: off, sender: a@b.c, to: [ada@example.com]}
  team: {kind: slack, allow_internal: true, least_severity: critical, plants: [north], rules: ["run_*"]}
  on_call: {kind: pagerduty, allow_internal: true, url: "%s/v2/enqueue"}
"""


def configure(bare: CommandLine, mailbox: Mailbox) -> None:
    bare.write("plantpulse.yaml", PLANTS + CHANNELS % (mailbox.smtp_port, mailbox.url))
    bare.environ |= {
        "CHANNEL_SECRET__TEAM": f"{mailbox.url}/services/{TOKEN}",
        "CHANNEL_SECRET__ON_CALL": "R0UT1NGKEY",
    }


def test_without_channels_nobody_is_told(bare: CommandLine) -> None:
    bare.write("plantpulse.yaml", PLANTS)

    assert bare("channels", "list").out == "no channels in plantpulse.yaml: nobody is told of alerts\n"
    assert bare("channels", "test").exit_code == 3


def test_the_list_tells_which_channel_lacks_its_secret(bare: CommandLine) -> None:
    with running() as mailbox:
        configure(bare, mailbox)
        del bare.environ["CHANNEL_SECRET__ON_CALL"]

        listed = bare("channels", "list", "--json").json["channels"]

    assert [(one["channel"], one["state"], one["missing"], one["target"]) for one in listed] == [
        ("office", "ready", None, ADA),
        ("team", "ready", None, None),
        ("on_call", "not_configured", "CHANNEL_SECRET__ON_CALL", "127.0.0.1"),
    ]


@pytest.mark.parametrize("columns", ["79", "60"])
def test_the_list_fits_narrow_terminals(bare: CommandLine, columns: str) -> None:
    with running() as mailbox:
        configure(bare, mailbox)
        bare.environ["COLUMNS"] = columns
        del bare.environ["CHANNEL_SECRET__ON_CALL"]

        shown = bare("channels", "list").out

    assert max(map(len, shown.splitlines())) <= int(columns)
    assert "CHANNEL_SECRET__ON_CALL" in shown
    assert TOKEN not in shown


def test_a_test_message_reaches_everybody_and_the_pager_rings_once(bare: CommandLine) -> None:
    with running() as mailbox:
        configure(bare, mailbox)

        tested = bare("channels", "test", "--json")

        (mail,) = mailbox.mails(to=ADA)
        slack, fired, resolved = (post.json for post in mailbox.posts())
    assert (tested.exit_code, tested.json["is_ok"]) == (0, True)
    assert [step["name"] for step in tested.json["channels"][0]["steps"]] == ["dns", "tcp", "smtp", "send"]
    assert tested.json["channels"][0]["steps"][-1]["message"] == f"sent to {ADA}"
    assert mail.subject == "plantpulse: a test of the channel office"
    assert "Nothing is wrong" in slack["attachments"][0]["text"]
    assert (fired["event_action"], resolved["event_action"]) == ("trigger", "resolve")
    assert fired["dedup_key"] == resolved["dedup_key"]
    assert TOKEN not in tested.out


def test_one_channel_and_another_recipient_can_be_named(bare: CommandLine) -> None:
    with running() as mailbox:
        configure(bare, mailbox)

        tested = bare("channels", "test", "office", "--to", "grace@example.com")

        assert [mail.recipients for mail in mailbox.mails()] == [("grace@example.com",)]
        assert mailbox.posts() == []
    assert tested.exit_code == 0
    assert "sent to grace@example.com" in tested.out


@pytest.mark.parametrize("columns", ["79", "60"])
def test_a_wrong_password_stops_at_the_login_with_one_clear_line(
    bare: CommandLine,
    authority: Authority,
    columns: str,
) -> None:
    with running(login=("plantpulse", PASSWORD), tls=authority.context("localhost")) as mailbox:
        mail = f"host: localhost, port: {mailbox.smtp_port}, ca_file: {authority.file}, user: plantpulse"
        office = f"office: {{kind: email, {mail}, sender: a@example.com, to: [{ADA}]}}"
        bare.write("plantpulse.yaml", f"{PLANTS}channels: {{{office}}}")
        bare.environ |= {"CHANNEL_SECRET__OFFICE": "wr0ngpassword", "COLUMNS": columns}

        tested = bare("channels", "test")

        assert mailbox.mails() == []
    lines = tested.out.splitlines()
    assert tested.exit_code == 1
    assert [line.split()[:2] for line in lines[1:6]] == [
        ["ok", "dns"], ["ok", "tcp"], ["ok", "smtp"], ["ok", "tls"], ["FAIL", "login"],
    ]  # fmt: skip
    assert max(map(len, lines)) <= int(columns)
    assert "refuses the login of plantpulse: check user and CHANNEL_SECRET__OFFICE" in " ".join(
        tested.out.split()
    )
    assert "wr0ngpassword" not in tested.out


def test_a_server_that_is_not_there_stops_at_tcp(bare: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    bare.write("plantpulse.yaml", PLANTS + CHANNELS % (port, "https://events.example"))

    tested = bare("channels", "test", "office", "--json")

    (office,) = tested.json["channels"]
    assert (tested.exit_code, office["is_sent"]) == (1, False)
    assert [(step["name"], step["state"]) for step in office["steps"]] == [("dns", "ok"), ("tcp", "failed")]


def test_a_refused_recipient_is_told_though_the_others_have_the_mail(bare: CommandLine) -> None:
    with running(refused={ADA: "550 no such user"}) as mailbox:
        configure(bare, mailbox)
        mail = f"host: 127.0.0.1, port: {mailbox.smtp_port}, encryption: off, sender: a@example.com"
        bare.write(
            "plantpulse.yaml",
            f"{PLANTS}channels: {{office: {{kind: email, {mail}, to: [{ADA}, g@example.com]}}}}",
        )

        tested = bare("channels", "test", "--json")

        assert [one.recipients for one in mailbox.mails()] == [("g@example.com",)]
    (office,) = tested.json["channels"]
    assert tested.exit_code == 1
    assert office["steps"][-1] == {
        "name": "send",
        "state": "failed",
        "message": f"not accepted for {ADA} (550 no such user); the others have it",
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody"], "there is no channel nobody in the settings; known channels: office, on_call, team"),
        (["team", "--to", ADA], "to: is for mail; team is of another kind"),
        (["office", "--to", "ada"], "to: must be a mail address"),
    ],
)
def test_a_wrong_call_sends_nothing(bare: CommandLine, arguments: list[str], told: str) -> None:
    with running() as mailbox:
        configure(bare, mailbox)

        refused = bare("channels", "test", *arguments)

        assert (mailbox.mails(), mailbox.posts()) == ([], [])
    assert refused.exit_code == 2
    assert told in " ".join(refused.err.split())
