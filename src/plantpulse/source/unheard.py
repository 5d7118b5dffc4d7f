"""The driver's modules, and fresh copies of them once they are deaf.

pymssql keeps the severest error of all logins of a process and drops the number and text of each later one
that is not severer still: what should reset them sets local variables instead (2.4.6, `clr_err`). Nothing
reaches these variables from outside, but a second copy of the module in memory has its own. So the login
after a refused one goes through a copy. Each costs about 2 MB that are never given back: after a few, the
last one stays in use, and a refusal may be told as lost.
"""

import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import pymssql
from pymssql import _mssql, _pymssql

MOST_COPIES: Final = 16


class Driver(NamedTuple):
    """The two modules of the driver that belong together: C library and DB-API."""

    lower: Any
    upper: Any


class _Drivers:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = [Driver(_mssql, _pymssql)]
        self._is_deaf = False

    def to_log_in_with(self) -> Driver:
        """Return the modules for the next login."""
        with self._lock:
            if self._is_deaf and len(self._known) <= MOST_COPIES and (copy := _copied()):
                self._known.append(copy)
                self._is_deaf = False
            return self._known[-1]

    def note_refusal(self) -> None:
        """Note that a server refused a login: these modules would not hear the next refusal."""
        self._is_deaf = True

    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the modules raise; the lower ones' exceptions reach us where `use` is refused."""
        return (pymssql.Error, *(driver.lower.MSSQLException for driver in self._known))


drivers: Final = _Drivers()


def _copied() -> Driver | None:
    """Return new copies; None where none can be made: a full disk, or one that nothing may be run from."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - only after a refused login

    try:
        with TemporaryDirectory(prefix="plantpulse-driver-") as folder:
            lower = _load(_mssql, folder)
            _put_in_place(lower)
            return Driver(lower, _load(_pymssql, folder))
    except (OSError, ImportError):
        return None
    finally:
        _put_in_place(_mssql)


def _load(original: ModuleType, folder: str) -> ModuleType:
    """Load a module of C code once more, under its own name."""
    from importlib.machinery import ExtensionFileLoader  # noqa: PLC0415 - as above
    from importlib.util import module_from_spec, spec_from_file_location  # noqa: PLC0415 - as above
    from shutil import copy  # noqa: PLC0415 - as above

    path = str(copy(str(original.__file__), Path(folder)))
    loader = ExtensionFileLoader(original.__name__, path)
    specification = spec_from_file_location(original.__name__, path, loader=loader)
    assert specification is not None  # noqa: S101 - there is a loader
    try:
        module = module_from_spec(specification)
        loader.exec_module(module)
    finally:
        sys.modules[original.__name__] = original
    return module


def _put_in_place(lower: ModuleType) -> None:
    """Have the upper module find the lower one that it belongs to."""
    sys.modules[_mssql.__name__] = lower
    pymssql._mssql = lower
