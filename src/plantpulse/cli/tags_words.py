"""How machine tags look on the command line: values, qualities, states, times of their plant. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from rich.text import Text

from plantpulse.errors import InvalidRequest
from plantpulse.plant.nearest import listed, unknown
from plantpulse.plant.rounding import shown_span
from plantpulse.tags.readings import Quality

Record = Mapping[str, Any]

_STYLES: Final[Mapping[str, str]] = {
    "polling": "green",
    "starting": "cyan",
    "waiting": "cyan",
    "stopped": "dim",
    "failing": "bold red",
    "missing": "bold red",
    "active": "green",
}


def quality_of(code: int | None) -> Text:
    """Return a quality in words; what is not good stands out."""
    known = {int(quality): quality for quality in Quality}
    quality = known.get(code or 0)
    word = f"quality {code}" if quality is None else quality.name.lower().replace("_", " ")
    return Text(
        word, "green" if quality is Quality.GOOD else "yellow" if code == Quality.UNCERTAIN else "red"
    )


def value_of(value: Any, data_type: str) -> str | None:
    """Return a value as people read it: a bit is on or off, a number has all its digits."""
    if value is None:
        return None
    if data_type == "bool":
        return "on" if value else "off"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def state_of(word: str) -> Text:
    """Return a state in its colour."""
    return Text(word.replace("_", " "), _STYLES.get(word, ""))


def counted(count: int, one: str) -> str:
    """Return a count with its noun, such as 1 tag or 1,200 tags."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def every(interval_ms: int) -> str:
    """Return how often a group is read."""
    seconds = interval_ms / 1000
    return f"{interval_ms} ms" if interval_ms < 1000 else f"{seconds:g} s" if seconds < 60 else _long(seconds)


def _long(seconds: float) -> str:
    return shown_span(timedelta(seconds=seconds))


def ago(instant: str | None, now: datetime) -> str | None:
    """Return how long ago an instant was; None before the first."""
    return shown_span(now - datetime.fromisoformat(instant)) if instant else None


def one_group(groups: Sequence[Record], name: str) -> Record:
    """Return the group of a name. Raises: InvalidRequest that names the nearest ones."""
    for group in groups:
        if group["name"] == name:
            return group
    raise unknown("group", name, [group["name"] for group in groups], field="group")


def group_of_tag(groups: Sequence[Record], tag: str) -> str:
    """Return the name of the group that has a tag. Raises: InvalidRequest for none or several."""
    names: dict[str, list[str]] = {one["name"]: [tag["name"] for tag in one["tags"]] for one in groups}
    found = [name for name, tags in names.items() if tag in tags]
    if not found:
        raise unknown("tag", tag, {one for tags in names.values() for one in tags}, field="tag")
    if len(found) > 1:
        raise InvalidRequest(f"several groups have a tag {tag}: use --group {listed(found)}", field="group")
    return found[0]
