"""The quick start works wherever the project was cloned, and whoever runs it.

One of the cases is `make run` to its end. The others stop when the last part of the stack has started: by
then everything that has to do with folders and accounts has happened. The environment is linked, not
installed (`checkouts`).
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devstack.processes import Account
from tests.end_to_end.checkouts import hide_from_others, make_checkout
from tests.end_to_end.conftest import Command, Surroundings, started

LAST_PART = "✓ Machines"
# Not among them: " and $, with which pip's own scripts cannot be started.
NAMES = {"a blank, a hash, umlauts": "Größe #4, 100 % d'Usine & Söhne", "200 characters": "p" * 200}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own may be entered by its owner alone."""
    folder = Path(tempfile.mkdtemp(prefix="plantpulse-any-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def devstack_of(checkout: Path) -> tuple[str, ...]:
    return (str(checkout / ".venv" / "bin" / "python"), "-m", "devstack", "run")


def may_run(program: str, account: Account) -> bool:
    try:
        subprocess.run([program, "-V"], user=account.uid, group=account.gid, extra_groups=[], check=True)
    except PermissionError:
        return False
    return True


def assert_it_starts(command: Command) -> None:
    command.read_until(LAST_PART)
    command.send(signal.SIGINT)
    finished = command.finish()

    assert finished.exit_code == 130, finished.output
    assert command.traces() == []


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_it_starts_in_a_folder_of_any_name(open_folder: Path, name: str) -> None:
    checkout = make_checkout(open_folder / name)

    with started(*devstack_of(checkout), surroundings=Surroundings(checkout)) as command:
        assert_it_starts(command)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_run_works_in_a_folder_that_others_may_not_enter(open_folder: Path) -> None:
    private = open_folder / "home"
    private.mkdir(mode=0o700)
    checkout = make_checkout(private / "plantpulse")
    hide_from_others(checkout)

    with started("make", "run", surroundings=Surroundings(checkout, umask=0o077)) as command:
        finished = command.finish()

        assert finished.exit_code == 0, finished.output
        assert "All as expected." in finished.output
        assert command.traces() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="it is somebody else who runs these tests already")
def test_it_starts_for_an_account_that_is_not_root(open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    account = Account(nobody.pw_uid, nobody.pw_gid)
    checkout = make_checkout(open_folder / "plantpulse")
    if not may_run(devstack_of(checkout)[0], account):
        pytest.skip("this Python is installed where others may not enter")

    with started(*devstack_of(checkout), surroundings=Surroundings(checkout, account=account)) as command:
        assert_it_starts(command)


def test_two_start_side_by_side(open_folder: Path) -> None:
    with ExitStack() as stack:
        commands = []
        for name in ("one", "two"):
            checkout = make_checkout(open_folder / name)
            commands.append(
                stack.enter_context(started(*devstack_of(checkout), surroundings=Surroundings(checkout)))
            )

        for command in commands:
            command.read_until(LAST_PART)
        for command in commands:
            command.send(signal.SIGINT)
        endings = [command.finish().exit_code for command in commands]

        assert endings == [130, 130]
        assert [command.traces() for command in commands] == [[], []]
