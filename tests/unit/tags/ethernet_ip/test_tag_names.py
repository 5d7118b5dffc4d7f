"""Names of tags in a Logix controller, and what a request has for them."""

import pytest

from plantpulse.tags.drivers.ethernet_ip.tag_names import TagName, parse_tag_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Speed", TagName((("Speed", ()),))),
        ("Program:Main.Speed", TagName((("Program:Main", ()), ("Speed", ())))),
        ("Recipe.Steps[2].Time", TagName((("Recipe", ()), ("Steps", (2,)), ("Time", ())))),
        ("Grid[1,20,300]", TagName((("Grid", (1, 20, 300)),))),
        ("Local:1:I.Data", TagName((("Local:1:I", ()), ("Data", ())))),
    ],
)
def test_a_name_has_segments_and_indices(text: str, name: TagName) -> None:
    assert parse_tag_name(text, is_bool=False) == name


@pytest.mark.parametrize(
    ("text", "has_words_of_bits", "name"),
    [
        ("Running", True, TagName((("Running", ()),))),
        ("Alarms.5", True, TagName((("Alarms", ()),), bit=5)),
        ("Alarms[3].31", True, TagName((("Alarms", (3,)),), bit=31)),
        ("Flags[40]", True, TagName((("Flags", (1,)),), bit=8, is_of_bits=True)),
        ("Flags[40]", False, TagName((("Flags", (40,)),))),
    ],
)
def test_a_bit_is_one_of_a_number_or_of_an_array_of_bits(
    text: str, has_words_of_bits: bool, name: TagName
) -> None:
    assert parse_tag_name(text, True, has_words_of_bits) == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must look like Speed"),
        ("1Speed", "must look like"),
        ("Line 1", "must look like"),
        ("Speed[", "must look like"),
        ("Speed[x]", "must look like"),
        ("Grid[1,2,3,4]", "must look like"),
        ("a..b", "must look like"),
        ("Geschwindigkeit_Öl", "must look like"),
        ("x" * 81, "must look like"),
        ("Alarms.5", "its type must be bool"),
        ("Alarms.64", "from 0 to 63"),
        (".".join(["A"] * 128), "too many parts"),
        ("Alarms\n.5", "must look like"),
    ],
)
def test_what_is_no_name_says_what_it_must_look_like(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_tag_name(text, is_bool=False)


@pytest.mark.parametrize(
    ("text", "request_bytes"),
    [
        # Rockwell 1756-PM020, "Read Tag Service": the request for TotalCount, without its count of elements.
        ("TotalCount", bytes.fromhex("4c06910a546f74616c436f756e74") + b"\x01\x00"),
        ("abc", b"\x4c\x03\x91\x03abc\x00\x01\x00"),
        ("ab[255]", b"\x4c\x03\x91\x02ab\x28\xff\x01\x00"),
        ("ab[256]", b"\x4c\x04\x91\x02ab\x29\x00\x00\x01\x01\x00"),
        ("ab[65536]", b"\x4c\x05\x91\x02ab\x2a\x00\x00\x00\x01\x00\x01\x00"),
        ("ab[1,2].c", b"\x4c\x06\x91\x02ab\x28\x01\x28\x02\x91\x01c\x00\x01\x00"),
    ],
)
def test_a_request_has_the_path_of_its_name(text: str, request_bytes: bytes) -> None:
    assert parse_tag_name(text, is_bool=False).read_request() == request_bytes


def test_a_name_with_as_many_parts_as_a_request_holds_is_asked_for() -> None:
    request = parse_tag_name(".".join(["A"] * 127), is_bool=False).read_request()

    assert request[:2] == b"\x4c\xfe"  # 254 words of path
    assert len(request) == 2 + 508 + 2
