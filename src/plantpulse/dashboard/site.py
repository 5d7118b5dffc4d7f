"""The files of a site, read once: what is not among them cannot be asked for, whatever a path looks like."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from plantpulse.errors import ConfigurationError

INDEX: Final = "index.html"
_ASSETS: Final = "assets/"  # the names of these files change with their content
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_OTHER: Final = "application/octet-stream"
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PACKED_ALREADY: Final = (".ico", ".png", ".woff2")


@dataclass(frozen=True)
class File:
    """One file; `name` is its path without the first slash."""

    name: str
    content: bytes

    @property
    def content_type(self) -> str:
        return _TYPES.get(self._suffix, _OTHER)

    @property
    def cache_control(self) -> str:
        return _FOR_GOOD if self.name.startswith(_ASSETS) else _ASK_AGAIN

    @cached_property
    def etag(self) -> str:
        """What names this content, with its quotes."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @cached_property
    def zipped(self) -> bytes | None:
        """The content packed by gzip; None where that saves nothing."""
        if self._suffix in _PACKED_ALREADY:
            return None
        packed = gzip.compress(self.content, compresslevel=6, mtime=0)
        return packed if len(packed) < len(self.content) else None

    @property
    def _suffix(self) -> str:
        return Path(self.name).suffix.lower()


def read_site(folder: Path) -> dict[str, File]:
    """Return the files below a folder by their names; links and hidden files are left out.

    Raises: ConfigurationError.
    """
    names = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if _is_plain(path, folder)
    }
    if INDEX not in names:
        raise ConfigurationError(
            f"the pages are missing: there is no {INDEX} in {folder}; run `make dashboard`"
        )
    return {name: File(name, path.read_bytes()) for name, path in names.items()}


def build_of(site: Mapping[str, File]) -> str:
    """Return what names this build of the pages: their index names every other file by its content."""
    return site[INDEX].etag.strip('"')[:8]


def _is_plain(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    is_hidden = any(part.startswith(".") for part in parts)
    return not is_hidden and path.is_file() and path.resolve() == folder.resolve().joinpath(*parts)
