"""Bodies that are far too long, at the real functions-framework: refused, and not kept in memory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from devstack.function import Function
from devstack.processes import Children
from tests.patience import ENDS_S

FUNCTIONS = Path(__file__).parents[2] / "functions"
PIECE = b"x" * 65_536
BODY_BYTES = 30 * 1024 * 1024
WARM_UP = 5
# A body that is kept as a whole makes it 1.4 with one, and more with copies of it.
MOST_GROWTH = 1.15


@contextmanager
def served(name: str, folder: Path) -> Iterator[Function]:
    """A function that knows a plant and no Supabase: what is refused needs none."""
    (folder / "plantpulse.yaml").write_text("plants: {north: {time_zone: UTC}}\n", encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "PLANTPULSE_CONFIG": str(folder / "plantpulse.yaml")}
    with Children(folder) as children:
        yield Function(children, FUNCTIONS / name / "main.py", environ)


def peak_kib(function: Function) -> int:
    """Return the largest memory that any process of the function ever had."""
    found = [function.pid]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found.extend(int(child) for child in (task / "children").read_text().split())
    return max(_high_water_kib(pid) for pid in found)


def _high_water_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def pieces() -> Iterator[bytes]:
    for _ in range(BODY_BYTES // len(PIECE)):
        yield PIECE


@pytest.mark.parametrize("name", ["live_pulse", "health"])
@pytest.mark.parametrize(
    ("method", "path", "is_announced", "status"),
    [
        ("POST", "/", True, 413),
        ("POST", "/", False, 413),
        ("PUT", "/", True, 405),
        ("POST", "/elsewhere", True, 404),
    ],
)
def test_a_refused_body_is_not_kept(
    tmp_path: Path, name: str, method: str, path: str, is_announced: bool, status: int
) -> None:
    with served(name, tmp_path) as function, httpx.Client(base_url=function.url, timeout=ENDS_S) as client:
        for _ in range(WARM_UP):
            client.request(method, path, content=PIECE + PIECE)
        before = peak_kib(function)

        content = PIECE * (BODY_BYTES // len(PIECE)) if is_announced else pieces()
        answer = client.request(method, path, content=content)

        assert answer.status_code == status
        assert peak_kib(function) < before * MOST_GROWTH
