"""A bar on a terminal: how much work is done, the time spent, and the time left."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text


class _TimeLeft(TimeRemainingColumn):
    """The time left; empty while the total is unknown."""

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else super().render(task)


class Bar:
    """A bar that disappears when the work ends. It moves to and fro until the total is known."""

    def __init__(self, console: Console, what: str) -> None:
        columns = (
            TextColumn(what),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            _TimeLeft(),
        )
        self._progress = Progress(*columns, console=console, transient=True, redirect_stdout=False)
        self._task = self._progress.add_task(what, total=None, count="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, done: int, unit: str, total: int | None, /) -> None:
        """Show how many units are done, and of how many."""
        count = f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"
        self._progress.update(self._task, completed=done, total=total, count=count, refresh=True)
