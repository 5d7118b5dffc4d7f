"""Taking whole groups: what an import changes, keeps, and refuses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.database.api import USERS, Api
from tests.database.conftest import Connection
from tests.database.tags.polled import at, group_claim, make_group, put, sample

ApiOf = Callable[[str], Api]
Answer = dict[str, Any]


def tag(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "address": "hr:1", "data_type": "float32", **changes}


def group(name: str, *tags: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"name": name, "address": "modbus://10.20.0.5", "tags": list(tags), **changes}


def load(api: Api, *groups: dict[str, Any], **changes: Any) -> Answer:
    answer: Answer = api.call(
        "import_tags", p_import={"plant": "northfield", "groups": list(groups), **changes}
    )
    return answer


def counts(answer: Answer) -> tuple[int, ...]:
    return tuple(answer[name] for name in ("added", "changed", "removed", "unchanged"))


def positions(database: Connection) -> dict[str, tuple[int, bool]]:
    rows = database.execute("select name, position, removed_at from public.tags order by position").fetchall()
    return {row["name"]: (row["position"], row["removed_at"] is None) for row in rows}


def test_an_import_adds_groups_and_tags_and_the_same_again_changes_nothing(
    service: Api, database: Connection
) -> None:
    wanted = group("Presse", tag("Sıcaklık"), tag("Θερμοκρασία"), tag("温度", unit="°C"))

    first, again = load(service, wanted), load(service, wanted)

    assert (first["answer"], counts(first)) == ("imported", (4, 0, 0, 0))
    assert (again["answer"], counts(again)) == ("imported", (0, 0, 0, 4))
    assert positions(database) == {"Sıcaklık": (1, True), "Θερμοκρασία": (2, True), "温度": (3, True)}


def test_a_preview_says_the_same_and_changes_nothing(service: Api, count: Callable[[str], int]) -> None:
    preview = load(service, group("Press", tag("A")), is_preview=True)

    assert (preview["answer"], counts(preview)) == ("preview", (2, 0, 0, 0))
    assert (count("tag_groups"), count("tags")) == (0, 0)


def test_a_tag_that_is_taken_out_comes_back_to_its_old_position(service: Api, database: Connection) -> None:
    load(service, group("Press", tag("A"), tag("B")))

    renamed = load(service, group("Press", tag("A"), tag("B2")))
    assert counts(renamed) == (1, 0, 1, 2)
    assert positions(database) == {"A": (1, True), "B": (2, False), "B2": (3, True)}

    load(service, group("Press", tag("B"), tag("C")))
    assert positions(database) == {"A": (1, False), "B": (2, True), "B2": (3, False), "C": (4, True)}


def test_a_tag_of_another_type_keeps_its_position_and_its_old_values(
    service: Api, database: Connection
) -> None:
    load(service, group("Press", tag("A")))
    [claimed] = service.call("claim_tag_groups", p_claim=group_claim(1), p_now=at(0))["groups"]
    service.call("put_tag_samples", p_put=put(1, sample(claimed["id"], 1, 12.5)), p_now=at(2))

    changed = load(service, group("Press", tag("A", data_type="string", length=8)))
    rows = [sample(claimed["id"], 3, None, t={"1": "run"}), sample(claimed["id"], 4, 7.5)]
    service.call("put_tag_samples", p_put=put(1, *rows, sequence=2), p_now=at(5))

    assert counts(changed) == (0, 1, 0, 1)
    told = service.call(
        "tag_history", p_plant="northfield", p_group="Press", p_tag="A", p_from=at(0), p_until=at(9)
    )
    assert told["values"] == [12.5, "run", 7.5]


def test_a_group_is_removed_with_its_history_and_comes_back(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    load(service, group("Press", tag("A")), group("Oven", tag("A")))

    gone = load(service, removed_groups=["Press"])
    claimed = service.call("claim_tag_groups", p_claim=group_claim(1))
    back = load(service, group("Press", tag("A")))

    assert counts(gone) == (0, 0, 1, 0)
    assert [one["name"] for one in claimed["groups"]] == ["Oven"]
    assert (counts(back), back["inactive"]) == ((1, 0, 0, 1), ["Press"])
    assert count("tag_groups") == 2


def test_groups_that_are_not_named_stay_as_they_are_and_a_stopped_one_stays_stopped(
    service: Api, database: Connection
) -> None:
    load(service, group("Press", tag("A")), group("Oven", tag("A")))
    database.execute("update public.tag_groups set active = false where name = 'Press'")

    answer = load(service, group("Press", tag("A"), interval_ms=5000))
    started = load(service, group("Press", tag("A"), interval_ms=5000, active=True))

    assert (counts(answer), answer["inactive"]) == ((0, 1, 0, 1), ["Press"])
    assert (counts(started), started["inactive"]) == ((0, 1, 0, 1), [])
    assert len(service.call("tag_list", p_plant="northfield")["groups"]) == 2


def test_of_twelve_new_groups_ten_are_polled(service: Api) -> None:
    answer = load(service, *(group(f"G{number:02}", tag("A")) for number in range(12)))

    assert answer["inactive"] == ["G10", "G11"]


def test_a_group_whose_names_have_run_out_is_told_in_words_and_stays_as_it_is(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    load(service, group("Press", tag("A")))
    database.execute(
        "insert into public.tags (group_id, position, name, address, data_type) "
        "select id, 4999, 'Last but one', 'hr:1', 'int16' from public.tag_groups"
    )

    last = load(service, group("Press", tag("A"), tag("Last but one"), tag("B")))
    refused = service.client.post(
        "/rpc/import_tags", json={"p_import": {"plant": "northfield", "groups": [group("Press", tag("C"))]}}
    )

    assert last["answer"] == "imported"
    told = (
        "the tags of this group have had 5000 names, and what was stored is found by them: make another group"
    )
    assert (refused.status_code, refused.json()["message"]) == (400, told)
    assert count("tags") == 3
    assert load(service, group("Press", tag("B")))["answer"] == "imported"


TOO_MANY = "a plant polls 10 groups at most: import it with is_active no, or stop or remove another group"


def test_an_eleventh_group_that_an_import_wants_polled_is_refused_and_nothing_is_written(
    service: Api, count: Callable[[str], int]
) -> None:
    thirteen = [group(f"G{number:02}", tag("A"), active=True) for number in range(13)]

    preview, refused = load(service, *thirteen, is_preview=True), load(service, *thirteen)

    assert refused["answer"] == preview["answer"] == "refused"
    assert refused["errors"] == preview["errors"] == [
        {"group": name, "tag": None, "reason": TOO_MANY} for name in ("G10", "G11", "G12")
    ]  # fmt: skip
    assert count("tag_groups") == 0


def test_what_is_polled_and_what_an_import_says_come_before_what_it_leaves_open(service: Api) -> None:
    load(service, *(group(f"G{number}", tag("A")) for number in range(8)))

    answer = load(
        service,
        group("Open 1", tag("A")),
        group("Open 2", tag("A")),
        group("Said", tag("A"), active=True),
        group("On call", tag("A"), mode="handshake"),
        group("Off", tag("A"), active=False),
        group("G7", tag("A"), active=False),
    )
    moved = load(service, group("G6", tag("A"), active=False), group("Open 2", tag("A"), active=True))
    refused = load(service, *(group(name, tag("A"), active=True) for name in ("G6", "G7")))

    assert (answer["answer"], answer["inactive"]) == ("imported", ["G7", "Off"])
    assert (moved["answer"], moved["inactive"]) == ("imported", ["G6"])
    assert [(one["group"], one["reason"]) for one in refused["errors"]] == [("G7", TOO_MANY)]


def test_a_plant_that_has_too_many_active_groups_already_may_import_them_as_they_are(
    service: Api, database: Connection
) -> None:
    load(service, *(group(f"G{number:02}", tag("A")) for number in range(13)))
    database.execute("update public.tag_groups set active = true")

    answer = load(service, *(group(f"G{number:02}", tag("A"), active=True) for number in range(13)))

    assert (answer["answer"], counts(answer)) == ("imported", (0, 0, 0, 26))


@pytest.mark.usefixtures("members")
def test_a_managers_own_rows_have_no_eleventh_group_polled(api_of: ApiOf, database: Connection) -> None:
    ids = [make_group(database, f"G{number}") for number in range(10)]
    add = {"plant": "northfield", "name": "Eleventh", "address": "modbus://10.20.0.5"}
    client = api_of("manager").client
    assert client.post("/tag_groups", json=add).status_code == 201
    (made,) = database.execute("select id from public.tag_groups where name = 'Eleventh'").fetchall()
    value = {"group_id": made["id"], "name": "A", "address": "hr:1", "data_type": "float32"}

    refused = client.post("/tags", json=value)
    client.patch("/tag_groups", params={"name": "eq.Eleventh"}, json={"active": False})
    added = client.post("/tags", json=value)
    started = client.patch("/tag_groups", params={"name": "eq.Eleventh"}, json={"active": True})
    stopped = client.patch("/tag_groups", params={"id": f"eq.{ids[0]}"}, json={"active": False})
    at_last = client.patch("/tag_groups", params={"name": "eq.Eleventh"}, json={"active": True})

    told = (
        "northfield would poll 11 groups and can poll 10: "
        "add Eleventh with active = false, or stop another group first"
    )
    assert (refused.status_code, refused.json()["message"]) == (409, told)
    assert (started.status_code, started.json()["message"]) == (409, told)
    assert [one.status_code for one in (added, stopped, at_last)] == [201, 204, 204]
    assert load(api_of("manager"), group("G0", tag("T1"), active=True))["answer"] == "refused"


SCANS_OF_TAGS = """
    select seq_scan + idx_scan as number from pg_stat_xact_user_tables where relname = 'tags'
"""


@pytest.mark.usefixtures("members")
def test_a_managers_import_counts_the_groups_once_and_not_for_each_row(database: Connection) -> None:
    groups = [group(f"G{number}", *(tag(f"T{place}") for place in range(20))) for number in range(10)]

    with database.transaction(force_rollback=True):
        database.execute(
            "select set_config('request.jwt.claims', %s, true)", (json.dumps({"sub": USERS["manager"]}),)
        )
        database.execute("set local role authenticated")
        wanted = Jsonb({"plant": "northfield", "groups": groups})
        database.execute("select public.import_tags(%s)", (wanted,))
        before = database.execute(SCANS_OF_TAGS).fetchone()
        database.execute("set constraints all immediate")
        after = database.execute(SCANS_OF_TAGS).fetchone()

    assert before is not None
    assert after is not None
    assert 0 < after["number"] - before["number"] < 50  # of 210 rows


def test_500_tags_are_taken_and_501_are_not(service: Api, count: Callable[[str], int]) -> None:
    tags = [tag(f"T{number}") for number in range(501)]

    refused = load(service, group("Press", *tags))
    taken = load(service, group("Press", *tags[:500]))
    other_half = load(service, group("Press", *(tag(f"U{number}") for number in range(500))))

    assert [one["reason"] for one in refused["errors"]] == ["it has more than 500 tags: make another group"]
    assert taken["added"] == 501
    assert counts(other_half) == (500, 0, 500, 1)
    assert count("tags") == 1000


def test_a_role_goes_from_one_bit_to_another(service: Api, database: Connection) -> None:
    bits = [tag("A", data_type="bool", role="trigger"), tag("B", data_type="bool", role="acknowledge")]
    load(service, group("Press", *bits, tag("C"), mode="handshake"))
    bits = [tag("A", data_type="bool", role="acknowledge"), tag("B", data_type="bool", role="trigger")]

    answer = load(service, group("Press", *bits, tag("C"), mode="handshake"))

    assert counts(answer) == (0, 2, 0, 2)
    [listed] = service.call("tag_list", p_plant="northfield")["groups"]
    assert (listed["trigger_tag"]["name"], listed["acknowledge_tag"]["name"]) == ("B", "A")


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ([group("P", tag("A")), group(" P ", tag("B"))], [("P", None, "it is in the import twice")]),
        ([group("P", tag("é"), tag("e\u0301"))], [("P", "é", "it is in the group twice")]),
        ([group("P", tag("A", data_type="word"))], [("P", "A", "its data type is unknown")]),
        (
            [group("P", tag("A", role="trigger"))],
            [("P", "A", "a trigger and an acknowledgement are bits: bool")],
        ),
        (
            [group("P", tag("A", role="acknowledge", data_type="bool"))],
            [("P", "A", "without a trigger there is nothing to acknowledge")],
        ),
        ([group("P", tag("A"), mode="both")], [("P", None, "its mode is fixed or handshake")]),
        ([group("P", interval_ms=5)], [("P", None, "its interval is 200 ms to an hour (3,600,000 ms)")]),
        (
            [group("P", address="http://10.0.0.1")],
            [("P", None, "its address begins with modbus://, opc.tcp://, s7://, slmp:// or enip://")],
        ),
        ([group("", tag(" "))], [("", None, "a group has a name"), ("", "", "a tag has a name")]),
    ],
)
def test_an_import_with_a_mistake_changes_nothing_and_says_where(
    service: Api, count: Callable[[str], int], groups: list[dict[str, Any]], told: list[tuple[str, str, str]]
) -> None:
    answer = load(service, *groups, group("Fine", tag("A")))

    assert answer["answer"] == "refused"
    assert [(one["group"], one["tag"], one["reason"]) for one in answer["errors"]] == told
    assert count("tag_groups") == 0


def test_what_is_not_there_cannot_be_removed(service: Api) -> None:
    answer = load(service, removed_groups=["Nobody's"])

    assert answer["errors"] == [{"group": "Nobody's", "tag": None, "reason": "it is not there"}]


@pytest.mark.usefixtures("members")
def test_a_manager_imports_in_their_own_plant_alone(api_of: ApiOf, database: Connection) -> None:
    other = make_group(database, "Press", plant="southfield")

    assert load(api_of("manager"), group("Press", tag("A")))["answer"] == "imported"
    for role in ("viewer", "operator", "neighbour", "stranger"):
        body = {"plant": "northfield", "groups": [group("Oven", tag("A"))]}
        assert api_of(role).refusal("import_tags", p_import=body) == "42501"

    body = {"plant": "southfield", "groups": [], "removed_groups": ["Press"]}
    answer = api_of("manager").call("import_tags", p_import=body)
    assert answer["answer"] == "refused"
    rows = database.execute("select active from public.tag_groups where id = %s", (other,)).fetchall()
    assert rows == [{"active": True}]


@pytest.mark.usefixtures("members")
def test_a_viewer_who_names_a_known_group_changes_nothing(api_of: ApiOf, service: Api) -> None:
    load(service, group("Press", tag("A")))

    api_of("viewer").client.post(
        "/rpc/import_tags",
        json={"p_import": {"plant": "northfield", "groups": [], "removed_groups": ["Press"]}},
    )

    assert [one["name"] for one in service.call("tag_list", p_plant="northfield")["groups"]] == ["Press"]


def test_hostile_text_is_text(service: Api) -> None:
    name = "'; drop table public.tags; -- <script>"

    load(service, group(name, tag(name, unit="<b>%s</b>")))

    [listed] = service.call("tag_list", p_plant="northfield")["groups"]
    assert (listed["name"], listed["tags"][0]["name"]) == (name, name)


LOCKS = """
    select count(*) as number from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
"""


@pytest.mark.usefixtures("members")
@pytest.mark.parametrize(
    ("caller", "number"),
    [("manager", 1), ("director", 1), ("operator", 0), ("viewer", 0), ("neighbour", 0), ("stranger", 0)],
)
def test_only_who_may_import_holds_up_the_claims_of_a_plant(
    database: Connection, caller: str, number: int
) -> None:
    with database.transaction(force_rollback=True):
        database.execute(
            "select set_config('request.jwt.claims', %s, true)", (json.dumps({"sub": USERS[caller]}),)
        )
        database.execute("set local role authenticated")
        database.execute("select public.import_tags(%s)", (Jsonb({"plant": "northfield", "groups": []}),))
        held = database.execute(LOCKS).fetchone()

    assert held == {"number": number}


@pytest.mark.parametrize("scale", [0, 9.9e-31, -9.9e-31, 1e-50, 1.1e30, -1.1e30])
def test_a_scale_of_which_figures_do_not_fit_their_column_is_refused(service: Api, scale: float) -> None:
    wrong = {"plant": "northfield", "groups": [group("Press", tag("T1", scale=scale))]}

    assert service.refusal("import_tags", p_import=wrong) == "23514"


def test_a_scale_at_its_bounds_is_taken(service: Api) -> None:
    tags = [tag(f"T{number}", scale=scale) for number, scale in enumerate((1e-30, -1e-30, 1e30, -1e30))]

    assert counts(load(service, group("Press", *tags))) == (5, 0, 0, 0)
