"""The morning report's figures on the real stack where output names the product."""

from pathlib import Path

import pytest

from plantpulse.source.query_files import BUILT_IN
from tests.functions.mornings import Mornings, Week, warnings, week, world

__all__ = ["week", "world"]


@pytest.fixture
def with_products(world: Mornings, tmp_path: Path) -> Mornings:
    """A plant with an output.sql that calls every booking of 300 units a gear."""
    text = (BUILT_IN / "output.sql").read_text(encoding="utf-8")
    for old, new in (
        ("counted.bucket as bucket,\n", "counted.bucket as bucket,\n    counted.product as product,\n"),
        (
            "        locationName as asset,\n",
            "        locationName as asset,\n"
            "        case when output_count = 300 then N'GEAR  40 ' end as product,\n",
        ),
        (
            "group by counted.asset, counted.bucket,",
            "group by counted.asset, counted.bucket, counted.product,",
        ),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "output.sql").write_text(text, encoding="utf-8")
    world.settings["queries_dir"] = tmp_path
    return world


def test_every_product_counts_with_its_own_ideal_rate(with_products: Mornings, week: Week) -> None:
    with_products.store.execute(
        """
        insert into public.product_rates (asset_id, product, ideal_units_per_hour)
        select id, 'Gear 40', 300 from public.assets where source_name = 'PRESS-01'
        """
    )
    week.output("PRESS-01", 300, "2026-03-10T08:00:00")  # gears: an hour at 300 an hour
    week.output("PRESS-01", 150, "2026-03-10T09:00:00")  # an hour at the press's own 150
    week.quality("PRESS-01", 450, 0, "2026-03-10T09:00:00")

    _, report = with_products.morning()

    found = with_products.summary() | with_products.losses()
    assert (found["actual"], found["planned"], found["performance"]) == (450, 480, 25)  # 120 of 480
    assert (found["oee"], found["unexplained"], found["speed_loss"]) == (25, 360, 720)
    assert "ideal_rate_too_low" not in warnings(report)


def test_without_rates_of_products_the_asset_has_one_for_all(with_products: Mornings, week: Week) -> None:
    week.output("PRESS-01", 300, "2026-03-10T08:00:00")
    week.output("PRESS-01", 150, "2026-03-10T09:00:00")

    with_products.morning()

    assert with_products.losses()["unexplained"] == 300  # 480 - 450 / 2.5


def test_a_poll_reads_an_output_with_products_too(with_products: Mornings, week: Week) -> None:
    week.output("PRESS-01", 300, "2026-03-10T08:00:00")
    week.output("PRESS-01", None, "2026-03-10T08:00:00")

    _, report = with_products.morning(dry_run=True)

    [press, _] = report["preview"]["summaries"]
    assert (press["actual_output"], press["unexplained_minutes"], press["shifts"][0]["output"]) == (
        300,
        360,
        300,
    )
    assert report["preview"]["rejected_records"][0]["row"]["product"] is None
