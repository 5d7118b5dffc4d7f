"""What docs/reading.md says of reads that the Data API cuts."""

from collections.abc import Callable

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection


@pytest.fixture
def viewer(api_of: Callable[[str], Api], database: Connection, members: None) -> Api:
    """A viewer of a plant with 1,200 assets; the first of them has 1,100 snapshots."""
    database.execute(
        """
        insert into public.assets (plant, name, source_name)
        select 'northfield', 'Asset ' || number, 'A-' || number
        from generate_series(1, 1200) as number;

        insert into public.live_snapshots (
          asset_id, snapshot_timestamp, window_start, output_actual, output_target, status
        )
        select 1, at, at - interval '30 min', 5, 5, 'on_target'
        from generate_series(1, 1100) as number
        cross join lateral (
          values ('2026-11-22 06:00+00'::timestamptz - number * interval '15 min')
        ) as slot (at)
        """
    )
    return api_of("viewer")


@pytest.mark.parametrize("query", [{}, {"limit": "5000"}])
def test_a_read_gives_a_thousand_rows_and_no_mark(viewer: Api, query: dict[str, str]) -> None:
    response = viewer.client.get("/assets", params=query)

    assert (response.status_code, len(response.json())) == (200, 1000)
    assert response.headers["Content-Range"] == "0-999/*"


def test_a_count_tells_that_rows_are_missing(viewer: Api) -> None:
    response = viewer.client.get("/assets", headers={"Prefer": "count=exact"})

    assert (response.status_code, len(response.json())) == (206, 1000)
    assert response.headers["Content-Range"] == "0-999/1200"


def test_pages_bring_the_rest(viewer: Api) -> None:
    rows = viewer.rows("assets", order="id", offset="1000")

    assert [rows[0]["id"], rows[-1]["id"]] == [1001, 1200]


def test_embedded_rows_are_cut_too(viewer: Api) -> None:
    (asset,) = viewer.rows("assets", id="eq.1", select="id,live_snapshots(id)")

    assert len(asset["live_snapshots"]) == 1000
