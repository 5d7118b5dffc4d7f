"""Importing the plant model: all or nothing, harmless to repeat, and line by line what it does."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import claim

CENTER = {"line": 2, "name": "Pressing", "standard_hourly_rate": 120.5, "scrap_unit_cost": 0.4}
ASSET = {
    "line": 2,
    "source_name": "press-01 ",
    "name": "Big press",
    "area": "Hall 2",
    "cost_center": "Pressing",
    "ideal_units_per_hour": 150,
    "is_active": True,
}
ASSET_COLUMNS = ["source_name", "name", "area", "cost_center", "ideal_units_per_hour", "is_active"]
TARGET = {
    "line": 2,
    "asset": "press-01",
    "shift_name": "early",
    "starts_at": "06:00",
    "ends_at": "14:00",
    "target_output": 960,
}
TARGET_COLUMNS = ["asset", "shift_name", "starts_at", "ends_at", "target_output"]


def centers(service: Api, *rows: dict[str, Any], columns: list[str] | None = None, dry: bool = False) -> Any:
    return service.call(
        "import_cost_centers",
        p_plant="northfield",
        p_columns=columns or ["name", "standard_hourly_rate", "scrap_unit_cost"],
        p_rows=list(rows),
        p_is_dry_run=dry,
    )


def assets_(service: Api, *rows: dict[str, Any], columns: list[str] | None = None, dry: bool = False) -> Any:
    return service.call(
        "import_assets",
        p_plant="northfield",
        p_columns=columns or ASSET_COLUMNS,
        p_rows=list(rows),
        p_is_dry_run=dry,
    )


def targets(service: Api, *rows: dict[str, Any], columns: list[str] | None = None, dry: bool = False) -> Any:
    return service.call(
        "import_shift_targets",
        p_plant="northfield",
        p_columns=columns or TARGET_COLUMNS,
        p_rows=list(rows),
        p_is_dry_run=dry,
    )


def changes(answer: dict[str, Any]) -> list[tuple[int, str]]:
    assert answer["errors"] == []
    return [(row["line"], row["change"]) for row in answer["rows"]]


def test_cost_centers_are_added_changed_and_left_alone(service: Api, database: Connection) -> None:
    first = centers(service, CENTER)
    again = centers(service, CENTER)
    changed = centers(
        service, CENTER | {"standard_hourly_rate": 130}, columns=["name", "standard_hourly_rate"]
    )

    assert (changes(first), changes(again)) == ([(2, "added")], [(2, "unchanged")])
    assert changed["rows"] == [
        {
            "line": 2,
            "key": {"name": "Pressing"},
            "change": "changed",
            "values": {"standard_hourly_rate": [120.5, 130]},
        }
    ]
    rows = database.execute(
        "select plant, standard_hourly_rate::float, scrap_unit_cost::float from cost_centers"
    )
    assert [tuple(row.values()) for row in rows.fetchall()] == [("northfield", 130.0, 0.4)]


def test_a_dry_run_tells_the_same_and_writes_nothing(service: Api, count: Callable[[str], int]) -> None:
    previews = [centers(service, CENTER, dry=True)]
    written = [centers(service, CENTER)]
    previews.append(assets_(service, ASSET, dry=True))
    assert (count("cost_centers"), count("assets")) == (1, 0)
    written.append(assets_(service, ASSET))
    previews.append(targets(service, TARGET, dry=True))
    assert count("shift_targets") == 0
    written.append(targets(service, TARGET))

    assert previews == written
    assert [changes(answer) for answer in written] == [[(2, "added")]] * 3


def test_an_asset_is_found_however_its_name_is_spelled_and_is_mapped_then(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    database.execute("update public.assets set is_mapped = false where id = 1")
    centers(service, CENTER)

    first, again = assets_(service, ASSET), assets_(service, ASSET)

    assert first["rows"][0]["key"] == {"source_name": "PRESS-01"}
    assert first["rows"][0]["values"]["is_mapped"] == [False, True]
    assert (changes(first), changes(again)) == ([(2, "changed")], [(2, "unchanged")])
    row = database.execute(
        "select name, source_name, area, cost_center_id, is_mapped from assets where id = 1"
    )
    assert [tuple(one.values()) for one in row.fetchall()] == [("Big press", "PRESS-01", "Hall 2", 1, True)]


def test_columns_that_a_table_has_not_stay_as_they_are(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    assets_(
        service, {"line": 2, "source_name": "PRESS-01", "area": "Hall 9"}, columns=["source_name", "area"]
    )

    [row] = database.execute(
        "select name, area, ideal_units_per_hour::int from assets where id = 1"
    ).fetchall()
    assert tuple(row.values()) == ("Press 1", "Hall 9", 120)


def test_an_asset_of_another_plant_with_the_same_name_is_another_asset(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    answer = assets_(service, {"line": 2, "source_name": "SAW-01"}, columns=["source_name"])

    assert changes(answer) == [(2, "added")]
    rows = database.execute("select plant, name from assets where source_name = 'SAW-01' order by plant")
    assert [tuple(row.values()) for row in rows.fetchall()] == [
        ("northfield", "SAW-01"),
        ("southfield", "Saw 1"),
    ]


def test_wrong_lines_are_named_and_none_is_written(service: Api, count: Callable[[str], int]) -> None:
    answer = assets_(
        service,
        {"line": 2, "source_name": "LATHE-01"},
        {"line": 3, "source_name": "LATHE-02", "cost_center": "Turning"},
        {"line": 4, "source_name": " lathe-01"},
    )

    assert answer["errors"] == [
        {"line": 3, "column": "cost_center", "message": 'there is no cost center "Turning": import it first'},
        {"line": 4, "column": "source_name", "message": "the same asset as in line 2"},
    ]
    assert count("assets") == 0


def test_targets_are_added_changed_and_left_alone(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    night = TARGET | {"line": 3, "shift_name": "night", "starts_at": "22:00", "ends_at": "06:00"}

    first, again = targets(service, TARGET, night), targets(service, TARGET, night)
    changed = targets(
        service,
        TARGET | {"target_output": 900, "breaks": [{"starts_at": "09:00", "ends_at": "09:15"}]},
        columns=[*TARGET_COLUMNS, "breaks"],
    )

    assert (changes(first), changes(again)) == (
        [(2, "added"), (3, "added")],
        [(2, "unchanged"), (3, "unchanged")],
    )
    assert changed["rows"][0]["values"] == {
        "target_output": [960, 900],
        "breaks": [[], [{"starts_at": "09:00", "ends_at": "09:15"}]],
    }
    rows = database.execute(
        "select shift_name, target_output::int, days_of_week from shift_targets order by 1"
    )
    assert [tuple(row.values()) for row in rows.fetchall()] == [
        ("early", 900, [1, 2, 3, 4, 5]),
        ("night", 960, [1, 2, 3, 4, 5]),
    ]


def test_two_targets_of_a_shift_never_hold_at_the_same_time(
    service: Api, database: Connection, assets: dict[str, int], count: Callable[[str], int]
) -> None:
    columns = [*TARGET_COLUMNS, "valid_from", "valid_until"]
    targets(service, TARGET)
    new = TARGET | {"line": 3, "valid_from": "2026-12-01", "target_output": 1000}

    refused = targets(service, new, columns=columns)
    ended = targets(service, TARGET | {"valid_until": "2026-12-01"}, new, columns=columns)

    assert refused["errors"] == [
        {
            "line": 3,
            "column": "valid_from",
            "message": 'shift "early" of this asset has another target from 2000-01-01 at the same time: '
            "end one before the other begins",
        }
    ]
    assert changes(ended) == [(2, "changed"), (3, "added")]
    assert count("shift_targets") == 2


def test_one_table_does_not_say_a_target_twice(service: Api, assets: dict[str, int]) -> None:
    answer = targets(service, TARGET, TARGET | {"line": 7})

    assert [error["line"] for error in answer["errors"]] == [7]
    assert "in line 2" in answer["errors"][0]["message"]


def test_a_target_of_an_unknown_asset_is_named(service: Api, count: Callable[[str], int]) -> None:
    answer = targets(service, TARGET)

    assert answer["errors"] == [
        {"line": 2, "column": "asset", "message": 'there is no asset "press-01": import it first'}
    ]
    assert count("shift_targets") == 0


def test_thirty_thousand_targets_of_ten_thousand_assets_are_one_call(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    names = [f"CELL-{number:05}" for number in range(10_000)]
    assets_(service, *({"line": line, "source_name": name} for line, name in enumerate(names, 2)))
    rows = [
        TARGET | {"line": line, "asset": names[line // 3], "shift_name": ("early", "late", "night")[line % 3]}
        for line in range(30_000)
    ]

    answer = targets(service, *rows)
    again = targets(service, *rows)

    assert count("shift_targets") == 30_000
    assert {row["change"] for row in answer["rows"]} == {"added"}
    assert {row["change"] for row in again["rows"]} == {"unchanged"}


@pytest.mark.parametrize("rate", [-1, "NaN"])
def test_a_rate_that_is_none_is_refused(service: Api, count: Callable[[str], int], rate: Any) -> None:
    assert (
        service.refusal(
            "import_cost_centers",
            p_plant="northfield",
            p_columns=["name", "standard_hourly_rate"],
            p_rows=[CENTER | {"standard_hourly_rate": rate}],
            p_is_dry_run=False,
        )
        == "23514"
    )
    assert count("cost_centers") == 0


def closed_days(
    service: Api, *rows: dict[str, Any], columns: list[str] | None = None, dry: bool = False
) -> Any:
    return service.call(
        "import_closed_days",
        p_plant="northfield",
        p_columns=columns or ["date", "name", "asset", "is_closed"],
        p_rows=list(rows),
        p_is_dry_run=dry,
    )


CHRISTMAS = {"line": 2, "date": "2026-12-25", "name": "Christmas Day"}


def calendar(database: Connection) -> list[tuple[Any, ...]]:
    rows = database.execute(
        """
        select date::text, asset_id, name, is_closed
        from public.closed_days
        order by date, asset_id nulls first
        """
    ).fetchall()
    return [tuple(row.values()) for row in rows]


def test_closed_days_are_added_changed_and_left_alone(service: Api, database: Connection) -> None:
    assets_(service, ASSET | {"cost_center": None})
    of_press = CHRISTMAS | {"line": 3, "asset": "Press-01", "name": "Keeps warm", "is_closed": False}

    first = closed_days(service, CHRISTMAS, of_press)
    again = closed_days(service, CHRISTMAS, of_press)
    changed = closed_days(service, CHRISTMAS | {"is_closed": False})

    assert changes(first) == [(2, "added"), (3, "added")]
    assert changes(again) == [(2, "unchanged"), (3, "unchanged")]
    assert changed["rows"] == [
        {
            "line": 2,
            "key": {"date": "2026-12-25"},
            "change": "changed",
            "values": {"is_closed": [True, False]},
        }
    ]
    assert calendar(database) == [
        ("2026-12-25", None, "Christmas Day", False),
        ("2026-12-25", 1, "Keeps warm", False),
    ]


def test_a_dry_import_of_closed_days_writes_nothing(service: Api, database: Connection) -> None:
    assert changes(closed_days(service, CHRISTMAS, dry=True)) == [(2, "added")]
    assert calendar(database) == []


def test_a_day_that_stands_twice_or_an_asset_that_is_not_there_imports_nothing(
    service: Api, database: Connection
) -> None:
    answer = closed_days(
        service,
        CHRISTMAS,
        CHRISTMAS | {"line": 3, "asset": "LATHE"},
        CHRISTMAS | {"line": 4, "name": "Again"},
    )

    assert answer["errors"] == [
        {"line": 3, "column": "asset", "message": 'there is no asset "LATHE": import it first'},
        {"line": 4, "column": "date", "message": "the same day as in line 2"},
    ]
    assert calendar(database) == []


def test_the_closed_days_of_a_plant_are_its_own(service: Api, database: Connection) -> None:
    database.execute(
        "insert into public.closed_days (plant, date, name) values ('southfield', '2026-12-25', 'Christmas')"
    )

    assert changes(closed_days(service, CHRISTMAS)) == [(2, "added")]
    assert [row[2] for row in calendar(database)] == ["Christmas", "Christmas Day"]


RATE = {"line": 2, "asset": "press-01", "product": "Gear 40", "ideal_units_per_hour": 300}


def product_rates(service: Api, *rows: dict[str, Any], dry: bool = False) -> Any:
    return service.call(
        "import_product_rates",
        p_plant="northfield",
        p_columns=["asset", "product", "ideal_units_per_hour"],
        p_rows=list(rows),
        p_is_dry_run=dry,
    )


def test_rates_of_products_are_added_changed_and_left_alone(service: Api, database: Connection) -> None:
    centers(service, CENTER)
    assets_(service, ASSET)

    preview = product_rates(service, RATE, dry=True)
    first = product_rates(service, RATE)
    again = product_rates(service, RATE | {"asset": "PRESS-01", "product": " gear  40"})
    changed = product_rates(service, RATE | {"ideal_units_per_hour": 280})

    assert [changes(one) for one in (preview, first, again)] == [
        [(2, "added")],
        [(2, "added")],
        [(2, "unchanged")],
    ]
    assert changed["rows"][0]["values"] == {"ideal_units_per_hour": [300, 280]}
    stored = database.execute(
        "select product, product_key, ideal_units_per_hour::int as rate from public.product_rates"
    ).fetchall()
    assert stored == [{"product": "Gear 40", "product_key": "gear 40", "rate": 280}]


def test_a_rate_of_an_unknown_asset_refuses_the_whole_table(service: Api, database: Connection) -> None:
    centers(service, CENTER)
    assets_(service, ASSET)

    answer = product_rates(service, RATE, RATE | {"line": 3, "asset": "LATHE-09"})

    message = 'there is no asset "LATHE-09": import it first'
    assert answer["errors"] == [{"line": 3, "column": "asset", "message": message}]
    assert database.execute("select id from public.product_rates").fetchall() == []


def test_the_claim_brings_the_rates_with_their_asset(service: Api) -> None:
    centers(service, CENTER)
    assets_(service, ASSET, ASSET | {"line": 3, "source_name": "PRESS-02"})
    product_rates(service, RATE, RATE | {"line": 3, "product": "Shaft", "ideal_units_per_hour": 60})

    assets = service.call("claim_run", p_claim=claim(1, wants=["assets"]))["assets"]

    assert [one["product_rates"] for one in assets] == [{"gear 40": 300, "shaft": 60}, None]
