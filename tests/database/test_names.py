"""Names are compared by the key that comes with them; SQL's own key is for those that come without one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from plantpulse.plant.text import normalise_key, with_keys
from tests.database.api import Api
from tests.database.protocol import claim, event, fence

Connection = psycopg.Connection[DictRow]
SUPABASE = Path(__file__).parents[2] / "supabase"
MIGRATIONS = (
    "20261129194000_one_key_for_names.sql",
    "20261129194100_one_key_for_shifts.sql",
    "20261130010100_product_rates.sql",  # its names have keys by the same function
)
# As the source and an import spell one name.
PAIRS = [
    ("İzmir Pres", "İZMİR PRES"),
    ("Κοπτης", "ΚΟΠΤΗΣ"),
    ("WELD\u00a001", "weld 01"),
    ("Su\u0308d-01", "S\u00fcd-01"),
    ("ﾌﾟﾚｽ１", "プレス1"),
    ("Pr\u00ade\u200dss\u200f", "PRESS"),
    ("Straße", "STRASSE"),
    ("A\u3000B\u2009C\u202fD", "a b c d"),
]
SHIFT = {"asset": "PRESS-01", "starts_at": "06:00", "ends_at": "14:00", "target_output": 60}


@pytest.fixture
def before(database: Connection) -> Iterator[Connection]:
    """The database as it was before names had keys; the test's own transaction ends all of it."""
    with database.transaction(force_rollback=True):
        for name in reversed(MIGRATIONS):
            database.execute((SUPABASE / "rollbacks" / name).read_bytes())
        yield database


def migrate(database: Connection) -> None:
    for name in MIGRATIONS:
        database.execute((SUPABASE / "migrations" / name).read_bytes())


def import_(service: Api, function: str, *rows: dict[str, Any]) -> Any:
    names = {
        "source_name": "name_key" if function == "import_assets" else "",
        "name": "name_key" if function == "import_cost_centers" else "",
        "cost_center": "cost_center_key",
        "asset": "asset_key",
        "shift_name": "shift_key",
    }
    keyed = [
        row | {names[name]: normalise_key(text) for name, text in row.items() if names.get(name)}
        for row in rows
    ]
    columns = sorted({name for row in rows for name in row} - {"line"})
    return service.call(function, p_plant="northfield", p_columns=columns, p_rows=keyed, p_is_dry_run=False)


def assets_of(database: Connection) -> list[tuple[Any, ...]]:
    rows = database.execute("select source_name, is_mapped from public.assets order by id").fetchall()
    return [tuple(row.values()) for row in rows]


# assets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "people"), PAIRS)
def test_a_name_that_a_poll_registered_is_the_one_that_is_imported(
    service: Api, database: Connection, source: str, people: str
) -> None:
    database.execute("truncate public.assets cascade")
    service.call("claim_run", p_claim=claim(1))
    service.call("record_safety_events", p_fence=fence(1), p_events=[keyed_event(source)])

    answer = import_(service, "import_assets", {"line": 2, "source_name": people, "area": "Hall 1"})

    assert [row["change"] for row in answer["rows"]] == ["changed"]
    assert assets_of(database) == [(source, True)]


@pytest.mark.parametrize(("source", "people"), PAIRS)
def test_two_spellings_of_an_incident_are_one(
    service: Api, count: Callable[[str], int], source: str, people: str
) -> None:
    service.call("claim_run", p_claim=claim(1))
    first = service.call("record_safety_events", p_fence=fence(1), p_events=[keyed_event(source)])
    again = service.call("record_safety_events", p_fence=fence(1), p_events=[keyed_event(people)])

    assert (first["recorded"], again["recorded"], again["updated"]) == (1, 0, 1)
    assert count("safety_events") == 1


def test_two_lines_of_an_import_name_one_asset(service: Api) -> None:
    rows = ({"line": line, "source_name": name} for line, name in enumerate(PAIRS[0], 2))

    assert import_(service, "import_assets", *rows)["errors"] == [
        {"line": 3, "column": "source_name", "message": "the same asset as in line 2"}
    ]


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_sql_computes_the_keys_of_usual_names_as_python_does(database: Connection, name: str) -> None:
    row = database.execute("select public.fallback_key(%s) as key", [name]).fetchone()

    assert row == {"key": normalise_key(name)}


def test_a_key_that_sql_cannot_compute_is_corrected_with_the_name(service: Api, database: Connection) -> None:
    name = "\u1fb3"  # folds to two letters, of which Postgres knows nothing
    database.execute(
        "insert into public.assets (plant, name, source_name) values ('northfield', 'N', %s)", [name]
    )
    query = "select name_key, is_mapped from public.assets where source_name = %s"
    computed = database.execute(query, [name]).fetchone()

    answer = import_(service, "import_assets", {"line": 2, "source_name": name})

    assert computed is not None
    assert computed["name_key"] != normalise_key(name)
    assert [row["change"] for row in answer["rows"]] == ["unchanged"]
    assert database.execute(query, [name]).fetchone() == {"name_key": normalise_key(name), "is_mapped": True}


def test_a_name_changed_by_hand_gets_another_key(database: Connection, assets: dict[str, int]) -> None:
    database.execute("update public.assets set source_name = 'İZMİR PRES' where source_name = 'PRESS-01'")

    row = database.execute("select name_key from public.assets where source_name = 'İZMİR PRES'").fetchone()
    assert row == {"name_key": "izmir pres"}


def test_names_of_older_code_come_without_keys(service: Api, database: Connection) -> None:
    service.call("claim_run", p_claim=claim(1))

    service.call("record_safety_events", p_fence=fence(1), p_events=[event(source_asset="ROBOT 7")])
    service.call("record_safety_events", p_fence=fence(1), p_events=[event(source_asset="robot  7")])

    rows = database.execute("select name_key from public.assets where not is_mapped").fetchall()
    assert rows == [{"name_key": "robot 7"}]


# rows of before --------------------------------------------------------------------------------


def test_assets_of_before_keep_their_history_and_one_of_each_name_is_found(before: Connection) -> None:
    before.execute("truncate public.assets cascade")
    before.execute(
        """
        insert into public.assets (plant, name, source_name, is_mapped)
        values ('northfield', 'a', 'ΚΟΠΤΗΣ', false), ('northfield', 'b', 'Κοπτης', true),
               ('northfield', 'c', 'WELD' || chr(160) || '01', true), ('southfield', 'd', 'Κοπτης', true)
        """
    )

    migrate(before)

    rows = before.execute(
        """
        select name, split_part(name_key, chr(31), 1) as key, name_key ~ chr(31) as is_twin
        from public.assets
        order by 1
        """
    )
    assert [tuple(row.values()) for row in rows.fetchall()] == [
        ("a", "κοπτησ", True),
        ("b", "κοπτησ", False),
        ("c", "weld 01", False),
        ("d", "κοπτησ", False),
    ]
    doubtful = before.execute("select public.doubtful_names() as it").fetchone()
    assert doubtful == {"it": {"count": 1, "first": ['northfield: asset "ΚΟΠΤΗΣ" is also "Κοπτης"']}}


def test_an_incident_of_before_is_known_again(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    service.call("claim_run", p_claim=claim(1))
    incident = keyed_event("İZMİR PRES", reason_code="İş Kazası")
    service.call("record_safety_events", p_fence=fence(1), p_events=[incident])
    database.execute(
        "update public.safety_events set incident_key = null, is_acknowledged = true,"
        " acknowledged_at = now(), acknowledged_by_name = 'ada'"
    )

    answer = service.call("record_safety_events", p_fence=fence(1), p_events=[incident])

    assert (answer["recorded"], answer["updated"], answer["unchanged"]) == (0, 0, 1)
    rows = database.execute(
        "select incident_key is not null as has_key, is_acknowledged from public.safety_events"
    )
    assert rows.fetchall() == [{"has_key": True, "is_acknowledged": True}]


def keyed_event(asset: str, **changed: Any) -> dict[str, Any]:
    one = event(source_asset=asset, **changed)
    [named] = with_keys([asset])
    return one | {"asset_key": named["key"], "reason_key": normalise_key(str(one["reason_code"]))}


# shifts and cost centers -----------------------------------------------------------------------


def test_a_shift_in_another_spelling_is_the_same_shift(
    service: Api, count: Callable[[str], int], assets: dict[str, int]
) -> None:
    import_(service, "import_shift_targets", SHIFT | {"line": 2, "shift_name": "Früh"})

    again = import_(service, "import_shift_targets", SHIFT | {"line": 2, "shift_name": "FRU\u0308H"})

    assert [(row["change"], row["key"]["shift_name"]) for row in again["rows"]] == [("unchanged", "Früh")]
    assert count("shift_targets") == 1


def test_two_spellings_of_a_shift_in_one_table_are_a_mistake(service: Api, assets: dict[str, int]) -> None:
    lines = [
        SHIFT | {"line": line, "shift_name": name}
        for line, name in enumerate(("Early", "early", "EARLY "), 2)
    ]

    errors = import_(service, "import_shift_targets", *lines)["errors"]

    told = {(error["line"], error["message"].split(", ")[-1].split(":")[0]) for error in errors}
    assert told == {(3, "in line 2"), (4, "in line 2"), (4, "in line 3")}


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ({}, True),
        ({"starts_at": "13:59", "ends_at": "22:00"}, True),
        ({"starts_at": "14:00", "ends_at": "22:00"}, False),
        ({"starts_at": "22:00", "ends_at": "06:00"}, False),
        ({"starts_at": "22:00", "ends_at": "06:01"}, True),
        ({"days_of_week": [6, 7]}, False),
        ({"days_of_week": [7], "starts_at": "22:00", "ends_at": "06:01"}, True),  # until Monday
        ({"days_of_week": [7], "starts_at": "22:00", "ends_at": "06:00"}, False),
        ({"valid_from": "2030-01-01"}, True),
        ({"valid_until": "2000-01-02"}, True),
    ],
)
def test_another_shift_at_the_same_hours_is_asked_about(
    service: Api, count: Callable[[str], int], assets: dict[str, int], changed: dict[str, Any], asked: bool
) -> None:
    import_(service, "import_shift_targets", SHIFT | {"line": 2, "shift_name": "early"})

    answer = import_(service, "import_shift_targets", SHIFT | {"line": 7, "shift_name": "extra"} | changed)

    message = 'shift "extra" works at the same hours as shift "early": both targets count, added up'
    assert answer["questions"] == ([{"line": 7, "other_line": None, "message": message}] if asked else [])
    assert (answer["errors"], count("shift_targets")) == ([], 2)


def test_lines_of_one_table_at_the_same_hours_are_named_both(service: Api, assets: dict[str, int]) -> None:
    lines = [SHIFT | {"line": 2, "shift_name": "early"}, SHIFT | {"line": 3, "shift_name": "day"}]

    [question] = import_(service, "import_shift_targets", *lines)["questions"]

    assert (question["line"], question["other_line"]) == (3, 2)
    assert 'as shift "early" in line 2' in question["message"]


def test_targets_of_before_at_the_same_hours_are_told(before: Connection) -> None:
    before.execute("truncate public.assets cascade")
    before.execute(
        "insert into public.assets (plant, name, source_name) values ('northfield', 'P', 'PRESS-01')"
    )
    before.execute(
        """
        insert into public.shift_targets (asset_id, shift_name, starts_at, ends_at, target_output)
        select a.id, shift.name, '06:00', '14:00', 60
        from public.assets as a
        cross join (values ('Early'), ('early')) as shift (name)
        """
    )

    migrate(before)

    doubtful = before.execute("select public.doubtful_names() as it").fetchone()
    assert doubtful == {
        "it": {
            "count": 1,
            "first": [
                'northfield: asset "PRESS-01" has the targets of shifts "Early" and "early" at the same hours'
            ],
        }
    }


def test_a_cost_center_in_another_spelling_is_the_same(service: Api, count: Callable[[str], int]) -> None:
    center = {"line": 2, "name": "İzmir Döküm", "standard_hourly_rate": 100}
    import_(service, "import_cost_centers", center)
    before_ = count("cost_centers")

    again = import_(service, "import_cost_centers", center | {"name": "IZMIR DO\u0308KU\u0308M"})
    asset = import_(
        service, "import_assets", {"line": 2, "source_name": "X", "cost_center": "izmir\u00a0döküm"}
    )

    assert [(row["change"], row["key"]) for row in again["rows"]] == [("unchanged", {"name": "İzmir Döküm"})]
    assert count("cost_centers") == before_
    assert asset["rows"][0]["values"]["cost_center"] == [None, "İzmir Döküm"]
