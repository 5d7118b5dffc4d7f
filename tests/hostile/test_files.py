"""Files that a power cut or a person left in the folder of an edge runner: read, or passed over."""

import json
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plantpulse.tags.own_clock import OwnClock
from plantpulse.tags.spool import Spool
from plantpulse.tags.spools import Spools
from tests.hostile.values import REPEATABLE, as_json, damaged, documents, objects

NOON: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
ROWS: Final = [{"g": 1, "s": NOON.isoformat(), "v": [1.5, None]}]


def record(rows: Any) -> bytes:
    content = json.dumps(rows).encode()
    return b"%08x %d %b\n" % (zlib.crc32(content), len(content), content)


GOOD: Final = record(ROWS) * 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spools")


def new(folders: Path) -> Path:
    """Return a folder that nothing has used."""
    folder = folders / str(sum(1 for _ in folders.iterdir()))
    folder.mkdir()
    return folder


@REPEATABLE
@given(content=damaged(st.just(GOOD)) | st.binary(max_size=80) | documents.map(record))
@example(content=b"0 " + b"1" * 5_000 + b" x\n")
@example(content=record({"a": 1}))
@example(content=record([1]))
@example(content=record("[]") + GOOD)
@example(content=b"\0" * 5_000_000)
def test_any_spool_gives_back_its_sound_records_and_ends(folders: Path, content: bytes) -> None:
    folder = new(folders)
    (folder / "000000000001.rows").write_bytes(content)
    spool = Spool.open(folder, 1 << 24)
    assert spool is not None

    found = []
    for _ in range(10):
        if (rows := spool.oldest()) is None:
            break
        found.append(rows)
        spool.take_oldest()
    spool.close()

    assert spool.is_empty
    assert all(isinstance(row, dict) for rows in found for row in rows)


@REPEATABLE
@given(content=damaged(st.just(GOOD)) | documents.map(record))
def test_any_spool_can_be_dropped(folders: Path, content: bytes) -> None:
    folder = new(folders)
    (folder / "000000000001.rows").write_bytes(content)
    spool = Spool.open(folder, 1 << 24)
    assert spool is not None

    dropped = spool.drop_oldest()
    spool.close()

    assert isinstance(dropped, Counter)


CLAIM: Final = objects("groups", "at", "holder", "plant")


@REPEATABLE
@given(content=st.binary(max_size=40) | documents.map(as_json) | CLAIM.map(as_json))
@example(content=b"[" * 60_000)
@example(content=b'"claim"')
@example(content=b"\xff\xfe")
def test_any_kept_claim_is_an_object_or_none(folders: Path, content: bytes) -> None:
    folder = new(folders)
    (folder / "claim.json").write_bytes(content)
    spools = Spools.open(folder, "holder", NOON, 1 << 24)

    kept = spools.kept_claim()
    spools.close()

    assert kept is None or isinstance(kept, dict)


@REPEATABLE
@given(
    content=st.binary(max_size=40)
    | documents.map(as_json)
    | objects("at", "up_s", "boot", "shift_s", values=documents | st.just("b")).map(as_json)
)
@example(content=b"[" * 60_000)
@example(content=b'{"boot": "b"}')
@example(content=b'{"boot": "b", "at": "2026-11-30T12:00:00+00:00", "up_s": "x"}')
@example(content=b'{"boot": "b", "at": "0001-01-01T00:00:00+14:00", "up_s": 1}')
@example(content=b'{"shift_s": "x"}')
@example(content=b'{"shift_s": 1e300}')
@example(content=b'{"shift_s": NaN}')
def test_any_note_of_a_clock_is_a_shift(folders: Path, content: bytes) -> None:
    folder = new(folders)
    (folder / "clock.json").write_bytes(content)
    clock = OwnClock(new(folders), NOON, 1000.0, boot="b")
    clock.hear(NOON, 1000.0, 1000.1)

    assert isinstance(clock.shift_of(folder), timedelta)
