"""Replies that are broken, or made to harm: an error that says so, or the same values, never others."""

import random
import tracemalloc

import pytest

from plantpulse.errors import UnreadableReply
from plantpulse.series.sources.entsoe import curves, markup
from plantpulse.series.sources.entsoe.documents import ASKED
from plantpulse.series.sources.entsoe.markup import Document
from plantpulse.series.sources.entsoe.replies import read
from plantpulse.settings.areas import AREAS
from tests.series.entsoe.built import (
    document,
    load,
    load_values,
    period,
    point,
    read_load,
    recorded,
    series,
    values_of,
)

SMALL = load((1, "7.5"), (3, "-2"))
VALUES = [("01-01T00:00", "7.5"), ("01-01T00:15", "7.5"), ("01-01T00:30", "-2"), ("01-01T00:45", "-2")]

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>'.encode(),
    "an outside entity": b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>',
    "an outside DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "a parameter entity": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]><a/>',
    "a plain DOCTYPE": b"<!DOCTYPE GL_MarketDocument>" + SMALL,
    "a DOCTYPE behind a declaration": b'<?xml version="1.0"?>\n<!DOCTYPE GL_MarketDocument []>' + SMALL,
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
def test_a_doctype_is_refused_before_anything_is_expanded(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableReply, match=r"^the reply has a DOCTYPE"):
            read_load(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000


def test_an_entity_that_nobody_declared_is_an_error() -> None:
    with pytest.raises(UnreadableReply, match="undefined entity"):
        read_load(SMALL.replace(b"7.5", b"&seven;"))


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html></html>", b"\r\n <!doctype HTML>", b"<html><body>Sorry"]
)
def test_a_page_is_named_as_such(page: bytes) -> None:
    with pytest.raises(UnreadableReply, match=r"^the reply is an HTML page$"):
        read_load(page)


@pytest.mark.parametrize("content", [b"", b" ", b"null", b'{"error": 1}', b"Unauthorized", b"\x00\x01\x02"])
def test_what_is_no_xml_is_an_error(content: bytes) -> None:
    with pytest.raises(UnreadableReply, match=r"^the reply is no well-formed XML"):
        read_load(content)


def test_a_document_cut_at_any_byte_is_an_error_or_says_the_same() -> None:
    content = SMALL + b"\n"
    same = []

    for length in range(len(content)):
        try:
            values = load_values(content[:length])
        except UnreadableReply:
            continue
        assert values == VALUES
        same.append(length)

    assert same == [len(content) - 1]


@pytest.mark.parametrize(
    ("name", "kind", "area"),
    [
        ("a44_NL", "day_ahead_price", "NL"),
        ("a44_hass_BE_15M_exact4", "day_ahead_price", "BE"),
        ("ack_no_data_HTTP200_NL", "load", "NL"),
        ("a86", "imbalance_volume", "AT"),
    ],
)
def test_a_recorded_reply_cut_at_any_byte_is_an_error_or_says_the_same(
    name: str, kind: str, area: str
) -> None:
    whole = recorded(name)
    expected = read(whole, ASKED[kind], AREAS[area])
    end = len(whole.rstrip())

    for length in range(end):
        with pytest.raises(UnreadableReply):
            read(whole[:length], ASKED[kind], AREAS[area])

    assert read(whole[:end], ASKED[kind], AREAS[area]) == expected


@pytest.mark.parametrize("name", ["a85", "a86"])
def test_a_zip_with_a_changed_byte_is_an_error_or_says_the_same(name: str) -> None:
    kind = {"a85": "imbalance_price", "a86": "imbalance_volume"}[name]
    whole = recorded(name)
    expected = read(whole, ASKED[kind], AREAS["AT"])
    chosen = random.Random(15).sample(range(len(whole)), 300)  # noqa: S311 - which bytes is no secret

    errors = 0
    for place in chosen:
        changed = bytearray(whole)
        changed[place] ^= 0x41
        try:
            assert read(bytes(changed), ASKED[kind], AREAS["AT"]) == expected
        except UnreadableReply:
            errors += 1

    assert errors > 250


@pytest.mark.parametrize(
    "namespace",
    [
        "",
        "urn:other",
        "http://www.w3.org/1999/xhtml",
        "URN:IEC62325.351:TC57WG16:451-6:generationloaddocument:3:0",
    ],
)
def test_a_document_of_another_namespace_is_not_one_of_entsoe(namespace: str) -> None:
    with pytest.raises(UnreadableReply, match="is no document of ENTSO-E"):
        read_load(document(series(period(point(1, 5))), namespace=namespace))


def test_elements_of_another_namespace_inside_are_not_read() -> None:
    other = b'<quantity xmlns="urn:other">99</quantity>'
    content = SMALL.replace(b"<Point>", b"<Point>" + other).replace(b"</Point>", other + b"</Point>")

    assert load_values(content) == VALUES


def test_a_prefix_changes_nothing() -> None:
    content = SMALL.replace(b"xmlns=", b"xmlns:a=").replace(b"</", b"</a:")
    for name in (
        b"GL_",
        b"type",
        b"process",
        b"Time",
        b"mRID",
        b"out",
        b"quantity",
        b"curve",
        b"Period",
        b"time",
    ):
        content = content.replace(b"<" + name, b"<a:" + name)
    for name in (b"start", b"end", b"resolution", b"Point", b"position"):
        content = content.replace(b"<" + name, b"<a:" + name)

    assert load_values(content) == VALUES


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16", '<?xml version="1.0" encoding="UTF-16"?>'),
        ("iso-8859-1", '<?xml version="1.0" encoding="ISO-8859-1"?>'),
        ("windows-1252", '<?xml version="1.0" encoding="windows-1252"?>'),
        ("ascii", '<?xml version="1.0" encoding="US-ASCII"?>'),
    ],
)
def test_other_encodings_and_a_mark_of_byte_order_are_read(encoding: str, head: str) -> None:
    text = head + SMALL.decode()

    assert load_values(text.encode(encoding)) == VALUES


@pytest.mark.parametrize(
    "encoding", ["no-such-thing", "utf-7", "utf-32", "shift_jis", "rot13", "zlib", "idna"]
)
def test_an_encoding_that_cannot_be_read_is_an_error(encoding: str) -> None:
    with pytest.raises(UnreadableReply):
        read_load(f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + SMALL)


def test_bytes_that_are_not_of_the_encoding_are_an_error() -> None:
    with pytest.raises(UnreadableReply, match="is no well-formed XML"):
        read_load(SMALL.replace(b"7.5", b"\xff\xfe"))


@pytest.mark.parametrize("resolution", ["PT1M", "PT15M"])
def test_a_period_of_many_years_in_small_steps_takes_no_memory(resolution: str) -> None:
    content = load((1, 5), start="1980-01-01T00:00Z", end="2150-01-01T00:00Z", resolution=resolution)

    tracemalloc.start()
    try:
        with pytest.raises(
            UnreadableReply, match=f"in steps of {resolution} has more values than any real one"
        ):
            read_load(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000


def test_many_periods_together_may_not_have_more_values_than_a_reply() -> None:
    a_year = period(point(1, 5), start="2001-01-01T00:00Z", end="2002-01-01T00:00Z", resolution="PT1M")

    with pytest.raises(UnreadableReply, match="has more values than any real one"):
        read_load(document(series(a_year, a_year)))


def test_days_of_many_years_are_read() -> None:
    content = load((1, 5), start="2000-12-31T23:00Z", end="2010-12-31T23:00Z", resolution="P1D")

    assert sum(len(block.values) for block in read_load(content).blocks) == 3652


def test_more_points_than_any_reply_has_are_refused() -> None:
    content = load((1, 1), (2, 2), (3, 3), (4, 4))

    assert len(list(Document("it", most_points=4).time_series([content]))) == 1
    with pytest.raises(UnreadableReply, match="it has more than 3 points"):
        list(Document("it", most_points=3).time_series([content]))


def test_the_bounds_hold_what_a_real_reply_can_have() -> None:
    quarter_hours, types = 366 * 96, 25

    assert quarter_hours * types < markup.MOST_POINTS
    assert quarter_hours * types < curves.MOST_VALUES


def test_elements_nested_without_end_are_refused() -> None:
    with pytest.raises(UnreadableReply, match="nests elements more than 20 deep"):
        read_load(document("<a>" * 1000 + "</a>" * 1000))


def test_names_without_end_are_refused() -> None:
    with pytest.raises(UnreadableReply, match="has more than 500 names of elements"):
        read_load(document("".join(f"<a{n}/>" for n in range(1000))))


@pytest.mark.parametrize(
    "inside",
    [
        period(point(1, 5)),  # a period in no time series
        point(1, 5),
        f"<TimeSeries>{point(1, 5)}</TimeSeries>",
        f"<TimeSeries><Wrapped>{point(1, 5)}</Wrapped></TimeSeries>",
    ],
)
def test_points_outside_of_a_period_say_nothing(inside: str) -> None:
    try:
        assert read_load(document(inside)).blocks == []
    except UnreadableReply as error:
        assert "no time series" in str(error)  # noqa: PT017 - either is right


def test_text_beside_elements_is_not_taken_for_a_value() -> None:
    content = SMALL.replace(b"<quantity>7.5", b"<quantity>1<b>2</b>7.5")

    assert ("01-01T00:00", "17.5") not in load_values(content)
    assert ("01-01T00:00", "127.5") not in load_values(content)


def test_comments_and_marked_sections_inside_a_value_do_not_change_it() -> None:
    assert load_values(SMALL.replace(b"7.5", b"<!-- x -->7<![CDATA[.5]]>")) == VALUES


def test_values_split_over_pieces_of_the_stream_are_whole() -> None:
    answer = read(
        SMALL.replace(b"<Point>", b"<!--" + b"x" * 65_000 + b"--><Point>"), ASKED["load"], AREAS["NL"]
    )

    assert values_of(answer, "NL/load") == VALUES
