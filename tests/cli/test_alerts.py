"""`plantpulse alerts`: what is wrong, who was told, signing, silences and how loud it all is."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devstack.mailbox import running
from tests.cli.conftest import CommandLine
from tests.functions.conftest import Floor, World

DESK = """\
channels:
  desk: {kind: email, host: 127.0.0.1, encryption: "off", sender: a@b.example, to: [a@b.example, b@b.example]}
"""


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def opened(world: World, rule: str = "no_output", **changes: Any) -> int:
    """Write an alert of plant north and what happened to it, and return its id."""
    row = {
        "rule": rule, "plant": "north", "scope": "live_pulse", "subject": "", "severity": "warning",
        "facts": json.dumps({"asset": "Press 1", "slots": 4}), "opened_at": ago(30), "resolved_at": None,
    } | changes  # fmt: skip
    found = world.store.execute(
        """
        with opened as (
          insert into public.alerts
            (rule, plant, scope, subject, severity, facts, opened_at, observed_at, last_seen_at, resolved_at)
          values (%(rule)s, %(plant)s, %(scope)s, %(subject)s, %(severity)s, %(facts)s, %(opened_at)s,
            %(opened_at)s, %(opened_at)s, %(resolved_at)s)
          returning *
        ), noted as (
          insert into public.alert_history (alert_id, at, what, severity)
          select id, opened_at, 'opened', severity from opened
          union all select id, resolved_at, 'resolved', null from opened where resolved_at is not null
        )
        select id from opened
        """,
        row,
    ).fetchone()
    assert found is not None
    number: int = found["id"]
    return number


def told(world: World, alert_id: int, at: datetime, key: str, occasion: str = "fired") -> None:
    world.store.execute(
        "insert into public.alert_history (alert_id, at, what, channel, message_key, occasion) "
        "values (%s, %s, 'told', 'desk', %s, %s)",
        (alert_id, at, key, occasion),
    )


def ids(cli: CommandLine, *arguments: str) -> list[int]:
    return [one["id"] for one in cli("alerts", "list", "--json", *arguments).json["alerts"]]


def test_open_alerts_are_listed_worst_first_in_the_words_of_their_messages(
    cli: CommandLine, world: World
) -> None:
    later = opened(world, subject="PAINT-01", opened_at=ago(5))
    first = opened(world)
    worst = opened(world, "overdue", severity="critical", opened_at=ago(1), facts="{}")
    opened(world, "stuck", resolved_at=ago(2))

    lines = cli("alerts").out.splitlines()

    assert ids(cli) == [worst, first, later]
    assert lines[1].startswith(f"{worst:>5}  critical  No success of the poll, north, since ")
    assert lines[2].startswith(f"{first:>5}  warning   No output from Press 1, north, since ")
    assert " CDT " in lines[2] or " CST " in lines[2]


def test_the_words_are_of_the_plants_language(cli: CommandLine, world: World) -> None:
    settings = (cli.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    cli.write("plantpulse.yaml", settings.replace("    time_zone", "    language: de\n    time_zone", 1))
    opened(world)
    opened(world, "channel_failing", plant="(no plant)", facts='{"channel": "desk"}')

    titles = [one["title"] for one in cli("alerts", "--json").json["alerts"]]

    assert any(title.startswith("Keine Stückzahl von Press 1, north, seit ") for title in titles)
    assert any(title.startswith("The channel desk takes no messages, all plants, since ") for title in titles)


def test_filters_leave_out_what_does_not_answer_to_them(cli: CommandLine, world: World) -> None:
    over = opened(world, "stuck", opened_at=ago(120), resolved_at=ago(100))
    here = opened(world, severity="info")
    opened(world, "overdue", plant="south")

    assert ids(cli, "--plant", "north") == [here]
    assert ids(cli, "--rule", "no-output") == [here]
    assert ids(cli, "--severity", "info") == [here]
    assert ids(cli, "--all", "--plant", "north") == [here, over]
    assert ids(cli, "--all", "--plant", "north", "--since", "1h") == [here]
    assert ids(cli, "--all", "--limit", "1", "--rule", "stuck") == [over]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["alerts"], "no open alerts: all is well"),
        (["alerts", "--all"], "no alerts: all is well"),
        (["alerts", "--rule", "stuck"], "no such alerts"),
        (["alerts", "silences"], "no silences: every alert is told"),
        (["alerts", "history"], "no alert yet: all is well"),
        (["alerts", "history", "--what", "told"], "nothing such happened"),
    ],
)
def test_an_empty_list_says_that_all_is_well(
    cli: CommandLine, world: World, command: list[str], words: str
) -> None:
    result = cli(*command)

    assert (result.exit_code, result.out) == (0, f"{words}\n")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["list", "--rule", "no_outputs"], "there is no rule no_outputs; did you mean no_output?"),
        (["history", "--plant", "nort"], "there is no plant nort; did you mean north?"),
        (["report", "--plant", "nort"], "there is no plant nort; did you mean north?"),
        (["show", "77"], "there is no alert 77; `plantpulse alerts list --all` lists them"),
        (["ack", "1", "77"], "there is no alert 77; nothing was acknowledged"),
        (["unsilence", "77"], "there is no silence 77; `plantpulse alerts silences` lists them"),
        (
            ["silence", "77", "--for", "2h", "--why", "works"],
            "there is no alert 77; `plantpulse alerts list` lists them",
        ),
        (
            ["silence", "--fingerprint", "live_pulse/nort/no_output", "--for", "2h", "--why", "works"],
            "there is no alert with the fingerprint live_pulse/nort/no_output; "
            "did you mean live_pulse/north/no_output?",
        ),
        (
            ["silence", "--for", "2h", "--why", "works"],
            "say what: an alert's id, --fingerprint, --rule or --plant",
        ),
        (["silence", "1", "--why", "works"], "say how long: either --for 2h or --until TIME"),
        (
            ["silence", "1", "--why", "works", "--for", "2h", "--until", "2099-01-01"],
            "say how long: either --for 2h or --until TIME",
        ),
        (["silence", "1", "--why", "works", "--until", "2001-01-01"], "must end in the future"),
        (["silence", "1", "--why", "works", "--for", "91d"], "a silence lasts 90 days at most"),
        (["silence", "1", "--why", " ", "--for", "2h"], "must say why, in 1 to 1000 characters"),
        (["silence", "1", "--why", "works", "--for", "2h", "--by", " "], "a signature needs a name"),
        (["ack", "1", "--by", " "], "a signature needs a name"),
        (["report", "--until", "2001-01-01"], "must be after the begin of the span"),
    ],
)
def test_what_is_wrong_is_refused_with_2_and_changes_nothing(
    cli: CommandLine, world: World, command: list[str], message: str
) -> None:
    opened(world)

    result = cli("alerts", *command, "--json")

    assert result.exit_code == 2
    assert result.json["error"]["message"] == message
    assert world.rows("select id from public.silences") == []
    assert world.rows("select id from public.alerts where is_acknowledged") == []


@pytest.mark.parametrize("length", ["2", "h", "two hours", "-2h"])
def test_a_span_that_is_none_is_refused(bare: CommandLine, length: str) -> None:
    result = bare("alerts", "silence", "1", "--why", "works", f"--for={length}")

    assert (result.exit_code, result.out) == (2, "")
    assert "is not a span such as 30m, 2h or 7d" in result.err


def test_one_alert_is_shown_with_facts_what_to_do_channels_and_history(
    cli: CommandLine, world: World
) -> None:
    number = opened(world)
    told(world, number, ago(29), "a")
    world.store.execute(
        "insert into public.notifications (alert_id, channel, told, told_at, told_times, attempts, error) "
        "values (%s, 'desk', 'fired', now(), 1, 0, null), (%s, 'pager', null, null, 0, 3, 'refused: 403')",
        (number, number),
    )
    cli("alerts", "silence", str(number), "--for", "2h", "--why", "New die", "--by", "Ada")

    result, found = (
        cli("alerts", "show", str(number)),
        cli("alerts", "show", str(number), "--json").json["alert"],
    )

    assert [one["channel"] for one in found["notifications"]] == ["desk", "pager"]
    assert [one["what"] for one in found["history"]] == ["opened", "told"]
    for words in (
        "No output from Press 1, north, since ",
        "Empty slots  4",
        "Ask at the machine; if it was planned to stand still, correct the targets.",
        "failed, try 3: refused: 403",
        "told desk: fired",
        ": New die",
        "live_pulse/north/no_output",
    ):
        assert words in result.out


def test_acknowledging_signs_all_or_none_and_the_first_signer_stays(cli: CommandLine, world: World) -> None:
    first, second = opened(world), opened(world, subject="PAINT-01")
    cli("alerts", "ack", str(first), "--by", "Ada")

    again = cli("alerts", "ack", str(first), str(second), "--by", "Bob")

    assert again.exit_code == 0
    lines = again.out.splitlines()
    assert lines[1].split()[-4:] == ["was", "acknowledged", "before", "Ada"]
    assert lines[2].split()[-2:] == ["acknowledged", "Bob"]
    assert "incident" not in again.out


def test_the_alert_of_an_incident_acknowledges_the_incident_and_says_so(
    cli: CommandLine, world: World, floor: Floor
) -> None:
    floor.downtime("PRESS-01", "Guard open", 12, "08:10:00")
    world.settings["safety_reason_codes"] = {"Guard open": "critical"}
    world.tick()
    [number] = ids(cli, "--rule", "safety_event")
    [event] = world.rows("select id from public.safety_events")

    result = cli("alerts", "ack", str(number), "--by", "Ada")

    assert f"The incident is acknowledged too: safety event {event['id']}" in result.out
    [event] = world.rows("select is_acknowledged, acknowledged_by_name from public.safety_events")
    assert event == {"is_acknowledged": True, "acknowledged_by_name": "Ada"}
    assert ids(cli, "--rule", "safety_event") == []


def test_the_alerts_of_a_plant_that_is_gone_can_be_ended(cli: CommandLine, world: World) -> None:
    gone = [opened(world, rule, plant="old_north") for rule in ("overdue", "stuck")]
    stays = opened(world, "overdue")

    shown = cli("alerts", "end", "--plant", "old_north", "--dry-run", "--json").json
    still_open = ids(cli)
    ended = cli("alerts", "end", "--plant", "old_north", "--by", "Ada", "--json").json

    assert (shown["is_written"], sorted(one["id"] for one in shown["alerts"])) == (False, gone)
    assert sorted(still_open) == [*gone, stays]
    assert (ended["is_written"], [one["id"] for one in ended["alerts"]]) == (True, gone)
    assert ids(cli) == [stays]
    history = cli("alerts", "history", "--what", "resolved", "--json").json["history"]
    assert [(one["alert_id"], one["by_name"]) for one in history] == [(gone[1], "Ada"), (gone[0], "Ada")]
    again = cli("alerts", "end", "--plant", "old_north")
    assert (again.exit_code, again.out) == (0, "no such open alerts\n")


def test_alerts_are_ended_by_id_all_or_none_and_incidents_by_a_signature(
    cli: CommandLine, floor: Floor, world: World
) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    world.tick()
    [incident] = ids(cli, "--rule", "safety_event")
    one, other = opened(world, "stuck", plant="old_north"), opened(world, "overdue", resolved_at=ago(1))

    refused = cli("alerts", "end", str(one), str(other))
    before = ids(cli)
    ended = cli("alerts", "end", str(one), str(incident))

    assert refused.exit_code == 2
    assert f"there is no open alert {other}; nothing was ended" in " ".join(refused.err.split())
    assert one in before
    assert ended.exit_code == 0
    assert f"plantpulse alerts ack {incident}" in " ".join(ended.out.split())
    assert one not in ids(cli)
    assert incident in ids(cli)


@pytest.mark.parametrize("arguments", [[], ["1", "--plant", "north"], ["1", "--rule", "stuck"]])
def test_what_to_end_is_named_in_one_way(bare: CommandLine, arguments: list[str]) -> None:
    assert bare("alerts", "end", *arguments).exit_code == 2


def test_a_channel_that_takes_a_test_message_fails_no_longer(cli: CommandLine, world: World) -> None:
    facts = '{"channel": "desk"}'
    alert = opened(
        world, "channel_failing", plant="(all plants)", scope="channels", subject="desk", facts=facts
    )
    world.store.execute(
        """
        insert into public.alert_channels (name, first_seen_at, failing_since, failures, next_try_at, error)
        values ('desk', now(), now(), 7, now() + interval '10 minutes', 'no answer')
        """
    )
    settings = (cli.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    with running() as mailbox:
        desk = DESK.replace("127.0.0.1,", f"127.0.0.1, port: {mailbox.smtp_port},")
        cli.write("plantpulse.yaml", settings + desk)
        elsewhere = cli("channels", "test", "desk", "--to", "grace@example.com")
        untouched = ids(cli)
        tested = cli("channels", "test", "desk")

    assert (elsewhere.exit_code, untouched) == (0, [alert])
    assert tested.exit_code == 0
    assert "The alert that desk fails has ended." in tested.out
    assert ids(cli) == []
    [row] = world.rows("select failing_since, failures, next_try_at::text, error from public.alert_channels")
    assert list(row.values()) == [None, 0, "-infinity", None]


def test_a_silence_says_what_it_holds_back_and_ends_when_somebody_says_so(
    cli: CommandLine, world: World
) -> None:
    held, other = opened(world), opened(world, "stuck")

    made = cli("alerts", "silence", "--rule", "no_output", "--for", "2h", "--why", "New die", "--by", "Ada")
    [silence] = cli("alerts", "silences", "--json").json["silences"]
    listed = {one["id"]: one["silenced_by"] for one in cli("alerts", "--json").json["alerts"]}
    ended = cli("alerts", "unsilence", str(silence["id"]), "--json").json["silence"]
    again = cli("alerts", "unsilence", str(silence["id"]), "--json").json["silence"]

    assert made.out.startswith(f"silence {silence['id']}: no messages about no_output of every plant until ")
    assert [line.split()[0] for line in made.out.splitlines()[2:]] == [str(held)]
    assert (silence["alert_ids"], silence["why"], silence["created_by_name"]) == ([held], "New die", "Ada")
    assert listed == {held: [silence["id"]], other: []}
    assert (ended["is_changed"], again["is_changed"]) == (True, False)
    assert cli("alerts", "silences").out == "no silences: every alert is told\n"
    assert len(cli("alerts", "silences", "--all", "--json").json["silences"]) == 1


def test_a_dry_run_of_a_silence_writes_nothing(cli: CommandLine, world: World) -> None:
    held = opened(world)
    until = ago(-180).isoformat()

    answer = cli(
        "alerts", "silence", str(held), "--until", until, "--why", "New die", "--dry-run", "--json"
    ).json

    assert (answer["is_written"], answer["silence"]["id"], answer["silence"]["fingerprint"]) == (
        False,
        None,
        "live_pulse/north/no_output",
    )
    assert [one["id"] for one in answer["alerts"]] == [held]
    assert world.rows("select id from public.silences") == []


def test_history_is_newest_first_and_can_be_filtered(cli: CommandLine, world: World) -> None:
    number = opened(world, resolved_at=ago(2))
    told(world, number, ago(29), "a")
    opened(world, "overdue", plant="south", opened_at=ago(200), severity="critical")

    def seen(*filters: str) -> list[str]:
        return [one["what"] for one in cli("alerts", "history", "--json", *filters).json["history"]]

    assert seen() == ["resolved", "told", "opened", "opened"]
    assert seen("--plant", "north", "--what", "opened") == ["opened"]
    assert seen("--severity", "critical") == ["opened"]
    assert seen("--channel", "desk") == ["told"]
    assert seen("--rule", "no_output", "--limit", "1") == ["resolved"]
    assert seen("--since", "1h") == ["resolved", "told", "opened"]
    assert "told desk: fired" in cli("alerts", "history").out


def test_a_report_says_which_channel_is_too_loud_and_what_to_do(cli: CommandLine, world: World) -> None:
    settings = (cli.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    cli.write("plantpulse.yaml", settings + DESK)
    hour = ago(180).replace(minute=0, second=0, microsecond=0)
    number = opened(world, opened_at=hour)
    for minute in range(2, 9):  # seven
        told(world, number, hour + timedelta(minutes=minute), str(minute), "repeat")
    told(world, number, hour + timedelta(minutes=20), "end", "resolved")

    result, found = cli("alerts", "report"), cli("alerts", "report", "--json").json

    [channel] = found["by_channel"]
    assert (channel["messages"], channel["alarms"], channel["is_over"]) == (8, 7, True)
    assert channel["recipients"] == ["a@b.example", "b@b.example"]
    assert (found["total"]["alerts"], found["total"]["notify_p50_s"]) == (1, 120)
    assert (
        "desk: over EEMUA 191's bound of 6 alarms an hour in 1 hour for each of its 2 recipients, "
        "the worst with 7 from " in result.out
    )
    assert "The loudest rule is no_output of north (7 of 7): mend what it reports" in result.out


def test_six_alarms_an_hour_are_within_the_bound(cli: CommandLine, world: World) -> None:
    hour = ago(180).replace(minute=0, second=0, microsecond=0)
    number = opened(world, opened_at=hour)
    for minute in range(6):
        told(world, number, hour + timedelta(minutes=minute), str(minute), "repeat")

    found = cli("alerts", "report", "--json").json

    assert [one["is_over"] for one in found["by_channel"]] == [False]
    assert found["advice"] == []
    assert "EEMUA" not in cli("alerts", "report").out


def test_a_span_without_alerts_is_well(cli: CommandLine, world: World) -> None:
    assert cli("alerts", "report").out.endswith("no alerts in this span: all is well\n")


@pytest.mark.parametrize("columns", [120, 80, 60])
def test_what_matters_is_on_every_terminal(cli: CommandLine, world: World, columns: int) -> None:
    begin = ago(30)
    number = opened(world, opened_at=begin)
    told(world, number, begin + timedelta(minutes=1), "a")
    why = ["--why", "New die in the second press", "--by", "Ada"]
    cli("alerts", "silence", "--rule", "no_output", "--for", "2h", *why)
    cli("alerts", "ack", str(number), "--by", "Ada Byron")

    def shown(*arguments: str) -> str:
        out = cli.terminal("alerts", *arguments, columns=columns).out
        assert [line for line in out.splitlines() if len(line) > columns] == []
        return " ".join(out.split())

    for arguments, words in {
        ("list",): ["warning", "No output from Press 1,", "Ada Byron"],
        ("show", "1"): ["What to do", "Empty slots", "acknowledged by Ada Byron"],
        ("silences",): ["no_output of every plant", "New die in the second press"],
        ("history",): ["told desk: fired", "acknowledged by Ada Byron", "No output from Press 1,"],
        ("report",): ["no_output", "north", "desk", "1 min"],
    }.items():
        text = shown(*(str(number) if one == "1" else one for one in arguments))
        assert [word for word in words if word not in text] == []
