"""functions/dashboard under the real functions-framework, as a browser asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devstack.function import Function
from devstack.processes import Children
from tests.patience import ENDS_S

MAIN = Path(__file__).parents[2] / "functions" / "dashboard" / "main.py"
PAGE = "<!doctype html><title>Board</title>" + "<p>plantpulse</p>" * 200


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("board")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    environ = {
        "PATH": os.environ["PATH"],
        "SUPABASE_URL": "https://abc.supabase.co",
        "DASHBOARD_PUBLISHABLE_KEY": "sb_publishable_abc",
        "DASHBOARD_FOLDER": str(folder),
    }
    with Children(folder / "logs") as children:
        yield Function(children, MAIN, environ).url


def test_a_browser_gets_the_page_packed_and_once(board: str) -> None:
    first = httpx.get(board, timeout=ENDS_S)
    again = httpx.get(board, headers={"If-None-Match": first.headers["etag"]}, timeout=ENDS_S)

    assert (first.status_code, first.text) == (200, PAGE)
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["content-security-policy"] == again.headers["content-security-policy"]


def test_the_head_says_what_the_page_would(board: str) -> None:
    head = httpx.head(board, headers={"Accept-Encoding": "identity"}, timeout=ENDS_S)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(PAGE))


def test_the_settings_are_a_script(board: str) -> None:
    answer = httpx.get(f"{board}config.js", timeout=ENDS_S)

    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.text.startswith("window.PLANTPULSE = {")


@pytest.mark.parametrize("path", ["nothing", "%2e%2e/main.py", "assets/%2e%2e%2f%2e%2e%2fmain.py", "logs"])
def test_what_is_not_a_page_is_not_there(board: str, path: str) -> None:
    assert httpx.get(f"{board}{path}", timeout=ENDS_S).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_are_only_read(board: str, method: str) -> None:
    answer = httpx.request(method, board, content=b"x" * 1_000_000, timeout=ENDS_S)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
