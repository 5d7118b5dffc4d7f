"""The mails of a morning report: due with its commit, claimed by one, marked one by one."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import CLAIMED_AT, fence, report_claim, report_commit, summary
from tests.database.test_commit_morning_report import LATER, send, send_next

One = Callable[..., dict[str, Any]]
Count = Callable[[str], int]

NOW = "2026-11-23T12:01:00+00:00"
LEASE_OVER = "2026-11-23T12:03:00+00:00"
MUCH_LATER = "2026-11-23T18:00:00+00:00"


@pytest.fixture
def press(assets: dict[str, int]) -> int:
    return assets["PRESS-01"]


@pytest.fixture
def claimed(service: Api) -> None:
    """A running report with fence 1."""
    service.call("claim_run", p_claim=report_claim(1), p_now=CLAIMED_AT)


def day(*summaries: dict[str, Any], mail_to: Any = None, on: str = "2026-11-21") -> dict[str, Any]:
    told = {"report_date": on, "summaries": list(summaries)}
    return report_commit(days=[told if mail_to is None else {**told, "mail_to": mail_to}])


def take(service: Api, now: str = NOW, **changes: Any) -> dict[str, Any]:
    claim = {"plants": ["northfield"], "limit": 20, "lease_s": 120, **changes}
    answer: dict[str, Any] = service.call("claim_report_mails", p_claim=claim, p_now=now)
    return answer


def mark(service: Api, mail: dict[str, Any], outcome: str = "sent", now: str = NOW, **changes: Any) -> str:
    body = {name: mail[name] for name in ("id", "lease", "changes")}
    told = {"told": {"actual_output": 912}} if outcome == "sent" else {}
    answer = service.call(
        "mark_report_mail", p_mark={**body, "outcome": outcome, **told, **changes}, p_now=now
    )
    return str(answer["answer"])


def mails(database: Connection) -> list[dict[str, Any]]:
    return list(database.execute("select * from public.report_mails order by id").fetchall())


@pytest.mark.usefixtures("claimed")
def test_a_day_that_names_channels_makes_their_mails_due_with_its_commit(
    service: Api, press: int, database: Connection
) -> None:
    send(service, 1, day(summary(press), mail_to=["managers", "owners"]))

    found = mails(database)
    assert [(one["plant"], str(one["report_date"]), one["channel"]) for one in found] == [
        ("northfield", "2026-11-21", "managers"),
        ("northfield", "2026-11-21", "owners"),
    ]
    assert all(one["next_try_at"] == one["due_at"] and one["told"] is None for one in found)
    assert [one["changes"] for one in found] == [0, 0]


@pytest.mark.usefixtures("claimed")
def test_a_day_without_channels_makes_no_mail_due(service: Api, press: int, count: Count) -> None:
    send(service, 1, day(summary(press)))

    assert count("report_mails") == 0


@pytest.mark.usefixtures("claimed")
def test_a_commit_that_is_rolled_back_leaves_no_mail_due(service: Api, press: int, count: Count) -> None:
    body = day(summary(press), summary(press, target_output=-1), mail_to=["managers"])

    assert service.refusal("commit_morning_report", p_fence=fence(1), p_commit=body) == "23514"
    assert count("report_mails") == 0


@pytest.mark.usefixtures("claimed")
def test_a_claim_brings_the_mails_and_their_day_once(service: Api, press: int) -> None:
    send(service, 1, day(summary(press), mail_to=["managers", "owners"]))

    answer = take(service)

    assert [one["channel"] for one in answer["mails"]] == ["managers", "owners"]
    assert {one["attempts"] for one in answer["mails"]} == {1}
    [told] = answer["days"]
    assert (told["plant"], told["report_date"]) == ("northfield", "2026-11-21")
    assert [(one["name"], one["actual_output"]) for one in told["rows"]] == [("Press 1", 912)]
    assert take(service) == {"mails": [], "days": []}


@pytest.mark.usefixtures("claimed")
def test_a_day_comes_with_the_day_before_and_like_weekdays_of_its_plant_alone(
    service: Api, assets: dict[str, int], database: Connection
) -> None:
    for back in (0, 1, 2, 7, 14, 21, 28, 35):
        database.execute(
            """
            insert into public.daily_summaries (asset_id, report_date, actual_output, target_output)
            select id, date '2026-11-21' - %s::int, 1, 1
            from public.assets where source_name in ('PRESS-01', 'SAW-01')
            """,
            (back,),
        )
    database.execute("update public.assets set is_mapped = false where source_name = 'OVEN-02'")

    told = service.call("report_day", p_plant="northfield", p_date="2026-11-21")

    assert [one["report_date"] for one in told["rows"]] == [
        *("2026-11-21", "2026-11-20", "2026-11-14", "2026-11-07", "2026-10-31", "2026-10-24"),
    ]
    assert {one["asset_id"] for one in told["rows"]} == {assets["PRESS-01"]}


@pytest.mark.usefixtures("claimed")
def test_a_sent_mail_is_over_and_keeps_what_was_told(service: Api, press: int, one: One) -> None:
    send(service, 1, day(summary(press), mail_to=["managers"]))
    [mail] = take(service)["mails"]

    assert mark(service, mail) == "marked"

    row = one("select * from public.report_mails")
    assert (row["told"], row["next_try_at"], row["lease"], row["error"]) == (
        {"actual_output": 912},
        None,
        None,
        None,
    )
    assert row["told_at"] == datetime.fromisoformat(NOW)
    assert take(service, MUCH_LATER)["mails"] == []


@pytest.mark.usefixtures("claimed")
def test_a_report_made_again_without_a_change_tells_nothing(
    service: Api, press: int, database: Connection
) -> None:
    send(service, 1, day(summary(press), mail_to=["managers"]))
    [mail] = take(service)["mails"]
    mark(service, mail)
    before = mails(database)

    send_next(service, 2, day(summary(press), mail_to=["managers"]))
    send_next(service, 3, day(summary(press)))

    assert mails(database) == before
    assert take(service, MUCH_LATER)["mails"] == []


@pytest.mark.usefixtures("claimed")
def test_a_change_of_the_day_makes_its_mail_due_again(service: Api, press: int) -> None:
    send(service, 1, day(summary(press), mail_to=["managers"]))
    [mail] = take(service)["mails"]
    mark(service, mail)

    send_next(service, 2, day(summary(press, actual_output=500)))

    [again] = take(service, LATER)["mails"]
    assert (again["changes"], again["attempts"], again["told"]) == (1, 1, {"actual_output": 912})


@pytest.mark.usefixtures("claimed")
def test_a_change_of_another_day_or_plant_makes_nothing_due(
    service: Api, assets: dict[str, int], database: Connection
) -> None:
    send(service, 1, day(summary(assets["PRESS-01"]), mail_to=["managers"]))
    [mail] = take(service)["mails"]
    mark(service, mail)

    send_next(service, 2, day(summary(assets["PRESS-01"], actual_output=1), on="2026-11-20"))

    assert take(service, MUCH_LATER)["mails"] == []
    assert len(mails(database)) == 1


@pytest.mark.usefixtures("claimed")
def test_a_change_while_a_mail_is_being_sent_is_told_afterwards(service: Api, press: int) -> None:
    send(service, 1, day(summary(press), mail_to=["managers"]))
    [mail] = take(service)["mails"]
    send_next(service, 2, day(summary(press, actual_output=500)))

    assert take(service)["mails"] == []  # it is leased
    assert mark(service, mail) == "marked"

    [again] = take(service, MUCH_LATER)["mails"]
    assert (again["changes"], again["told"]) == (1, {"actual_output": 912})


@pytest.mark.usefixtures("claimed")
def test_a_death_between_send_and_mark_lets_the_next_one_send_with_the_same_key(
    service: Api, press: int, database: Connection
) -> None:
    send(service, 1, day(summary(press), mail_to=["managers"]))
    [first] = take(service)["mails"]

    assert take(service, "2026-11-23T12:02:59+00:00")["mails"] == []
    [second] = take(service, LEASE_OVER)["mails"]

    assert (second["id"], second["changes"], second["attempts"]) == (first["id"], first["changes"], 2)
    assert mark(service, first, now=LEASE_OVER) == "fenced"
    assert mails(database)[0]["told"] is None
    assert mark(service, second, now=LEASE_OVER) == "marked"
    assert mark(service, second, now=LEASE_OVER) == "fenced"  # a repeated call does nothing


@pytest.mark.usefixtures("claimed")
def test_a_mail_that_failed_waits_for_its_next_try(service: Api, press: int, one: One) -> None:
    send(service, 1, day(summary(press), mail_to=["managers"]))
    [mail] = take(service)["mails"]

    mark(service, mail, "again", next_try_at="2026-11-23T12:02:00+00:00", error="the server is busy")

    assert one("select error from public.report_mails")["error"] == "the server is busy"
    assert take(service, "2026-11-23T12:01:59+00:00")["mails"] == []
    [again] = take(service, "2026-11-23T12:02:00+00:00")["mails"]
    assert again["attempts"] == 2
    mark(service, again)
    assert one("select error from public.report_mails")["error"] is None


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("outcome", ["unchanged", "dropped"])
def test_what_is_not_sent_keeps_what_was_told(
    service: Api, press: int, database: Connection, outcome: str
) -> None:
    send(service, 1, day(summary(press), mail_to=["managers"]))
    [mail] = take(service)["mails"]
    mark(service, mail)
    send_next(service, 2, day(summary(press, actual_output=911)))
    [again] = take(service, LATER)["mails"]

    mark(service, again, outcome, now=LATER, error="no such channel")

    [row] = mails(database)
    assert (row["told"], row["next_try_at"], row["lease"]) == ({"actual_output": 912}, None, None)
    assert row["told_at"] == datetime.fromisoformat(NOW)
    assert row["error"] == (None if outcome == "unchanged" else "no such channel")


@pytest.mark.usefixtures("claimed")
def test_a_claim_takes_only_the_plants_of_its_caller_and_the_oldest_first(
    service: Api, press: int, database: Connection
) -> None:
    database.execute(
        """
        insert into public.report_mails (plant, report_date, channel, due_at, next_try_at)
        values
          ('southfield', '2026-11-21', 'a', '2026-11-23 11:00+00', '2026-11-23 11:00+00'),
          ('northfield', '2026-11-21', 'b', '2026-11-23 11:02+00', '2026-11-23 11:02+00'),
          ('northfield', '2026-11-21', 'c', '2026-11-23 11:01+00', '2026-11-23 11:01+00')
        """
    )

    assert [one["channel"] for one in take(service, limit=1)["mails"]] == ["c"]
    assert [one["channel"] for one in take(service)["mails"]] == ["b"]
    assert take(service, plants=[])["mails"] == []
    assert [one["channel"] for one in take(service, plants=["southfield"])["mails"]] == ["a"]


def test_twenty_claims_at_once_hand_out_each_mail_once(
    service: Api, api_of: Callable[[str], Api], database: Connection
) -> None:
    database.execute(
        """
        insert into public.report_mails (plant, report_date, channel, due_at, next_try_at)
        select 'northfield', '2026-11-21', 'c' || number, '2026-11-23 11:00+00', '2026-11-23 11:00+00'
        from generate_series(1, 200) as number
        """
    )

    def sweep(_: int) -> list[int]:
        sent: list[int] = []
        api = api_of("service_role")
        while found := take(api, limit=7)["mails"]:
            for mail in found:
                assert mark(api, mail) == "marked"
                sent.append(mail["id"])
        return sent

    with ThreadPoolExecutor(20) as pool:
        times = Counter(mail for sent in pool.map(sweep, range(20)) for mail in sent)

    assert len(times) == 200
    assert set(times.values()) == {1}
    assert {row["attempts"] for row in mails(database)} == {0}
    assert all(row["next_try_at"] is None for row in mails(database))


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("claim_report_mails", {"p_claim": {"plants": [], "limit": 0, "lease_s": 60}}),
        ("claim_report_mails", {"p_claim": {"plants": [], "limit": 1001, "lease_s": 60}}),
        ("claim_report_mails", {"p_claim": {"plants": [], "limit": 1}}),
        ("claim_report_mails", {"p_claim": {"plants": [], "limit": 1, "lease_s": 4000}}),
        ("mark_report_mail", {"p_mark": {"id": 1, "outcome": "lost"}}),
        ("mark_report_mail", {"p_mark": {"id": 1}}),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(
    service: Api, function: str, arguments: dict[str, Any]
) -> None:
    assert service.refusal(function, **arguments) == "22023"


def test_old_mails_are_removed(service: Api, database: Connection) -> None:
    database.execute(
        """
        insert into public.report_mails (plant, report_date, channel, due_at)
        values ('northfield', '2026-08-01', 'a', now()), ('northfield', '2026-11-21', 'a', now())
        """
    )
    batch = {"table": "report_mails", "keep_hours": 90 * 24, "limit": 10}

    answer = service.call("remove_expired", p_batch=batch, p_now=NOW)

    assert answer == {"expired": 1, "removed": 1, "resume_after": None}
    assert [str(row["report_date"]) for row in mails(database)] == ["2026-11-21"]


def test_a_plant_s_managers_see_its_mails_and_nobody_else(
    api_of: Callable[[str], Api], database: Connection, members: None
) -> None:
    database.execute(
        """
        insert into public.report_mails (plant, report_date, channel, due_at)
        values ('northfield', '2026-11-21', 'a', now()), ('southfield', '2026-11-21', 'a', now())
        """
    )

    seen = {
        role: [row["plant"] for row in api_of(role).rows("report_mails", order="id")]
        for role in ("viewer", "operator", "manager")
    }
    assert seen == {"viewer": [], "operator": [], "manager": ["northfield"]}
