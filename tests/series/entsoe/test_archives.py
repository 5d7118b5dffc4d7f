import io
import tracemalloc
import zipfile
from collections.abc import Mapping

import pytest

from plantpulse.errors import UnreadableReply
from plantpulse.series.sources.entsoe import archives
from plantpulse.series.sources.entsoe.documents import ASKED
from plantpulse.series.sources.entsoe.replies import Answer, read
from plantpulse.settings.areas import AREAS
from tests.series.entsoe.built import load, recorded, values_of

FIRST = load((1, 5))
SECOND = load((1, 7), start="2024-01-01T01:00Z", end="2024-01-01T01:30Z")


def packed(files: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def bytes_in(content: bytes) -> int:
    """Read all of a zip, and keep nothing of it."""
    return sum(len(piece) for _, pieces in archives.documents(content) for piece in pieces)


def read_zip(content: bytes) -> Answer:
    return read(content, ASKED["load"], AREAS["NL"])


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_all_documents_of_a_zip_are_read(how: int) -> None:
    answer = read_zip(packed({"1.xml": FIRST, "folder/": b"", "2.xml": SECOND}, how))

    assert [at for at, _ in values_of(answer, "NL/load")] == [
        "01-01T00:00",
        "01-01T00:15",
        "01-01T00:30",
        "01-01T00:45",
        "01-01T01:00",
        "01-01T01:15",
    ]


def test_a_document_that_comes_without_its_zip_is_read_as_well() -> None:
    content = recorded("a86")
    [plain] = [b"".join(pieces) for _, pieces in archives.documents(content)]

    asked = ASKED["imbalance_volume"]
    assert read(plain, asked, AREAS["AT"]) == read(content, asked, AREAS["AT"])


def test_one_broken_document_of_a_zip_makes_the_reply_unreadable() -> None:
    with pytest.raises(UnreadableReply, match=r"^2\.xml is no well-formed XML"):
        read_zip(packed({"1.xml": FIRST, "2.xml": SECOND[:-5]}))


def test_a_zip_of_a_document_and_of_no_data_has_the_data() -> None:
    answer = read_zip(packed({"1.xml": FIRST, "2.xml": recorded("ack_no_data_HTTP200_NL")}))

    assert len(values_of(answer, "NL/load")) == 4
    assert answer.acknowledged is not None
    assert answer.acknowledged.is_no_data


def test_a_bomb_is_refused_in_little_memory() -> None:
    bomb = packed({"1.xml": b"<a>" + b" " * (archives.MOST_BYTES + 1)})
    assert len(bomb) < 100_000

    tracemalloc.start()
    try:
        with pytest.raises(UnreadableReply, match="the zip holds more than"):
            bytes_in(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 2_000_000


def test_what_all_files_hold_together_is_bounded() -> None:
    third = b" " * (archives.MOST_BYTES // 3 + 1)
    content = packed({"1": third, "2": third, "3": third})

    with pytest.raises(UnreadableReply, match="the zip holds more than"):
        bytes_in(content)


def test_a_size_that_the_zip_states_falsely_is_an_error() -> None:
    content = packed({"1.xml": FIRST})
    entry = content.rindex(b"PK\x01\x02")
    lying = bytearray(content)
    lying[entry + 24 : entry + 28] = (10).to_bytes(4, "little")

    with pytest.raises(UnreadableReply):
        read_zip(bytes(lying))


@pytest.mark.parametrize("count", [archives.MOST_FILES + 1, 5_000])
def test_too_many_files_are_refused(count: int) -> None:
    with pytest.raises(UnreadableReply, match=r"^the zip has more than 200 files$"):
        read_zip(packed({f"{n}.xml": b"" for n in range(count)}))


def test_as_many_files_as_are_allowed_are_read() -> None:
    answer = read_zip(packed({f"{n}.xml": FIRST for n in range(archives.MOST_FILES)}))

    assert len(values_of(answer, "NL/load")) == 4


def test_a_zip_in_a_zip_is_refused() -> None:
    with pytest.raises(UnreadableReply, match=r"^inner\.zip in the zip is a zip itself$"):
        read_zip(packed({"inner.zip": packed({"1.xml": FIRST})}))


def test_an_encrypted_zip_is_refused() -> None:
    content = bytearray(packed({"1.xml": FIRST}))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(UnreadableReply, match="is encrypted"):
        read_zip(bytes(content))


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(how: int) -> None:
    with pytest.raises(UnreadableReply, match="is packed in an unknown way"):
        read_zip(packed({"1.xml": FIRST}, how))


@pytest.mark.parametrize("content", [b"PK", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"PK rubbish" * 100])
def test_what_only_begins_like_a_zip_is_an_error(content: bytes) -> None:
    with pytest.raises(UnreadableReply, match="the zip"):
        read_zip(content)


def test_a_name_in_a_zip_stays_on_one_line() -> None:
    with pytest.raises(UnreadableReply) as refused:
        read_zip(packed({"../\x1b[31m\n" + "x" * 500: b"<"}))

    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 300
