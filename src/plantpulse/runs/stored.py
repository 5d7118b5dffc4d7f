"""Reads what Supabase has stored: a document with the right keys may still have values of another kind.

Pure. Nobody can go on with such a document, so it is an error of Supabase's that says which part is wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from plantpulse.errors import StoreRefused

Check = Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_message(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(value.get(name), str) for name in ("code", "message")
    )


def _is_error(value: Any) -> bool:
    return _is_message(value) and isinstance(value.get("is_retryable", False), bool)


def _is_a(kind: type) -> Check:
    return lambda value: isinstance(value, kind)


def _has_only(check: Check) -> Check:
    return lambda value: isinstance(value, Mapping) and all(check(one) for one in value.values())


_ALWAYS: Final = ("pipeline", "trigger", "outcome")
_TEXTS: Final = (
    *_ALWAYS,
    "plant",
    "status",
    "slot",
    "started_at",
    "finished_at",
    "requested_by",
    "code_version",
)
_CHECKS: Final[Mapping[str, Check]] = {
    **dict.fromkeys(_TEXTS, _is_a(str)),
    **dict.fromkeys(("run_id", "attempt", "duration_ms", "peak_memory_mb"), _is_number),
    **dict.fromkeys(("is_dry_run", "is_cold_start", "finished"), _is_a(bool)),
    **dict.fromkeys(("window", "span", "remaining"), _has_only(_is_a(str))),
    **dict.fromkeys(("counts", "timings_ms"), _has_only(_is_number)),
    **dict.fromkeys(("source", "preview"), _is_a(Mapping)),
    "error": _is_error,
    "warnings": lambda value: isinstance(value, list) and all(_is_message(one) for one in value),
}


def check_report(stored: object) -> Mapping[str, Any]:
    """Return a stored report if every field is of the right kind. Raises: StoreRefused with the field."""
    if not isinstance(stored, Mapping):
        raise _unreadable("it is no object")
    for name in _ALWAYS:
        if stored.get(name) is None:
            raise _unreadable(f"it has no {name}")
    for name, value in stored.items():
        if value is not None and name in _CHECKS and not _CHECKS[name](value):
            raise _unreadable(f"its {name} is malformed")
    return stored


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Give the reading of a stored document an error that names it. Raises: StoreRefused."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreRefused(
            f"{what} in Supabase cannot be read: a part is malformed; "
            "correct it, or apply the newest migrations"
        ) from error


def _unreadable(why: str) -> StoreRefused:
    return StoreRefused(
        f"the report of a run in Supabase cannot be read: {why}; "
        "correct public.pipeline_runs, or remove the run"
    )
