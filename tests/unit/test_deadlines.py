"""One thread that acts when time is up, as long as somebody waits."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from plantpulse.deadlines import bounded, call_after
from tests.patience import ENDS_S

NEVER_S = 3600.0


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "plantpulse-deadlines"]


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No test leaves a thread behind, so none finds one."""
    yield
    for thread in watchers():
        thread.join(ENDS_S)
        assert not thread.is_alive()


def test_an_action_is_called_when_its_time_is_up() -> None:
    called = threading.Event()

    call_after(0.01, called.set)

    assert called.wait(ENDS_S)


def test_a_later_deadline_does_not_hold_up_an_earlier_one() -> None:
    called = threading.Event()
    later = call_after(NEVER_S, called.clear)

    call_after(0.01, called.set)

    assert called.wait(ENDS_S)
    later.call_off()


def test_what_is_called_off_is_not_called() -> None:
    calls: list[str] = []
    is_held, go_on, is_over = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        is_held.set()
        go_on.wait(ENDS_S)

    call_after(0, hold)  # the thread is busy until `first` is called off, however late that is
    assert is_held.wait(ENDS_S)
    first = call_after(0, lambda: calls.append("first"))
    call_after(0, is_over.set)

    first.call_off()
    go_on.set()

    assert is_over.wait(ENDS_S)
    assert calls == []


def test_what_ends_in_time_is_left_alone() -> None:
    calls: list[str] = []

    with bounded(NEVER_S, lambda: calls.append("late")):
        assert len(watchers()) == 1

    assert calls == []


def test_all_deadlines_share_one_thread_that_ends_with_the_last() -> None:
    deadlines = [call_after(NEVER_S, threading.Event().set) for _ in range(5)]
    [watcher] = watchers()

    for deadline in deadlines:
        deadline.call_off()

    watcher.join(ENDS_S)
    assert not watcher.is_alive()


def test_an_action_may_set_the_next_deadline() -> None:
    called = threading.Event()

    def go_on() -> None:
        call_after(0.01, called.set)

    call_after(0.01, go_on)

    assert called.wait(ENDS_S)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_deadlines_work_in_a_forked_process_too() -> None:
    """gunicorn forks its workers: no thread of the parent is alive in them."""
    waiting = call_after(NEVER_S, threading.Event().set)
    pid = os.fork()
    if pid == 0:
        called = threading.Event()
        call_after(0.01, called.set)
        os._exit(0 if called.wait(ENDS_S) else 1)

    killer = threading.Timer(ENDS_S, os.kill, (pid, signal.SIGKILL))
    killer.start()
    _, status = os.waitpid(pid, 0)
    killer.cancel()

    assert os.waitstatus_to_exitcode(status) == 0
    waiting.call_off()
