"""Builds a function's zip: sources, dependencies and settings, in this order.

The board's function has its pages in place of settings: it reads none, and everybody may call it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bundle.archive import size_of, write_zip
from bundle.carried import carry, carry_pages, check
from bundle.interpreter import find_python
from bundle.lock import Pin, as_requirements, needed_for, read_lock
from bundle.reach import PACKAGE, PACKAGE_FOLDER, Reach, reach_of
from bundle.refusal import BundleRefused
from bundle.targets import (
    FUNCTIONS,
    MOST_UNZIPPED_BYTES,
    MOST_ZIPPED_BYTES,
    REPOSITORY,
    Cloud,
    Lambda,
    distributions_for,
)
from bundle.wheels import check_binaries, compile_sources, install
from plantpulse.deployment.dashboard import DASHBOARD

PAGES: Final = REPOSITORY / "build" / "dashboard"
BUNDLES: Final = REPOSITORY / "build" / "bundles"
LOCK: Final = REPOSITORY / "requirements" / "live_pulse.txt"
REQUIREMENTS: Final = "requirements.txt"


@dataclass(frozen=True)
class Built:
    """A finished bundle and the bytes of its content."""

    path: Path
    unzipped_bytes: int


def build_for_google(
    function: str, settings_file: Path, bundles: Path = BUNDLES, pages: Path = PAGES
) -> Built:
    """Build the zip that Google's buildpack installs from. Raises: BundleRefused."""
    reach = reach_of(FUNCTIONS / function)
    with _folder() as folder:
        _lay_sources(function, reach, folder)
        pins = _pins("gcp", reach, settings_file)
        (folder / REQUIREMENTS).write_text(as_requirements(pins), encoding="utf-8")
        _carry(function, settings_file, pages, folder)
        return _zipped(folder, bundles / "gcp" / f"{function}.zip")


def build_for_lambda(
    function: str, settings_file: Path, target: Lambda, bundles: Path = BUNDLES, pages: Path = PAGES
) -> Built:
    """Build the zip that Lambda runs as it is. Raises: BundleRefused."""
    reach = reach_of(FUNCTIONS / function)
    with _folder() as folder, _folder() as aside:
        requirements = aside / REQUIREMENTS
        pins = _pins("aws", reach, settings_file)
        requirements.write_text(as_requirements(pins), encoding="utf-8")
        install(requirements, folder, target)
        _lay_sources(function, reach, folder)
        compile_sources(folder, find_python(target.python))
        _carry(function, settings_file, pages, folder)
        check_binaries(folder, target)
        built = _zipped(folder, bundles / "aws" / f"{function}-{target.architecture}.zip")
    check_size(built)
    return built


def _pins(cloud: Cloud, reach: Reach, settings_file: Path) -> list[Pin]:
    channels = check(settings_file).channels.values()
    has_apprise = any(channel.kind == "apprise" for channel in channels)
    return needed_for(read_lock(LOCK), distributions_for(cloud, reach.distributions, has_apprise=has_apprise))


def _carry(function: str, settings_file: Path, pages: Path, folder: Path) -> None:
    if function == DASHBOARD:
        carry_pages(pages, folder)
    else:
        carry(settings_file, folder)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="plantpulse-bundle-") as name:
        yield Path(name)


def _lay_sources(function: str, reach: Reach, folder: Path) -> None:
    for source in sorted((FUNCTIONS / function).glob("*.py")):
        shutil.copyfile(source, folder / source.name)
    for file in reach.files:
        (folder / PACKAGE / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE_FOLDER / file, folder / PACKAGE / file)


def _zipped(folder: Path, path: Path) -> Built:
    write_zip(folder, path)
    return Built(path, size_of(folder))


def check_size(built: Built) -> None:
    """Raises: BundleRefused when Lambda would not take a bundle."""
    zipped = built.path.stat().st_size
    if zipped > MOST_ZIPPED_BYTES or built.unzipped_bytes > MOST_UNZIPPED_BYTES:
        raise BundleRefused(
            f"{built.path.name} has {zipped} bytes, {built.unzipped_bytes} unzipped:"
            f" Lambda takes {MOST_ZIPPED_BYTES} and {MOST_UNZIPPED_BYTES}"
        )
