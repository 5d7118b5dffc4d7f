"""The lock in requirements/: the version and hashes of each distribution, and which others need it.

The file names the others behind each distribution (`# via`). So the lock alone says what a distribution
needs; no package is installed and no index is asked.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bundle.refusal import BundleRefused

_PIN: Final = re.compile(r"^([a-z0-9][a-z0-9-]*)(?:\[[^]]*\])?==")
_VIA: Final = re.compile(r"^    #(?: via)?\s+([a-z0-9][a-z0-9-]*)")


@dataclass(frozen=True)
class Pin:
    """One locked distribution: its lines without the comments, and who asked for it."""

    name: str
    lines: str
    asked_for_by: frozenset[str]


def read_lock(path: Path) -> dict[str, Pin]:
    """Return the pins of a lock by name."""
    blocks: list[list[str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if _PIN.match(line):
            blocks.append([line])
        elif blocks and line.startswith("    "):
            blocks[-1].append(line)
    return {pin.name: pin for pin in map(_pin, blocks)}


def needed_for(lock: dict[str, Pin], names: Collection[str]) -> list[Pin]:
    """Return the pins of distributions and of everything that they need, sorted. Raises: BundleRefused."""
    if missing := sorted(set(names) - lock.keys()):
        raise BundleRefused(f"{', '.join(missing)} is not locked: add it to pyproject.toml and `make lock`")
    found: set[str] = set()
    pending = set(names)
    while pending:
        found |= pending
        pending = {pin.name for pin in lock.values() if pin.asked_for_by & pending} - found
    return [lock[name] for name in sorted(found)]


def as_requirements(pins: Iterable[Pin]) -> str:
    """Return the text of a requirements.txt with hashes."""
    return "".join(pin.lines for pin in pins)


def _pin(block: list[str]) -> Pin:
    found = _PIN.match(block[0])
    assert found, block  # noqa: S101 - blocks begin with a pin
    lines = [line for line in block if not line.lstrip().startswith("#")]
    via = frozenset(parent[1] for line in block if (parent := _VIA.match(line)))
    return Pin(found[1], "\n".join(lines) + "\n", via)
