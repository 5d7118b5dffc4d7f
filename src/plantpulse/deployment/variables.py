"""The variables of functions: the values of the file, under the names that override them, and never a secret.

So a value can be seen and changed where the function runs. Defaults are not passed on, because they change
with the code.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from plantpulse.settings import Settings
from plantpulse.settings.carried import FILE_NAME
from plantpulse.settings.config import CONFIG_FILE_VARIABLE
from plantpulse.settings.variables import ENVIRONMENT, OF_THE_ENVIRONMENT, parsed


@dataclass(frozen=True, slots=True)
class Written:
    """The written file: the dotted places of its values, and the folder where its paths start."""

    places: Collection[str]
    folder: PurePath

    def says(self, place: str) -> bool:
        """Say whether there is a value at a place, or below it."""
        return place in self.places or any(one.startswith(f"{place}.") for one in self.places)


def common_variables(settings: Settings, written: Written) -> dict[str, str]:
    """Return the variables of every function that has a job."""
    common = {
        name: text
        for name, text in _variables(settings, written, only_plant=None)
        if ENVIRONMENT[name][0] != "dashboard"
    }
    return {CONFIG_FILE_VARIABLE: FILE_NAME} | common


def variables_of_dashboard(settings: Settings, written: Written) -> dict[str, str]:
    """Return the variables of the board's function, which has no others of the file."""
    return {
        name: text
        for name, text in _variables(settings, written, only_plant=None)
        if ENVIRONMENT[name][0] == "dashboard"
    }


def variables_of_plant(settings: Settings, written: Written) -> dict[str, str]:
    """Return further variables for a function with a single plant; several plants stay in the file."""
    if len(settings.plants) != 1:
        return {}
    return dict(_variables(settings, written, only_plant=next(iter(settings.plants))))


def _variables(settings: Settings, written: Written, only_plant: str | None) -> Iterator[tuple[str, str]]:
    for variable, pattern in ENVIRONMENT.items():
        if variable in OF_THE_ENVIRONMENT or ("*" in pattern) is (only_plant is None):
            continue
        place = [str(only_plant) if part == "*" else part for part in pattern]
        if not written.says(".".join(place)):
            continue
        value = _value_at(settings, place)
        text = _as_text(value, written.folder)
        if text and _is_read_back(variable, text, value):
            yield variable, text


def _value_at(settings: Settings, place: list[str]) -> Any:
    value: Any = settings
    for part in place:
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    return value


def _is_read_back(variable: str, text: str, value: Any) -> bool:
    """Say whether a variable gives the value back; one with blanks at its ends stays in the file."""
    told = parsed(variable, text.strip())
    if isinstance(value, tuple):
        return bool(told == list(value))
    return bool(told == value if isinstance(value, Mapping) else told == text)


def _as_text(value: Any, folder: PurePath) -> str:
    """Return a value as the text of a variable; empty without a value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, PurePath):
        # A path outside of the folder cannot be in a bundle; the build refuses it.
        inside = PurePath(os.path.normpath(value))
        if inside.is_relative_to(folder):
            return inside.relative_to(folder).as_posix()
        return (value.relative_to(folder) if value.is_relative_to(folder) else value).as_posix()
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Mapping):
        # A code with a comma stays in the file, because a variable cannot hold it.
        is_sayable = not any("," in code for code in value)
        return ",".join(f"{code}={value[code]}" for code in sorted(value)) if is_sayable else ""
    return "" if value is None else str(value)
