"""Looks, signatures and sweeps at the same moment: nothing fails, nothing is counted or sent twice."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from devstack.access import SupabaseAccess
from tests.database.alerting import BEGIN, Plant, firing, look
from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import claim, commit, event, fence
from tests.patience import ENDS_S

APPLY = "select public.watch_alerts(%s, now()) -> 'alerts' as changed"


def at_once(supabase: SupabaseAccess, threads: int, work: Callable[[Connection, int], Any]) -> list[Any]:
    """Let so many connections work at the same moment; return what each came to."""
    barrier = threading.Barrier(threads)
    with ExitStack() as stack, ThreadPoolExecutor(threads) as pool:
        connections = [stack.enter_context(supabase.connect()) for _ in range(threads)]

        def begin(number: int) -> Any:
            barrier.wait(timeout=ENDS_S)
            return work(connections[number], number)

        return list(pool.map(begin, range(threads)))


def ask(connection: Connection, query: str, *arguments: Any) -> Any:
    row = connection.execute(query.encode(), arguments).fetchone()
    assert row is not None
    (answer,) = row.values()
    return answer


def test_1200_simultaneous_looks_at_a_few_things_count_every_change_once(
    supabase: SupabaseAccess, database: Connection
) -> None:
    plants = ("northfield", "southfield", "eastfield")
    severities = ("info", "warning", "critical")

    def see(connection: Connection, number: int) -> Counter[str]:
        changes: Counter[str] = Counter()
        for turn in range(60):
            looks = [
                look(
                    *([] if (turn + number) % 3 == 0 else [firing(severity=severities[(turn + number) % 3])]),
                    plant=plant,
                )
                for plant in (plants if number % 2 else plants[::-1])
            ]
            changes.update(ask(connection, APPLY, Jsonb(looks)) or {})
        return changes

    changes: Counter[str] = sum(at_once(supabase, 20, see), Counter())

    rows = database.execute("select what, count(*) as number from public.alert_history group by 1").fetchall()
    noted = {row["what"]: row["number"] for row in rows}
    assert noted == {what: number for what, number in changes.items() if number}
    open_ones = database.execute(
        "select plant, count(*) as number from public.alerts where resolved_at is null group by 1"
    ).fetchall()
    assert all(row["number"] == 1 for row in open_ones)
    opened, resolved = noted["opened"] + noted.get("reopened", 0), noted["resolved"]
    assert opened - resolved == len(open_ones)


def test_20_simultaneous_sweeps_over_10000_due_send_each_once(
    supabase: SupabaseAccess, database: Connection
) -> None:
    plant = Plant(database)
    plant.claim()
    plant.see(
        *[look(*[firing(subject=str(n)) for n in range(100)], plant=f"plant_{one}") for one in range(100)]
    )

    def sweep(connection: Connection, number: int) -> list[int]:
        mine = Plant(connection, BEGIN, messages=1000 * number)
        sent: list[int] = []
        while items := (claimed := mine.claim())["items"]:
            sent += [item["notification_id"] for item in items]
            assert mine.mark(claimed) == {"marked": len(items)}
        return sent

    sent = [one for swept in at_once(supabase, 20, sweep) for one in swept]

    assert (len(sent), len(set(sent))) == (10_000, 10_000)
    assert plant.claim()["items"] == []
    row = database.execute("select count(*) as told from public.alert_history where what = 'told'").fetchone()
    assert row == {"told": 10_000}


@pytest.mark.usefixtures("members")
def test_commits_and_signatures_at_once_meet_in_no_deadlock(
    supabase: SupabaseAccess, service: Api, api_of: Callable[[str], Api], database: Connection, assets: object
) -> None:
    events = [event(source_id=str(number)) for number in range(20)]
    service.call("claim_run", p_claim=claim(1))
    service.call("record_safety_events", p_fence=fence(1), p_events=events, p_alert_severity="critical")
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit())
    subjects = [firing(subject=str(number)) for number in range(20)]
    service.call("watch_alerts", p_seen=[look(*subjects)])
    acknowledge = (
        "select public.acknowledge_alerts(array(select id from public.alerts order by %s * id), 'ada')"
    )
    sign = "select public.acknowledge_safety_events(array[%s, %s], 'ada')"
    operator = api_of("operator")

    def work(connection: Connection, number: int) -> list[str]:
        answers = []
        for turn in range(20):
            one, other = 1 + (turn + number) % 20, 1 + (turn * 7 + number) % 20
            match number % 6:
                case 0:
                    seen = [look(*subjects[turn % 20 :])]
                    answers.append(str(ask(connection, APPLY, Jsonb(seen))))
                case 1:
                    ids = f"in.({40 - turn},{one},{other},{20 + turn})"
                    answers.append(operator.update("alerts", {"is_acknowledged": True}, id=ids))
                case 2:
                    ids = f"in.({other},{one})"
                    answers.append(operator.update("safety_events", {"is_acknowledged": True}, id=ids))
                case 3:
                    ask(connection, acknowledge, (-1) ** turn)
                case 4:
                    ask(connection, sign, one, other)
                case _:
                    mine = Plant(connection, BEGIN, messages=1000 * number + turn)
                    mine.mark(mine.claim(limit=5))
                    # Back to the beginning, so that there is something to sign and to record.
                    connection.execute(
                        "update public.alerts set is_acknowledged = false where id = %s", (20 + one,)
                    )
                    changed = [event(source_id=str(number), details=str(turn)) for number in (one, other)]
                    record = "select public.record_safety_events(%s, %s, now(), 'critical')"
                    ask(connection, record, fence(1), Jsonb(changed))
        return answers

    answers = [answer for done in at_once(supabase, 12, work) for answer in done]

    assert [answer for answer in answers if answer not in ("rows", "nothing") and "{" not in answer] == [
        answer for answer in answers if answer == "None"
    ]


def test_who_acknowledges_an_alert_and_who_its_incident_at_once_do_not_wait_for_each_other(
    supabase: SupabaseAccess,
    service: Api,
    database: Connection,
    assets: object,
    members: None,
    api_of: Callable[[str], Api],
) -> None:
    ids = range(1, 41)
    service.call("claim_run", p_claim=claim(1))
    events = [event(source_id=str(number)) for number in ids]
    service.call("record_safety_events", p_fence=fence(1), p_events=events, p_alert_severity="critical")
    tables, operator = ("alerts", "safety_events"), api_of("operator")

    def sign(_connection: Connection, number: int) -> set[str]:
        table = tables[number % 2]
        return {operator.update(table, {"is_acknowledged": True}, id=f"eq.{one}") for one in ids}

    answers = set().union(*at_once(supabase, 8, sign))

    assert answers <= {"rows", "nothing"}
    row = database.execute(
        "select count(*) as number from public.alerts where resolved_at is null"
    ).fetchone()
    assert row == {"number": 0}
