"""Zips whose bytes depend on their content alone."""

import os
import zipfile
from pathlib import Path

from bundle.archive import write_zip


def folder_with(path: Path, names: list[str], mode: int, time: int) -> Path:
    for name in names:
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {name}\n" * 100, encoding="utf-8")
        file.chmod(mode)
        os.utime(file, (time, time))
    return path


def test_neither_times_nor_modes_nor_the_order_of_making_change_the_bytes(tmp_path: Path) -> None:
    one = folder_with(tmp_path / "one", ["main.py", "a/b.py", "a.py"], 0o644, 1_000_000_000)
    other = folder_with(tmp_path / "other", ["a.py", "a/b.py", "main.py"], 0o755, 1_700_000_000)

    write_zip(one, tmp_path / "one.zip")
    write_zip(other, tmp_path / "other.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_another_content_is_another_zip(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "one", ["main.py"], 0o644, 1_000_000_000)
    write_zip(folder, tmp_path / "one.zip")
    (folder / "main.py").write_text("something else\n", encoding="utf-8")

    write_zip(folder, tmp_path / "other.zip")

    assert (tmp_path / "one.zip").read_bytes() != (tmp_path / "other.zip").read_bytes()


def test_everybody_may_read_what_is_unpacked(tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "one", ["secret.py"], 0o600, 1_000_000_000)

    write_zip(folder, tmp_path / "one.zip")

    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        (entry,) = archive.infolist()
    assert (entry.filename, oct(entry.external_attr >> 16)) == ("secret.py", "0o100644")
