"""supabase-js in a process of its own, which a test tells what to do: `supabase_js/client.mjs`."""

import json
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest

from devstack.access import SupabaseAccess
from tests.patience import ENDS_S

FOLDER: Final = Path(__file__).with_name("supabase_js")

Told = dict[str, Any]


class SupabaseJs:
    """A page's client of a project, in a context; `token` makes it somebody without a sign-in."""

    def __init__(self, project: SupabaseAccess, token: str | None = None) -> None:
        node = shutil.which("node")
        if node is None or not (FOLDER / "node_modules" / "ws").exists():
            pytest.skip("needs Node 20 and `make test`, which installs supabase-js")
        given = {"url": project.url, "key": project.publishable_key, "token": token}
        self._process = subprocess.Popen(
            [node, "--no-warnings", str(FOLDER / "client.mjs"), json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._count = 0
        self._answers: queue.Queue[Told] = queue.Queue()
        self._heard: queue.Queue[Told] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()  # it ends when nobody can tell it anything any more
        try:
            self._process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(ENDS_S)
        self._process.stdout.close()

    def do(self, name: str, **given: Any) -> Told:
        """Return what a command was answered."""
        assert self._process.stdin
        self._count += 1
        self._process.stdin.write(json.dumps({"id": self._count, "do": name, "with": given}) + "\n")
        answer = self._answers.get(timeout=ENDS_S)
        assert answer.pop("id") == self._count
        return answer

    def hear(self) -> Told:
        """Return the next message of a channel, or the next state of a join."""
        return self._heard.get(timeout=ENDS_S)

    def has_heard_nothing(self) -> bool:
        """Whether no message waits."""
        return self._heard.empty()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            (self._heard if "heard" in told else self._answers).put(told)
