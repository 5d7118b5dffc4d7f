"""Turns every error into a value: the last line of defence of an entry point.

The project's only `except Exception` are here. A bug is reported as a bug, and the log has its place.
"""

from collections.abc import Callable, Iterable
from types import CodeType, TracebackType
from typing import TypeVar

from plantpulse.errors import InternalError, PlantpulseError
from plantpulse.logs import log

Result = TypeVar("Result")


def guarded(step: Callable[[], Result]) -> Result | PlantpulseError:
    """Return the result of a step, or its error as a value: a claimed run must never stay `running`."""
    try:
        return step()
    except PlantpulseError as error:
        return error
    except Exception as error:
        return _unexpected(error)


def foreign(step: Callable[[], Result], otherwise: PlantpulseError) -> Result:
    """Return what a step of a server that is not ours returns. Raises: `otherwise`, whatever the step raises.

    A web server's stream raises errors of its own, which differ from server to server.
    """
    try:
        return step()
    except Exception as error:
        raise otherwise from error


def place(code: CodeType, line: int | None) -> str:
    """Return a place in the code for the log; the standard library's `traceback` takes 2 ms to import."""
    return f"{code.co_filename}:{line} {code.co_name}"


def _steps(step: TracebackType | None) -> Iterable[tuple[CodeType, int]]:
    while step:
        yield step.tb_frame.f_code, step.tb_lineno
        step = step.tb_next


def _unexpected(error: Exception) -> InternalError:
    """Return the error for a bug, and log where it happened.

    Neither quotes the exception's own text, which may contain a row or a secret.
    """
    frames = [place(code, line) for code, line in _steps(error.__traceback__)]
    log("ERROR", "unexpected error", type=type(error).__name__, frames=frames)
    return InternalError(f"unexpected {type(error).__name__}; the log has the place: please report it")
