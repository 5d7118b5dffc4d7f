"""The suite on servers outside of it, as `make test-outside` runs it: here a small part."""

import sys

import pytest

from tests.end_to_end.conftest import started

PART = ["tests/functions/test_other_engines.py", "tests/devstack/sqlserver/test_batches.py"]


@pytest.mark.parametrize("engine", ["foreign", "babelfish"])
def test_a_part_of_the_suite_passes_on_outside_servers_and_leaves_nothing(engine: str) -> None:
    options = ["--engine", engine, "--", "-q", "-p", "no:cacheprovider", *PART]

    with started(sys.executable, "-m", "devstack.outside", *options) as command:
        finished = command.finish()
        traces = command.traces()

    assert finished.exit_code == 0, finished.output
    assert " passed" in finished.output
    assert " skipped" in finished.output  # what needs the stand-in's own switches
    assert traces == []


def test_what_fails_on_outside_servers_fails_the_command() -> None:
    with started(sys.executable, "-m", "devstack.outside", "--", "-q", "tests/no_such_file.py") as command:
        finished = command.finish()

    assert finished.exit_code == 4, finished.output
