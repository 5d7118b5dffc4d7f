"""A bar on a terminal: how much of some work is done, since when, and how long the rest may take."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text


class _TimeLeft(TimeRemainingColumn):
    """The time that the rest may take; nothing where nobody knows how much there is."""

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else super().render(task)


class Bar:
    """A bar that is gone when the work has ended. It moves to and fro until it is told how much there is."""

    def __init__(self, console: Console, what: str) -> None:
        columns = (
            TextColumn(what),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            _TimeLeft(),
        )
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task(what, total=None, told="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, done: int, unit: str, total: int | None, /) -> None:
        """Show how many are done, of how many."""
        told = f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"
        self._progress.update(self._task, completed=done, total=total, told=told, refresh=True)
