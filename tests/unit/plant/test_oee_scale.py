"""When the scale of a plant's own OEE looks wrong."""

import pytest

from plantpulse.plant.oee_scale import doubt_of_scale, reported_figures


@pytest.mark.parametrize(
    ("figures", "scale", "fitting"),
    [
        ([0.85], "percent", "fraction"),
        ([0.72, 0.85, 1.0, 1.5], "percent", "fraction"),
        ([0.72, 85.0], "percent", None),
        ([1.51], "percent", None),
        ([7.2], "fraction", "percent"),
        ([72.0, 85.0, 8500.0], "fraction", "percent"),
        ([0.9, 72.0], "fraction", None),
        ([0.85, 1.5], "fraction", None),
        ([], "percent", None),
        ([], "fraction", None),
    ],
)
def test_only_a_plant_of_which_every_figure_says_so_is_doubted(
    figures: list[float], scale: str, fitting: str | None
) -> None:
    doubt = doubt_of_scale(figures, scale)

    assert (doubt.fitting_scale if doubt else None) == fitting


def test_the_doubt_names_the_figures() -> None:
    doubt = doubt_of_scale([0.72, 0.85], "percent")

    assert doubt is not None
    assert doubt.message == (
        "every OEE that the plant reports lies between 0.72 and 0.85: they look like fractions, "
        "but oee_scale is percent"
    )


def test_zeros_and_what_is_no_number_say_nothing_and_impossible_figures_do() -> None:
    rows = [
        ("PRESS-01", 0, None, None, None, None),
        ("PRESS-01", "85.5", None, None, None, None),
        ("PRESS-01", None, None, None, None, None),
        ("PRESS-01", "n/a", None, None, None, None),
        ("PRESS-01", -1, None, None, None, None),
        ("PRESS-01", 8500, None, None, None, None),
        ("PRESS-01",),
    ]

    assert reported_figures(rows) == [85.5, 8500]
