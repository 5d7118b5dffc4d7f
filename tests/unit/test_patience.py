"""How far an outside run stretches the time-outs of tests, and that no test has one of its own."""

import ast
from pathlib import Path
from typing import Final

import pytest

from devstack.migrations import REPOSITORY
from devstack.patience import FACTOR_VARIABLE, factor

_VERBS: Final = ("get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "Client")
ASKING: Final = {
    *(f"httpx.{verb}" for verb in _VERBS),
    "http.client.HTTPConnection",
    "HTTPConnection",
    "urllib.request.urlopen",
    "urlopen",
    "socket.create_connection",
    "subprocess.run",
}


def test_time_outs_are_not_stretched_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FACTOR_VARIABLE, raising=False)

    assert factor() == 1


def test_an_outside_run_stretches_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, "5")

    assert factor() == 5


@pytest.mark.parametrize("written", ["0", "21", "-1", "1.5", "five"])
def test_a_factor_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, written)

    with pytest.raises(
        ValueError, match="PLANTPULSE_TEST_TIMEOUT_FACTOR must be a whole number from 1 to 20"
    ):
        factor()


def waits_without_patience(file: Path) -> list[str]:
    """Return the calls of a file that wait for an answer as long as a library or a number says."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in ASKING:
            continue
        given = next((word.value for word in node.keywords if word.arg == "timeout"), None)
        # httpx gives up after 5 s if nobody says otherwise; the others wait for ever.
        if isinstance(given, ast.Constant) or (given is None and ast.unparse(node.func).startswith("httpx.")):
            found.append(f"{file.relative_to(REPOSITORY)}:{node.lineno}: {ast.unparse(node)}")
    return found


def test_no_test_waits_only_as_long_as_a_library_finds_right() -> None:
    files = [file for folder in ("tests", "devstack") for file in (REPOSITORY / folder).rglob("*.py")]
    code = [file for file in files if "node_modules" not in file.parts]

    assert len(code) > 200
    assert [call for file in code for call in waits_without_patience(file) if not is_a_probe(call)] == []


def is_a_probe(call: str) -> bool:
    """Say whether a call is repeated until the server that it asks for is there."""
    return call.startswith(("devstack/function.py", "devstack/postgrest.py"))
