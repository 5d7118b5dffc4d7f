"""Whatever goes wrong becomes a value: the last line of defence of an entry point.

Here is the only `except Exception` of the project. A bug is said to be one, in the log with its place.
"""

import traceback
from collections.abc import Callable
from typing import TypeVar

from plantpulse.errors import InternalError, PlantpulseError
from plantpulse.logs import log

Result = TypeVar("Result")


def guarded(step: Callable[[], Result]) -> Result | PlantpulseError:
    """Return what a step returns, or its error as a value: a claimed run must never stay `running`."""
    try:
        return step()
    except PlantpulseError as error:
        return error
    except Exception as error:
        return _unexpected(error)


def _unexpected(error: Exception) -> InternalError:
    """Return the error that stands for a bug, and log where it happened.

    Neither quotes the exception's own text: it may hold a row or a secret.
    """
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    log("ERROR", "unexpected error", type=type(error).__name__, frames=frames)
    return InternalError(f"unexpected {type(error).__name__}; the log has the place: please report it")
