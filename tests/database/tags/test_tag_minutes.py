"""Minutes are what a plain reckoning of their samples says, in whatever order the samples come."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.tags.polled import at, group_claim, make_group, put, sample, seconds

TYPES = ("float32", "uint32", "string", "bool", "int64")
One = Callable[..., dict[str, Any]]


def call(database: Connection, function: str, body: dict[str, Any], now: float) -> dict[str, Any]:
    row = database.execute(
        f"select public.{function}(%s, %s) as answer".encode(), (Jsonb(body), at(now))
    ).fetchone()
    assert row is not None
    answer: dict[str, Any] = row["answer"]
    return answer


@st.composite
def samples(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a sample of a group with one tag of each type, any of them bad."""
    if draw(st.integers(0, 9)) == 0:
        return {"v": None, "b": draw(st.sampled_from([1, 2]))}
    narrow: list[Any] = [draw(st.integers(-999, 999)) / 8, None, None, draw(st.integers(0, 1)), None]
    big = draw(st.sampled_from([5, -7, 2**53 + 1]))
    wide: list[Any] = [
        None,
        draw(st.integers(0, 2**32 - 1)),
        None,
        None,
        big if draw(st.booleans()) else None,
    ]
    texts = {"3": draw(st.sampled_from(["run", "", "Ş"]))}
    if wide[4] is None or abs(big) > 2**53:
        texts["5"] = str(big)
    qualities = {}
    for position in range(1, 6):
        if draw(st.integers(0, 4)) == 0:
            qualities[str(position)] = draw(st.sampled_from([3, 5]))
            narrow[position - 1] = wide[position - 1] = None
            texts.pop(str(position), None)
        elif draw(st.integers(0, 9)) == 0:
            qualities[str(position)] = 7
    # As a burst sends it: an array without a number is not sent.
    sent = [None if numbers == [None] * 5 else numbers for numbers in (narrow, wide)]
    return {"v": sent[0], "w": sent[1], "t": texts, "q": qualities, "b": 0}


def reckoned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return of each tag its lowest, highest, mean, number and bad ones."""
    found = []
    for position in range(1, 6):
        figures, number, bad = [], 0, 0
        for row in rows:
            key = str(position)
            if row.get("b"):
                bad += 1
                continue
            narrow, wide = (row[name] or [None] * 5 for name in ("v", "w"))
            value = wide[position - 1] if wide[position - 1] is not None else narrow[position - 1]
            text = row["t"].get(key)
            if value is None and text is not None and position == 5:
                value = float(text)
            if value is not None:
                figures.append(float(value))
            number += value is not None or text is not None
            bad += row["q"].get(key, 0) not in (0, 7)
        found.append(
            {
                "low": min(figures, default=None),
                "high": max(figures, default=None),
                "mean": sum(figures) / len(figures) if figures else None,
                "count": number,
                "bad": bad,
            }
        )
    return found


@given(rows=st.lists(samples(), min_size=1, max_size=12), late=st.data())
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_minutes_equal_a_plain_reckoning(
    database: Connection, rows: list[dict[str, Any]], late: st.DataObject
) -> None:
    with database.transaction(force_rollback=True):
        group_id = make_group(database, "Press", *TYPES)
        database.execute("update public.tags set created_at = %s", (at(-60),))
        call(database, "claim_tag_groups", group_claim(1, lease_s=600), 0)
        on_time = late.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
        placed = [sample(group_id, slot, **row) for slot, row in enumerate(rows)]
        first = [row for row, is_early in zip(placed, on_time, strict=True) if is_early]
        rest = [row for row, is_early in zip(placed, on_time, strict=True) if not is_early]
        call(database, "put_tag_samples", put(1, *first, lease_s=600), 30)
        call(database, "put_tag_samples", put(1, lease_s=600), 71)
        call(database, "put_tag_samples", put(1, *rest, lease_s=600), 200)

        for position, expected in enumerate(reckoned(rows), start=1):
            told = database.execute(
                "select public.tag_history('northfield', 'Press', %s, %s, %s, 'minute') as answer",
                (f"T{position}", at(0), at(60)),
            ).fetchone()
            assert told is not None
            found = {name: told["answer"][name][0] for name in expected}
            # A mean of reals is a real: seven digits.
            mean = expected["mean"] and pytest.approx(expected["mean"], rel=1e-6, abs=1e-6)
            assert found == {**expected, "mean": mean}, position


def test_a_minute_is_worked_out_ten_seconds_after_its_end(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    group_id = make_group(database)
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))

    for now, minutes in ((69, 0), (70, 1)):
        body = put(1, sample(group_id, 59, 1.5), sample(group_id, 60, 2.5), lease_s=600)
        service.call("put_tag_samples", p_put=body, p_now=at(now))
        assert count("tag_minutes") == minutes


def test_the_last_minute_of_a_group_that_stops_is_worked_out(
    service: Api, database: Connection, one: One
) -> None:
    group_id = make_group(database)
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))

    body = put(1, sample(group_id, 1, 1.5), sample(group_id, 2, 2.5), ended=[group_id])
    service.call("put_tag_samples", p_put=body, p_now=at(3))

    assert one("select rows, lows, highs, means, counts, bads from public.tag_minutes") == {
        "rows": 2, "lows": [1.5], "highs": [2.5], "means": [2], "counts": None, "bads": None,
    }  # fmt: skip


def test_a_minute_without_a_good_sample_says_so(service: Api, database: Connection, one: One) -> None:
    group_id = make_group(database, "Press", "float32", "string")
    database.execute("update public.tags set created_at = %s", (at(-60),))
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))

    body = put(1, *(sample(group_id, slot, v=None, b=1) for slot in range(3)), ended=[group_id])
    service.call("put_tag_samples", p_put=body, p_now=at(3))

    assert one("select rows, means, wide_means, counts, bads from public.tag_minutes") == {
        "rows": 3, "means": [None, None], "wide_means": None, "counts": [0, 0], "bads": [3, 3],
    }  # fmt: skip


def history(service: Api, tag: str, start: float, until: float, resolution: str = "auto") -> dict[str, Any]:
    told: dict[str, Any] = service.call(
        "tag_history", p_plant="northfield", p_group="Press", p_tag=tag, p_from=at(start), p_until=at(until),
        p_resolution=resolution,
    )  # fmt: skip
    return told


def test_history_says_values_as_they_are(service: Api, database: Connection) -> None:
    group_id = make_group(database, "Press", *TYPES)
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    good = sample(
        group_id, 1, 12.3, None, None, 1, None, w=[None, 4294967295, None, None, None],
        t={"3": "7", "5": "9007199254740993"},
    )  # fmt: skip
    rows = [good, sample(group_id, 2, v=None, b=2), sample(group_id, 3, q={"1": 3, "2": 3})]
    service.call("put_tag_samples", p_put=put(1, *rows), p_now=at(4))

    told = {tag: history(service, tag, 0, 9) for tag in ("T1", "T2", "T3", "T4", "T5")}

    assert [one["values"] for one in told.values()] == [
        [12.3, None, None], [4294967295, None, None], ["7", None, None], [True, None, None],
        [9007199254740993, None, None],
    ]  # fmt: skip
    assert told["T1"]["qualities"] == [0, 2, 3]
    assert [seconds(instant) for instant in told["T1"]["at"]] == [1, 2, 3]
    assert (told["T1"]["resolution"], told["T1"]["low"]) == ("raw", None)
    [values] = service.call("tag_values", p_plant="northfield")["groups"]
    assert (values["group"], seconds(values["slot"])) == ("Press", 3)
    assert [(one["name"], one["value"], one["quality"]) for one in values["tags"][:2]] == [
        ("T1", None, 3), ("T2", None, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("data_type", ["int16", "float32", "bool", "int64"])
@pytest.mark.parametrize(("text", "told"), [("Oak", "Oak"), ("", ""), ("007", 7), ("1e", "1e"), ("-5", -5)])
def test_a_text_of_a_tag_that_became_a_number_stops_no_other_value(
    service: Api, database: Connection, data_type: str, text: str, told: object
) -> None:
    make_group(database, "Oven", "float32")
    group_id = make_group(database, "Press", "string", "float32")
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    row = sample(group_id, 1, None, 2.5, t={"1": text})
    service.call("put_tag_samples", p_put=put(1, row), p_now=at(2))
    database.execute("update public.tags set data_type = %s where name = 'T1'", (data_type,))

    groups = service.call("tag_values", p_plant="northfield")["groups"]

    assert [one["group"] for one in groups] == ["Oven", "Press"]
    assert [one["value"] for one in groups[1]["tags"]] == [told, 2.5]
    assert history(service, "T1", 0, 9)["values"] == [told]


def test_history_is_never_cut_and_refuses_what_is_too_much(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    database.execute(
        """
        insert into public.tag_samples (group_id, slot, "values")
        select %s, %s::timestamptz + n * interval '1 s', array[n] from generate_series(0, 200000) as n
        """,
        (group_id, at(0)),
    )

    assert len(history(service, "T1", 0, 200_000, "raw")["values"]) == 200_000
    refused = service.client.post(
        "/rpc/tag_history",
        json={
            "p_plant": "northfield", "p_group": "Press", "p_tag": "T1",
            "p_from": at(0), "p_until": at(200_001), "p_resolution": "raw",
        },
    )  # fmt: skip
    assert (refused.status_code, refused.json()["message"]) == (
        400, "the span has more than 200000 points: ask for a shorter one, or for minutes",
    )  # fmt: skip
    assert history(service, "T1", 0, 5000)["resolution"] == "raw"
    assert history(service, "T1", 0, 50_000)["resolution"] == "minute"


def test_history_of_what_is_no_longer_kept_is_told_in_minutes(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    database.execute(
        "insert into public.tag_minutes (group_id, rows, minute, means) values (%s, 60, %s, '{3.5}')",
        (group_id, at(-600)),
    )
    database.execute(
        'insert into public.tag_samples (group_id, slot, "values") values (%s, %s, array[1])',
        (group_id, at(0)),
    )

    told = history(service, "T1", -900, 60)

    assert (told["resolution"], told["mean"], told["count"]) == ("minute", [3.5], [60])
    assert history(service, "T1", -60, 60)["resolution"] == "raw"


@pytest.mark.usefixtures("members")
def test_nobody_sees_the_history_of_another_plant(api_of: Callable[[str], Api], database: Connection) -> None:
    make_group(database)
    asked = {"p_plant": "northfield", "p_group": "Press", "p_tag": "T1", "p_from": at(0), "p_until": at(60)}

    assert api_of("viewer").call("tag_history", **asked)["values"] == []
    for role in ("stranger", "neighbour"):
        assert api_of(role).refusal("tag_history", **asked) == "P0001"
        assert api_of(role).call("tag_status", p_plant="northfield")["groups"] == []
        assert api_of(role).call("tag_values", p_plant="northfield")["groups"] == []
    assert api_of("anon").refusal("tag_history", **asked) == "42501"


def test_json_has_no_more_digits_than_a_real_has(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    database.execute(
        'insert into public.tag_samples (group_id, slot, "values") values (%s, %s, array[0.1])',
        (group_id, at(0)),
    )

    assert '"values" : [0.1]' in json.dumps(history(service, "T1", -1, 1)).replace('": [', '" : [')


def store(database: Connection, group_id: int, slot: float, value: float) -> None:
    database.execute(
        'insert into public.tag_samples (group_id, slot, "values") values (%s, %s, array[%s])',
        (group_id, at(slot), value),
    )


def test_a_mean_too_small_for_its_column_is_0(service: Api, database: Connection, one: One) -> None:
    group_id = make_group(database)
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    rows = [sample(group_id, slot, value) for slot, value in enumerate((1.4e-45, 0, 0, 0))]

    answer = service.call("put_tag_samples", p_put=put(1, *rows, ended=[group_id]), p_now=at(4))

    assert answer["stored"] == 4
    assert one("select means, highs::text from public.tag_minutes") == {"means": [0], "highs": "{1e-45}"}


@pytest.mark.parametrize(
    ("values", "low", "high", "mean"),
    [
        ((1e200, -1e200, 1), -1e200, 1e200, None),
        ((1.7e308, 1.7e308), 1.7e308, 1.7e308, None),
        ((5e-324, 0, 0, 0), 0, 5e-324, 0),
        ((1e149, 3e149), 1e149, 3e149, 2e149),
    ],
)
def test_a_minute_with_any_double_is_worked_out(
    service: Api, database: Connection, values: tuple[float, ...], low: float, high: float, mean: float | None
) -> None:
    group_id = make_group(database, "Press", "float64")
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    rows = [sample(group_id, slot, v=None, w=[value]) for slot, value in enumerate(values)]

    service.call("put_tag_samples", p_put=put(1, *rows, ended=[group_id]), p_now=at(9))

    told = history(service, "T1", 0, 60, "minute")
    assert (told["low"], told["high"], told["mean"]) == ([low], [high], [mean])


def test_a_minute_that_cannot_be_worked_out_costs_itself_alone(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    odd, plain = make_group(database, "Odd"), make_group(database, "Plain")
    service.call("claim_tag_groups", p_claim=group_claim(1, lease_s=600), p_now=at(0))
    store(database, plain, 1, 1.5)
    store(database, odd, 61, 2.5)
    database.execute(
        "insert into public.tag_samples (group_id, slot, texts) values (%s, %s, %s)",
        (odd, at(1), Jsonb({"first": "x"})),
    )

    answer = service.call("put_tag_samples", p_put=put(1, sample(plain, 130, 3.5)), p_now=at(140))

    assert answer["stored"] == 1
    assert count("tag_minutes") == 2
    kept = database.execute("select group_id, minute = %s as is_first from public.tag_minutes", (at(0),))
    assert {(row["group_id"], row["is_first"]) for row in kept.fetchall()} == {(plain, True), (odd, False)}


def test_a_minute_that_cannot_be_worked_out_stops_no_clean_up(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    odd, plain = make_group(database, "Odd"), make_group(database, "Plain")
    service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))
    store(database, plain, 1, 1.5)
    database.execute(
        "insert into public.tag_samples (group_id, slot, texts) values (%s, %s, %s)",
        (odd, at(1), Jsonb({"first": "x"})),
    )
    batch = {"table": "tag_samples", "keep_hours": 1, "limit": 100}

    removed = service.call("remove_expired", p_batch=batch, p_now=at(7200))

    assert removed["removed"] == 2
    assert (count("tag_samples"), count("tag_minutes")) == (0, 1)


def test_lost_slots_go_with_old_samples_after_a_week(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    group, other = make_group(database, "Press"), make_group(database, "Oven")
    week_s = 7 * 86400
    for group_id, slot, counted in ((group, 0, 0), (group, 1, 100), (other, 0, 0), (other, week_s, week_s)):
        database.execute(
            "insert into public.tag_lost_slots values (%s, %s, %s)", (group_id, at(slot), at(counted))
        )
    batch = {"table": "tag_samples", "keep_hours": 1, "limit": 100}

    service.call("remove_expired", p_batch={**batch, "is_dry_run": True}, p_now=at(week_s + 60))
    assert count("tag_lost_slots") == 4
    service.call("remove_expired", p_batch=batch, p_now=at(week_s + 60))

    assert count("tag_lost_slots") == 2
