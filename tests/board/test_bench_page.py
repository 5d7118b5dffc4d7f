"""The benchmark of the board in a browser runs and prints; how large figures are is no business of a test."""

import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import started


@pytest.mark.usefixtures("browser")
def test_a_board_is_measured_in_a_browser(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_FOLDER", str(pages))

    with started(sys.executable, "-m", "bench", "board_page", "--quick") as command:
        finished = command.finish()

        assert finished.exit_code == 0, finished.output
        assert "from signing in to the whole board" in finished.output
        assert command.traces() == []
