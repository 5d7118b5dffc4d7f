"""Progress that one can watch: a line for every step with the seconds it took.

On a terminal the step that is under way shows up with a spinner; in a log there are only the lines.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape


class Steps:
    """Prints steps to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, text: str) -> Iterator[Callable[[str], None]]:
        """Show a step while it goes on; what is called with the yielded function is added to its line."""
        started_s = time.monotonic()
        notes: list[str] = []
        with self._console.status(f"{text} ..."):
            yield notes.append
        said = f"{text}: {', '.join(notes)}" if notes else text
        self._console.print(f"  [green]✓[/] {escape(said):<66} [dim]{time.monotonic() - started_s:4.1f} s[/]")
