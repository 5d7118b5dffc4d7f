"""What is sent to Supabase, and what a burst makes of the answer."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.buffer import Buffer, Sample
from plantpulse.tags.flushing import MOST_VALUES, Batch, Flusher, row_of
from plantpulse.tags.readings import NOT_CONNECTED, Quality, Reading
from plantpulse.tags.tag import Group, Tag
from plantpulse.tags.tally import Tally
from plantpulse.tags.usage import Load
from tests.unit.tags.plc import at, group_of

LOAD = Load(12.5, 80)
ANSWER: dict[str, Any] = {"later": []}


@dataclass
class Polled:
    """A group with some samples in its queue."""

    group: Group = field(default_factory=group_of)
    buffer: Buffer = field(default_factory=lambda: Buffer(1000))
    tally: Tally = field(init=False)
    is_done: bool = False

    def __post_init__(self) -> None:
        self.tally = Tally(self.group)

    def read(self, *seconds: float, quality: Quality = Quality.GOOD) -> "Polled":
        for second in seconds:
            readings = [Reading(10) for _ in self.group.tags] if quality is Quality.GOOD else []
            self.buffer.put(self.group, Sample(at(second), quality, readings, 4))
            self.tally.read(at(second), 2, 4)
        return self


def flusher() -> Flusher:
    return Flusher("a-holder", "north", 30, 10)


def slots(batch: Batch) -> list[datetime]:
    return [datetime.fromisoformat(row["s"]) for row in batch.body["rows"]]


def sent_row(readings: list[Reading], *tags: Tag) -> dict[str, Any]:
    group = group_of(tags=tags)
    row = row_of(group, Sample(at(1), Quality.GOOD, readings, 4))
    written: dict[str, Any] = json.loads(json.dumps(row, allow_nan=False))
    return written


def test_a_sample_is_an_array_by_position() -> None:
    tags = (Tag("a", "1", "int16", position=1), Tag("c", "3", "int16", position=3, scale=0.1))

    row = sent_row([Reading(7), Reading(12.3)], *tags)

    assert row == {"g": 7, "s": "2026-12-01T12:00:01+00:00", "b": 0, "ms": 4, "v": [7, None, 12.3]}


def test_figures_that_a_32_bit_float_would_round_have_an_array_of_their_own() -> None:
    tags = (Tag("count", "1", "uint32", position=1), Tag("speed", "3", "int16", position=2))

    row = sent_row([Reading(4_000_000_001), Reading(5)], *tags)

    assert (row["v"], row["w"]) == ([None, 5], [4_000_000_001, None])


def test_whole_numbers_beyond_a_64_bit_float_keep_their_digits_as_text() -> None:
    row = sent_row([Reading(2**63 - 1)], Tag("serial", "1", "int64"))

    assert row["t"] == {"1": "9223372036854775807"}
    assert row["w"] == [2**63 - 1]


def test_texts_and_bits_have_their_columns() -> None:
    tags = (Tag("name", "1", "string", position=1), Tag("on", "2", "bool", position=2))

    row = sent_row([Reading("Ofen 3"), Reading(True)], *tags)

    assert (row["v"], row["t"]) == ([None, 1], {"1": "Ofen 3"})


def test_only_tags_that_are_not_good_have_a_quality() -> None:
    tags = (Tag("a", "1", "int16", position=1), Tag("b", "2", "int16", position=2))

    row = sent_row([Reading(None, Quality.NO_SUCH_ADDRESS), Reading(3, Quality.UNCERTAIN)], *tags)

    assert (row["v"], row["q"], row["b"]) == ([None, 3], {"1": 3, "2": 7}, 0)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_a_number_never_becomes_a_value(number: float) -> None:
    row = sent_row(
        [Reading(number), Reading(1)], Tag("a", "1", "float64"), Tag("b", "2", "int16", position=2)
    )

    assert (row["v"], row.get("w"), row["q"]) == ([None, 1], None, {"1": 5})


@pytest.mark.parametrize(
    ("number", "stored"),
    [(1e-50, 0), (-1e-50, 0), (7e-46, 0), (1e-45, 1e-45), (3.4028234e38, 3.4028234e38), (0.0, 0)],
)
def test_a_number_too_small_for_a_32_bit_float_is_stored_as_0(number: float, stored: float) -> None:
    assert sent_row([Reading(number)], Tag("a", "1", "float32"))["v"] == [stored]


def test_a_scaled_number_too_small_for_a_32_bit_float_is_stored_as_0() -> None:
    row = sent_row([Reading(1e-50, Quality.UNCERTAIN)], Tag("a", "1", "int16", scale=1e-50))

    assert (row["v"], row["q"]) == ([0], {"1": 7})


def test_a_number_too_large_for_a_32_bit_float_costs_its_tag_alone() -> None:
    row = sent_row(
        [Reading(-3.5e38), Reading(1)], Tag("a", "1", "float32"), Tag("b", "2", "int16", position=2)
    )

    assert (row["v"], row["q"]) == ([None, 1], {"1": 5})


def test_a_64_bit_float_keeps_what_a_32_bit_float_does_not_have() -> None:
    tags = (Tag("a", "1", "float64"), Tag("b", "2", "float64", position=2))

    assert sent_row([Reading(1e-50), Reading(-3.5e38)], *tags)["w"] == [1e-50, -3.5e38]


def test_an_array_without_a_number_is_not_sent() -> None:
    wide = sent_row([Reading(4_000_000_001)], Tag("count", "1", "uint32"))
    text = sent_row([Reading("Ofen 3")], Tag("name", "1", "string"))

    assert (wide.get("v"), wide["w"]) == (None, [4_000_000_001])
    assert (text.get("v"), text.get("w"), text["t"]) == (None, None, {"1": "Ofen 3"})


@pytest.mark.parametrize("text", ["Ofen\x003", "\ud800", "a\udfff"])
def test_a_text_that_postgres_does_not_have_costs_its_tag_alone(text: str) -> None:
    row = sent_row([Reading(text), Reading(1)], Tag("a", "1", "string"), Tag("b", "2", "int16", position=2))

    assert (row["v"], row.get("t"), row["q"]) == ([None, 1], None, {"1": 5})


def test_a_float_that_is_whole_is_written_without_its_zero() -> None:
    group = group_of(tags=(Tag("a", "1", "float32"),))

    row = row_of(group, Sample(at(1), Quality.GOOD, [Reading(12.0)]))

    assert json.dumps(row["v"]) == "[12]"


def test_a_slot_that_failed_has_a_quality_and_no_arrays() -> None:
    row = row_of(group_of(), Sample(at(1), Quality.TIMED_OUT))

    assert row == {"g": 7, "s": "2026-12-01T12:00:01+00:00", "b": 2, "ms": 0}


def test_a_doubtful_rise_is_marked() -> None:
    row = row_of(group_of(), Sample(at(1), Quality.GOOD, [Reading(1), NOT_CONNECTED], is_doubtful=True))

    assert row["doubtful"] is True


def test_a_call_that_was_not_answered_is_sent_again_as_it_was() -> None:
    polled, sending = Polled().read(1, 2), flusher()
    first = sending.next_batch([polled], LOAD)
    polled.read(3)

    again = sending.next_batch([polled], LOAD)
    sending.answered(again, ANSWER)
    following = sending.next_batch([polled], LOAD)

    assert again is first
    assert (first.body["sequence"], following.body["sequence"]) == (1, 2)
    assert slots(following) == [at(3)]


def test_counts_are_those_since_the_call_before() -> None:
    polled, sending = Polled(group_of(version=5)).read(1, 2), flusher()
    polled.tally.miss(3)
    polled.tally.fail(DeviceUnavailable("gone"), at(4))
    (state,) = sending.next_batch([polled], LOAD).body["states"]

    assert state == {
        "g": 7,
        "version": 5,
        "state": "failing",
        "polls": 2,
        "errors": 4,
        "error": {"code": "device_unavailable", "message": "gone", "at": "2026-12-01T12:00:04+00:00"},
        "queue": 0,
        "queue_highest": 2,
        "queue_limit": 1000,
        "dropped": 0,
        "jitter_ms": 2,
        "read_ms": 4,
        "cpu_percent": 12.5,
        "memory_mb": 80,
    }

    sending.answered(sending.next_batch([polled], LOAD), ANSWER)
    (state,) = sending.next_batch([polled], LOAD).body["states"]
    assert (state["polls"], state["errors"], state["error"], state["state"]) == (0, 0, None, "failing")


def test_what_a_full_queue_dropped_is_told_once() -> None:
    polled, sending = Polled(buffer=Buffer(2)), flusher()
    polled.read(1, 2, 3)

    batch = sending.next_batch([polled], LOAD)
    sending.answered(batch, ANSWER)

    assert batch.body["states"][0]["dropped"] == 1
    assert sending.next_batch([polled], LOAD).body["states"][0]["dropped"] == 0
    assert sending.totals == {"samples": 2, "good": 2, "bad": 0, "missed": 0, "dropped": 1}


def test_a_backlog_is_sent_in_calls_of_a_bounded_size_and_every_group_gets_its_share() -> None:
    wide = [Tag(f"t{n}", "1", "int16", position=n + 1) for n in range(500)]
    groups = [Polled(group_of(id=number, tags=tuple(wide))) for number in (1, 2)]
    for polled in groups:
        polled.read(*range(400))

    batch = flusher().next_batch(groups, LOAD)

    rows = [row["g"] for row in batch.body["rows"]]
    assert len(rows) * 500 <= MOST_VALUES
    assert rows.count(1) == rows.count(2) == 60
    assert slots(batch)[:2] == [at(0), at(1)]
    assert len(json.dumps(batch.body)) < 1_000_000


def test_a_group_ends_with_the_call_that_has_its_last_sample() -> None:
    polled, sending = Polled(group_of(tags=tuple([Tag("a", "1", "int16")] * 500))), flusher()
    polled.read(*range(150))
    polled.is_done = True

    batches = []
    for _ in range(2):
        batches.append(sending.next_batch([polled], LOAD, lambda counts: counts))
        sending.answered(batches[-1], ANSWER)

    assert [batch.ended for batch in batches] == [[], [7]]
    assert [batch.is_last for batch in batches] == [False, True]
    assert batches[0].body["completion"] is None
    assert batches[1].body["completion"] == {
        "samples": 150,
        "good": 150,
        "bad": 0,
        "missed": 0,
        "dropped": 0,
    }


def test_samples_that_supabase_cannot_judge_yet_are_sent_again() -> None:
    polled, sending = Polled().read(1, 2), flusher()
    batch = sending.next_batch([polled], LOAD)

    stored = sending.answered(batch, {"later": [[7, "2026-12-01T12:00:02+00:00"]]})
    again = sending.next_batch([polled.read(3)], LOAD)

    assert stored == [(7, at(1))]
    assert slots(again) == [at(2), at(3)]
    assert sending.totals["samples"] == 3


def test_samples_that_supabase_refuses_are_neither_stored_nor_sent_again() -> None:
    other = Polled(group_of(id=8)).read(1)
    polled, sending = Polled().read(1, 2), flusher()
    batch = sending.next_batch([polled, other], LOAD)

    stored = sending.answered(batch, {"later": [], "refused": [7]})
    following = sending.next_batch([polled.read(3), other], LOAD)

    assert stored == [(8, at(1))]
    assert slots(following) == [at(3)]


def test_samples_of_which_nobody_knows_whether_they_are_stored_are_told_as_lost_once() -> None:
    other = Polled(group_of(id=8)).read(1)
    polled, sending = Polled().read(1, 2), flusher()

    sending.answered(
        sending.next_batch([polled, other], LOAD),
        {"later": [[7, "2026-12-01T12:00:02+00:00"]], "refused": [7]},
    )
    assert sending.take_lost() == [(7, at(1))]
    sending.give_up(sending.next_batch([polled.read(3)], LOAD))
    assert sending.take_lost() == [(7, at(2)), (7, at(3))]
    assert sending.take_lost() == []


def test_samples_that_are_lost_with_their_turn_count_as_dropped() -> None:
    polled, sending = Polled().read(1, 2), flusher()
    batch = sending.next_batch([polled], LOAD)

    sending.answered(batch, {"refused": [7], "dropped": {"7": 2}})

    assert batch.body["is_final"] is True
    assert sending.totals["dropped"] == 2
    assert sending.next_batch([polled], LOAD).body["states"][0]["dropped"] == 0


def test_a_level_is_told_with_its_sample_or_after_it() -> None:
    group = group_of(tags=tuple([Tag("a", "1", "int16")] * 500))
    polled, sending = Polled(group).read(*range(150)), flusher()
    polled.tally.see(True, at(149))

    first = sending.next_batch([polled], LOAD)
    sending.answered(first, ANSWER)
    second = sending.next_batch([polled], LOAD)

    assert "level" not in first.body["states"][0]
    assert second.body["states"][0]["level"] is True
    assert second.body["states"][0]["level_slot"] == at(149).isoformat()


def test_a_group_that_waits_for_its_first_slot_says_nothing_of_itself() -> None:
    assert flusher().next_batch([Polled()], LOAD).body["states"] == []


def test_a_call_that_is_given_up_counts_as_dropped() -> None:
    polled, sending = Polled().read(1, 2), flusher()

    sending.give_up(sending.next_batch([polled], LOAD))

    assert sending.totals["dropped"] == 2
    assert not sending.has_waiting
    following = sending.next_batch([polled], LOAD)
    assert following.body["states"][0]["dropped"] == 2
    sending.answered(following, ANSWER)
    assert sending.next_batch([polled], LOAD).body["states"][0]["dropped"] == 0
    assert sending.totals["dropped"] == 2


def test_a_call_says_who_sends_it() -> None:
    body = flusher().next_batch([], LOAD).body

    assert {name: body[name] for name in ("holder", "plant", "lease_s", "most", "ended")} == {
        "holder": "a-holder",
        "plant": "north",
        "lease_s": 30,
        "most": 10,
        "ended": [],
    }


def other_group() -> Group:
    return replace(group_of(), id=8, name="press-2")


def test_a_call_that_is_refused_is_sent_again_each_group_alone() -> None:
    first, second, sending = Polled().read(1, 2), Polled(other_group(), is_done=True).read(1), flusher()
    whole = sending.next_batch([first, second], LOAD)

    assert sending.take_apart(whole)

    assert sending.has_parts
    parts = []
    for _ in range(2):
        parts.append(sending.next_batch([first, second], LOAD))
        sending.answered(parts[-1], ANSWER)
    assert [[row["g"] for row in part.body["rows"]] for part in parts] == [[7, 7], [8]]
    assert [[state["g"] for state in part.body["states"]] for part in parts] == [[7], [8]]
    assert [part.body["states"][0]["polls"] for part in parts] == [2, 1]
    assert [part.ended for part in parts] == [[], [8]]
    assert [part.body["sequence"] for part in (whole, *parts)] == [1, 2, 3]
    assert (sending.has_waiting, sending.totals["samples"], sending.totals["dropped"]) == (False, 3, 0)


def test_a_call_of_one_group_is_not_taken_apart() -> None:
    polled, sending = Polled().read(1), flusher()

    assert not sending.take_apart(sending.next_batch([polled], LOAD))
    assert not sending.has_parts


def test_the_end_of_a_run_is_sent_alone_after_the_samples_that_it_came_with() -> None:
    polled, sending = Polled(is_done=True).read(1), flusher()
    whole = sending.next_batch([polled], LOAD, dict)
    assert whole.is_last

    assert sending.take_apart(whole)
    part = sending.next_batch([polled], LOAD, dict)
    sending.give_up(part)
    last = sending.next_batch([], LOAD, dict)

    assert (part.is_last, part.ended, len(part.samples)) == (False, [7], 1)
    assert (last.is_last, last.body["completion"]["dropped"], len(last.samples)) == (True, 1, 0)


def test_a_call_that_is_given_up_takes_no_count_with_it() -> None:
    polled, sending = Polled(buffer=Buffer(10)).read(*range(15)), flusher()
    batch = sending.next_batch([polled], LOAD)

    sending.give_up(batch)
    polled.read(20)
    polled.tally.miss(2)
    state = sending.next_batch([polled], LOAD).body["states"][0]

    assert len(batch.samples) == 10
    assert (state["polls"], state["errors"], state["dropped"]) == (16, 2, 15)
    assert (sending.totals["dropped"], sending.totals["missed"]) == (15, 2)
