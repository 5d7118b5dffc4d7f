"""Every function as it is deployed, with settings and a store of a test in place of the real ones."""

import importlib.util
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Final

from bundle.targets import FUNCTIONS, function_names
from plantpulse.errors import StoreUnavailable
from plantpulse.settings import Secret, Settings, SupabaseSettings
from plantpulse.settings.validation import validated

NOW: Final = datetime(2026, 11, 20, 10, 10, 20, tzinfo=UTC)
RUNS: Final = tuple(name for name in function_names() if name not in ("dashboard", "health"))
SETTINGS: Final = validated(
    Settings,
    {
        "plants": {"north": {"time_zone": "America/Chicago"}, "south": {"time_zone": "Europe/Berlin"}},
        "tags": {},
        "series": {},
        "supabase": SupabaseSettings(url="http://127.0.0.1:9", secret_key=Secret("k" * 30)),
    },
)


@dataclass
class Request:
    """The part of a Flask request that an entry point reads."""

    body: bytes = b""
    method: str = "POST"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def stream(self) -> io.BytesIO:
        return io.BytesIO(self.body)


class ClosedStore:
    """A Supabase that answers nothing: a call that was understood ends here."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(*_: Any) -> Any:
            raise StoreUnavailable("Supabase does not answer")

        return refuse


@contextmanager
def open_closed(*_: Any, **__: Any) -> Iterator[Any]:
    yield ClosedStore()


def main_of(function: str) -> ModuleType:
    """Return a function's main module, as a cloud imports it."""
    name = f"deployed_{function}"
    spec = importlib.util.spec_from_file_location(name, FUNCTIONS / function / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def service_of(function: str) -> Any:
    """Return a function's service behind a store that never answers; its clock stands still."""
    changes: dict[str, Any] = {
        "open_store": open_closed,
        "load_settings": lambda: SETTINGS,
        "clock": lambda: NOW,
    }
    if function == "health":
        return replace(main_of(function)._service, watch=None, **changes)
    return replace(main_of(function)._service, sleep=lambda _: None, **changes)
