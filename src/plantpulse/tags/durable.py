"""Files that a power cut leaves whole: as they were before, or as they were written."""

import json
import os
from pathlib import Path
from typing import Any


def keep(content: Any, path: Path, part: Path) -> None:
    """Write JSON into a file, by way of one beside it that nobody else writes. Raises: OSError."""
    with part.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk know which files a folder has. Raises: OSError."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
