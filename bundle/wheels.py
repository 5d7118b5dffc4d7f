"""The dependencies of a Lambda bundle: wheels of the lock for Lambda's platform, whatever this machine is."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from uv import find_uv_bin

from bundle.refusal import BundleRefused
from bundle.targets import ELF_MACHINE, PLATFORM, REPOSITORY, Lambda

CACHE: Final = REPOSITORY / "build" / "cache" / "uv"
TASK_ROOT: Final = "/var/task"  # where Lambda unpacks a bundle: what tracebacks say

# What an installer notes for itself, and programs that no function starts.
_LEFTOVERS: Final = (
    "bin",
    ".lock",
    "*.pth",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
)
_ELF: Final = b"\x7fELF"
_TAG: Final = re.compile(r"\.cpython-3(\d+)-")


def install(requirements: Path, folder: Path, target: Lambda) -> None:
    """Unpack the wheels of a requirements file with hashes into a folder. Raises: BundleRefused."""
    command = [
        find_uv_bin(), "pip", "install", "--quiet", "--target", str(folder), "--link-mode", "copy",
        "--python-platform", PLATFORM[target.architecture], "--python-version", target.python,
        "--only-binary", ":all:", "--require-hashes", "--no-deps", "--requirements", str(requirements),
    ]  # fmt: skip
    done = subprocess.run(
        command, env={"UV_CACHE_DIR": str(CACHE), **os.environ}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BundleRefused(
            f"the wheels for Lambda on {target.architecture} cannot be had:\n{done.stderr.strip()}"
        )
    for pattern in _LEFTOVERS:
        for leftover in folder.glob(pattern):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def compile_sources(folder: Path, python: Path) -> None:
    """Add bytecode: /var/task is read-only, so each cold start would compile everything again.

    Python does not compare it with the source's time, which is 1980 in every bundle. Raises: BundleRefused.
    """
    options = ["-q", "-j", "1", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", TASK_ROOT]
    done = subprocess.run(
        [python, "-S", "-m", "compileall", *options, str(folder)],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BundleRefused(f"the sources cannot be compiled:\n{done.stdout.strip()}")


def check_binaries(folder: Path, target: Lambda) -> int:
    """Return the number of binaries. Raises: BundleRefused naming those that are not for the target."""
    wrong, count = [], 0
    for path, machine in _binaries(folder):
        count += 1
        tag = _TAG.search(path.name)
        if machine != ELF_MACHINE[target.architecture] or (tag and f"3.{tag[1]}" != target.python):
            wrong.append(str(path.relative_to(folder)))
    if wrong:
        told = f"not for Lambda on {target.architecture} with Python {target.python}"
        raise BundleRefused(f"{told}: {', '.join(sorted(wrong))}")
    return count


def _binaries(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(20)
            if head.startswith(_ELF):
                yield path, int.from_bytes(head[18:20], "little")
