"""The fewest requests that cover what is read."""

from collections.abc import Sequence, Set
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.tags.blocks import Block, Extent, coalesce

EXTENTS = st.lists(
    st.builds(Extent, st.sampled_from(["hr", "ir"]), st.integers(0, 40), st.integers(1, 6)), max_size=8
)


def test_nothing_to_read_is_no_request() -> None:
    assert coalesce([], 125) == ()


def test_neighbours_share_a_request_whatever_their_order() -> None:
    blocks = coalesce([Extent("hr", 4, 2), Extent("hr", 0, 2), Extent("hr", 2, 2)], 125)

    assert blocks == (Block(Extent("hr", 0, 6), (1, 2, 0)),)


def test_two_tags_may_lie_in_the_same_word() -> None:
    blocks = coalesce([Extent("hr", 7, 1), Extent("hr", 7, 1), Extent("hr", 6, 4)], 125)

    assert blocks == (Block(Extent("hr", 6, 4), (2, 0, 1)),)


def test_a_hole_begins_a_new_request_unless_it_may_be_read_over() -> None:
    extents = [Extent("hr", 0, 2), Extent("hr", 5, 1)]

    assert [block.extent for block in coalesce(extents, 125)] == extents
    assert [block.extent for block in coalesce(extents, 125, largest_hole=2)] == extents
    assert coalesce(extents, 125, largest_hole=3) == (Block(Extent("hr", 0, 6), (0, 1)),)


def test_areas_never_share_a_request() -> None:
    blocks = coalesce([Extent("hr", 0, 1), Extent("ir", 1, 1), Extent("hr", 1, 1)], 125, largest_hole=99)

    assert blocks == (Block(Extent("hr", 0, 2), (0, 2)), Block(Extent("ir", 1, 1), (1,)))


def test_a_tag_is_never_cut_at_the_limit() -> None:
    blocks = coalesce([Extent("hr", at, 2) for at in range(0, 200, 2)], 125)

    assert [(one.extent.start, one.extent.length) for one in blocks] == [(0, 124), (124, 76)]


def test_what_no_request_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="126 is more than one request can read: 125"):
        coalesce([Extent("hr", 0, 1), Extent("hr", 1, 126)], 125)


@given(EXTENTS, st.integers(6, 20), st.integers(0, 5))
def test_every_tag_is_in_one_block_that_keeps_the_limits(
    extents: list[Extent[str]], most_units: int, largest_hole: int
) -> None:
    blocks = coalesce(extents, most_units, largest_hole)

    assert sorted(index for block in blocks for index in block.members) == list(range(len(extents)))
    for block in blocks:
        members = [extents[index] for index in block.members]
        covered = {unit for one in members for unit in range(one.start, one.end)}
        assert {one.area for one in members} == {block.extent.area}
        assert (min(covered), max(covered) + 1) == (block.extent.start, block.extent.end)
        assert block.extent.length <= most_units
        assert longest_hole(covered) <= largest_hole


@given(EXTENTS, st.integers(6, 20), st.integers(0, 5))
def test_no_other_division_has_fewer_blocks(
    extents: list[Extent[str]], most_units: int, largest_hole: int
) -> None:
    fewest = sum(
        fewest_blocks(tuple(one for one in extents if one.area == area), most_units, largest_hole)
        for area in ("hr", "ir")
    )

    assert len(coalesce(extents, most_units, largest_hole)) == fewest


def fewest_blocks(extents: Sequence[Extent[str]], most_units: int, largest_hole: int) -> int:
    """Try every set of tags that may share the block of the first one."""
    if not extents:
        return 0
    first, *others = extents
    fewest = len(extents)
    for chosen in range(2 ** len(others)):
        block = [first] + [one for at, one in enumerate(others) if chosen >> at & 1]
        covered = {unit for one in block for unit in range(one.start, one.end)}
        if max(covered) - min(covered) < most_units and longest_hole(covered) <= largest_hole:
            left = tuple(one for at, one in enumerate(others) if not chosen >> at & 1)
            fewest = min(fewest, 1 + fewest_blocks(left, most_units, largest_hole))
    return fewest


def longest_hole(covered: Set[int]) -> int:
    units = sorted(covered)
    return max((after - unit - 1 for unit, after in pairwise(units)), default=0)
