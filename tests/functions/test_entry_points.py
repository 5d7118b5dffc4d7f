"""What every deployed entry point does before it is called."""

import subprocess
import sys

import pytest

from bundle.targets import FUNCTIONS, function_names

_PROGRAM = """
import gc

def looks():
    return sum(generation["collections"] for generation in gc.get_stats())

before = looks()
import main
print(looks() - before, gc.isenabled(), gc.get_freeze_count() > 10_000)
"""


@pytest.mark.parametrize("function", function_names())
def test_the_collector_rests_while_a_function_is_imported(function: str) -> None:
    command = [sys.executable, "-c", _PROGRAM]

    told = subprocess.run(command, cwd=FUNCTIONS / function, capture_output=True, text=True, check=True)

    looks, is_enabled_after, is_frozen = told.stdout.split()
    assert int(looks) <= 1  # the first allocation after it; some eighty without
    assert (is_enabled_after, is_frozen) == ("True", "True")
