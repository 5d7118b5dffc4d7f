"""What a link learns about a device that refuses requests."""

from hypothesis import given
from hypothesis import strategies as st

from plantpulse.tags.layout import Layout
from plantpulse.tags.readings import Quality
from plantpulse.tags.requests import Request
from tests.unit.tags.words import Words, place, planned


class Refusing:
    """A device that has not all addresses, and reads so many registers at once."""

    def __init__(self, absent: set[int], most: int = 125) -> None:
        self.absent = absent
        self.most = most
        self.count = 0

    def answers(self, request: Request[Words]) -> bool:
        self.count += 1
        asked = range(request.extent.start, request.extent.end)
        return len(asked) <= self.most and self.absent.isdisjoint(asked)


def read(layout: Layout[Words], planned: tuple[Request[Words], ...], device: Refusing) -> set[int]:
    """Ask as a link does; return the indexes of the tags that were answered."""
    waiting = list(layout.expand(planned))
    answered: set[int] = set()
    while waiting:
        request = waiting.pop(0)
        if device.answers(request):
            answered |= {member.index for member in request.members}
        else:
            waiting += layout.refuse(request, Quality.NO_SUCH_ADDRESS)
    return answered


def hundred() -> tuple[Request[Words], ...]:
    return planned(*map(place, range(100)))


def extents(requests: tuple[Request[Words], ...]) -> list[tuple[int, int]]:
    return [(one.extent.start, one.extent.length) for one in requests]


def test_one_bad_tag_is_found_in_few_requests_and_then_gone_round() -> None:
    layout, device = Layout[Words](), Refusing({37})

    assert read(layout, hundred(), device) == set(range(100)) - {37}
    assert device.count == 13

    assert extents(tuple(layout.expand(hundred()))) == [(0, 37), (38, 62)]
    assert read(layout, hundred(), device) == set(range(100)) - {37}
    assert device.count == 13 + 2


def test_a_device_that_reads_few_at_once_is_asked_for_few() -> None:
    layout, device = Layout[Words](), Refusing(set(), most=30)

    assert read(layout, hundred(), device) == set(range(100))
    assert layout.missing == {}

    assert extents(tuple(layout.expand(hundred()))) == [(0, 25), (25, 25), (50, 25), (75, 25)]


def test_a_hole_that_the_device_does_not_have_is_no_longer_read_over() -> None:
    layout, device = Layout[Words](), Refusing({1})
    requests = planned(place(0), place(2), place(3), hole=5)

    assert read(layout, requests, device) == {0, 1, 2}
    assert layout.missing == {}


def test_the_bits_of_a_register_are_missing_together() -> None:
    layout, device = Layout[Words](), Refusing({0})

    assert read(layout, planned(place(0, bit=1), place(0, bit=2), place(1)), device) == {2}
    assert len(layout.missing) == 1


def test_what_is_forgotten_is_asked_anew() -> None:
    layout, device = Layout[Words](), Refusing({37})
    read(layout, hundred(), device)

    device.absent.clear()
    layout.forget()

    assert read(layout, hundred(), device) == set(range(100))
    assert layout.missing == {}


def test_what_was_refused_may_be_asked_for_again_tag_by_tag_and_whole_where_none_is_missing() -> None:
    layout, requests = Layout[Words](), planned(*map(place, range(8)))
    assert not layout.has_refused
    read(layout, requests, Refusing({2}))

    assert extents(tuple(layout.refused_parts(requests))) == [(2, 1)]
    layout.refuse(planned(*map(place, range(3, 8)))[0], Quality.REFUSED)
    assert extents(tuple(layout.refused_parts(requests))) == [(2, 1), (3, 5)]

    layout.accept(planned(*map(place, range(3, 8))))
    assert extents(tuple(layout.expand(requests))) == [(0, 2), (3, 5)]
    layout.accept(planned(place(2)))
    assert extents(tuple(layout.expand(requests))) == [(0, 8)]
    assert not layout.has_refused


def test_a_question_for_several_that_was_refused_is_halved_and_stays_so() -> None:
    layout = Layout[Words]()
    group = planned(*map(place, (0, 10, 20, 30, 40)))
    assert list(layout.divide(group)) == [group]

    assert layout.refuse_together(group) == (group[:3], group[3:])
    assert layout.refuse_together(group[:3]) == (group[:2], group[2:3])
    assert list(layout.divide(group)) == [group[:2], group[2:3], group[3:]]
    assert list(layout.divide(group[1:])) == [group[1:]]

    layout.forget()
    assert list(layout.divide(group)) == [group]


@given(
    st.lists(st.integers(0, 30), unique=True, min_size=1, max_size=20),
    st.sets(st.integers(0, 30), max_size=6),
    st.integers(1, 40),
    st.integers(0, 4),
)
def test_every_tag_that_the_device_has_is_read_in_the_end(
    addresses: list[int], absent: set[int], most: int, hole: int
) -> None:
    layout, device = Layout[Words](), Refusing(absent, most)
    requests = planned(*map(place, addresses), hole=hole)
    present = {index for index, at in enumerate(addresses) if at not in absent}

    for _ in range(8):  # the requests round missing tags may be too long again
        assert read(layout, requests, device) == present

    before = device.count
    assert read(layout, requests, device) == present
    assert device.count - before == len(tuple(layout.expand(requests)))
