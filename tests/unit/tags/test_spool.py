"""What Supabase did not take waits on disk, in order, and survives whatever ends the process."""

import errno
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plantpulse.tags.spool import Spool

ROOMY = 1 << 20

Open = Callable[..., Spool]


def row(group: int, slot: int) -> dict[str, object]:
    return {"g": group, "s": f"2026-11-30T12:00:{slot:02}+00:00", "v": [1.5, None], "ms": 4}


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens spools, and closes them at the end."""
    spools: list[Spool] = []

    def open_one(folder: Path, most_bytes: int = ROOMY, segment_bytes: int = ROOMY) -> Spool:
        spool = Spool.open(folder, most_bytes, segment_bytes)
        assert spool is not None
        spools.append(spool)
        return spool

    yield open_one
    for spool in spools:
        spool.close()


def all_taken(spool: Spool) -> list[object]:
    taken: list[object] = []
    while (rows := spool.oldest()) is not None:
        taken += rows
        spool.take_oldest()
    return taken


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.rows"))


def test_records_come_back_in_order_and_leave_no_file(tmp_path: Path, opened: Open) -> None:
    spool = opened(tmp_path)
    for slot in range(5):
        spool.append([row(1, slot), row(2, slot)])

    assert spool.oldest() == [row(1, 0), row(2, 0)]
    assert all_taken(spool) == [row(group, slot) for slot in range(5) for group in (1, 2)]
    assert files(tmp_path) == []
    assert spool.size == 0


def test_a_restart_goes_on_where_the_files_begin(tmp_path: Path, opened: Open) -> None:
    before = opened(tmp_path, segment_bytes=1)  # a file for each record
    for slot in range(4):
        before.append([row(1, slot)])
    before.take_oldest()
    before.close()

    after = opened(tmp_path)
    after.append([row(1, 4)])

    assert all_taken(after) == [row(1, slot) for slot in range(1, 5)]


def test_records_that_were_taken_come_again_after_a_restart_with_the_rest_of_their_file(
    tmp_path: Path, opened: Open
) -> None:
    before = opened(tmp_path)
    before.append([row(1, 0)])
    before.append([row(1, 1)])
    before.take_oldest()
    before.close()

    assert all_taken(opened(tmp_path)) == [row(1, 0), row(1, 1)]


@pytest.mark.parametrize("left", range(-1, -97, -1))
def test_a_power_cut_at_any_byte_of_a_record_costs_no_other(tmp_path: Path, opened: Open, left: int) -> None:
    before = opened(tmp_path)
    before.append([row(1, 0)])
    whole = before.size
    before.append([row(1, 1)])
    before.close()
    os.truncate(files(tmp_path)[0], max(before.size + left, whole))

    after = opened(tmp_path)
    after.append([row(1, 2)])

    assert all_taken(after) == [row(1, 0), row(1, 2)]
    assert after.damaged == (0 if before.size + left <= whole else 1)


def test_a_damaged_record_is_counted_and_those_after_it_come(tmp_path: Path, opened: Open) -> None:
    before = opened(tmp_path)
    for slot in range(3):
        before.append([row(1, slot)])
    before.close()
    content = bytearray(files(tmp_path)[0].read_bytes())
    content[len(content) // 2] ^= 1
    files(tmp_path)[0].write_bytes(content)

    after = opened(tmp_path)

    assert all_taken(after) == [row(1, 0), row(1, 2)]
    assert after.damaged == 1


def test_a_full_spool_drops_the_oldest_rows_and_counts_them_by_group(tmp_path: Path, opened: Open) -> None:
    record = opened(tmp_path / "other")
    record.append([row(1, 0), row(2, 0)])
    spool = opened(tmp_path / "one", most_bytes=3 * record.size, segment_bytes=1)

    dropped = [spool.append([row(1, slot), row(2, slot)]) for slot in range(5)]

    assert dropped == [Counter(), Counter(), Counter(), Counter({1: 1, 2: 1}), Counter({1: 1, 2: 1})]
    assert all_taken(spool) == [row(group, slot) for slot in range(2, 5) for group in (1, 2)]


def test_rows_that_were_taken_are_not_counted_as_dropped(tmp_path: Path, opened: Open) -> None:
    spool = opened(tmp_path, segment_bytes=ROOMY)
    spool.append([row(1, 0)])
    spool.append([row(1, 1)])
    spool.take_oldest()
    spool.most_bytes = spool.size

    assert spool.append([row(1, 2)]) == Counter({1: 1})
    assert all_taken(spool) == [row(1, 2)]


def test_a_folder_has_one_process_at_a_time(tmp_path: Path, opened: Open) -> None:
    first = opened(tmp_path)

    assert Spool.open(tmp_path, ROOMY) is None
    first.close()
    opened(tmp_path)


def test_a_full_disk_leaves_whole_records(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(tmp_path)
    spool.append([row(1, 0)])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)  # the disk tells it at the latest here
        with pytest.raises(OSError, match="No space"):
            spool.append([row(1, 1)])
    spool.append([row(1, 2)])

    assert all_taken(spool) == [row(1, 0), row(1, 2)]
    assert spool.damaged == 0


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "notes.rows").write_text("not ours", encoding="utf-8")

    spool = opened(tmp_path)
    spool.append([row(1, 0)])

    assert all_taken(spool) == [row(1, 0)]
    assert (tmp_path / "notes.rows").read_text(encoding="utf-8") == "not ours"


def test_records_that_hold_no_rows_are_passed_over_like_damaged_ones(tmp_path: Path, opened: Open) -> None:
    contents = [b'"rows"', b'[{"a": 1}]', b"[" * 5_000, b"nothing"]
    records = [b"%08x %d %b\n" % (zlib.crc32(one), len(one), one) for one in contents]
    records.append(b"0 " + b"9" * 5_000 + b" x\n")
    (tmp_path / "000000000001.rows").write_bytes(b"".join(records))
    spool = opened(tmp_path)
    spool.append([row(1, 0)])

    assert all_taken(spool) == [row(1, 0)]
    assert spool.damaged == 5
