"""What an import answers: what it does to each row, what a person should look at, and whether it is written.

Pure, except that it asks the console for its width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from rich.console import Console, Group
from rich.text import Text

from plantpulse.cli.tables import Column, fitted

SHOWN: Final = 20
CHANGES: Final = ("added", "changed", "unchanged")
_TO_DO: Final[Mapping[str, str]] = {"added": "to add", "changed": "to change", "removed": "to remove"}
_STYLES: Final[Mapping[str, str]] = {"added": "green", "changed": "yellow", "removed": "red"}

Record = Mapping[str, Any]


class Step(Enum):
    """How far an import has come, in the words of its last line."""

    PREVIEW = "not written yet"
    DRY_RUN = "dry run, nothing is written"
    NOTHING = "nothing to write"
    WRITTEN = "written"


@dataclass(frozen=True)
class Answer:
    """What an import does: its JSON, the changed rows, the counts of all rows, and the questions."""

    document: Record
    changed: Sequence[Record]
    counts: Mapping[str, int]
    questions: Sequence[Record]


def answer_of(
    told: Record, questions: Sequence[Record], step: Step, changes: Sequence[str] = CHANGES
) -> Answer:
    """Return the answer, from what the database told and the questions about the file itself."""
    changed = [row for row in told["rows"] if row["change"] != "unchanged"]
    counts = {change: sum(row["change"] == change for row in told["rows"]) for change in changes}
    every = sorted([*questions, *told.get("questions", [])], key=lambda one: one["line"])
    document = {"is_written": step is Step.WRITTEN, **counts, "rows": changed}
    return Answer(document | ({"questions": every} if every else {}), changed, counts, every)


def page_of(console: Console, answer: Answer, step: Step) -> Group:
    """Return the page for people: the changed rows, the questions, and one line about the whole."""
    columns = [
        Column("Line", lambda row: row["line"] and str(row["line"]), "right"),
        Column("", lambda row: _change(row["change"], step)),
        Column("Row", lambda row: " ".join(str(part) for part in row["key"].values() if part), folds=True),
        Column("Values", lambda row: _values(row["values"]), folds=True),
    ]
    parts: list[Any] = [fitted(console, columns, answer.changed[:SHOWN])] if answer.changed else []
    if len(answer.changed) > SHOWN:
        parts.append(Text(f"and {len(answer.changed) - SHOWN} more: --json shows them"))
    asked = answer.questions
    parts += [Text(f"line {one['line']}: {one['message']}", "yellow") for one in asked[:SHOWN]]
    if len(asked) > SHOWN:
        parts.append(Text(f"and {len(asked) - SHOWN} more questions: --json shows them", "yellow"))
    return Group(*parts, Text(f"{step.value}: {_summary(answer.counts, step)}", "bold"))


def _change(change: str, step: Step) -> Text:
    done = step is Step.WRITTEN
    return Text(change if done else _TO_DO[change], _STYLES[change])


def _summary(counts: Mapping[str, int], step: Step) -> str:
    if not any(count for change, count in counts.items() if change in _TO_DO):
        return f"{counts['unchanged']} unchanged"
    words = {change: change if step is Step.WRITTEN else _TO_DO.get(change, change) for change in counts}
    return ", ".join(f"{count} {words[change]}" for change, count in counts.items())


def _values(values: Mapping[str, Sequence[Any]]) -> str:
    return ", ".join(
        f"{name}: {_text(new)}" if old is None else f"{name}: {_text(old)} → {_text(new)}"
        for name, (old, new) in sorted(values.items())
        if (old, new) != (None, None)
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_text(part) for part in value) or "none"
    if isinstance(value, dict):  # a break; jsonb sorts its keys
        return f"{value['starts_at']}-{value['ends_at']}"
    if value is None:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
