"""`make up`: a stack that keeps ticking on a compressed clock until it is stopped."""

import re
import signal
from datetime import datetime, timedelta

from tests.end_to_end.conftest import devstack, listening, started

TICK = re.compile(r"^  (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d\d:\d\d) +(succeeded|partial) ", re.MULTILINE)


def test_it_ticks_every_quarter_of_an_hour_until_ctrl_c() -> None:
    with started(*devstack("up", "--seconds-per-tick", "2")) as command:
        command.read_until("Plant time")
        for _ in range(3):
            command.read_until(" s")

        command.send(signal.SIGINT)
        finished = command.finish()

        ticks = [datetime.strptime(clock, "%H:%M") for clock, _ in TICK.findall(finished.output)]  # noqa: DTZ007
        assert finished.exit_code == 0, finished.output
        assert len(ticks) >= 3
        assert (ticks[1] - ticks[0]) % timedelta(days=1) in (timedelta(minutes=15), timedelta(minutes=30))
        assert command.traces() == []
        assert listening(finished.output) == []


def test_it_says_how_to_look_around_in_lines_that_can_be_copied() -> None:
    with started(*devstack("up", "--seconds-per-tick", "1", "--ticks", "1")) as command:
        finished = command.finish()

    output = finished.output
    assert finished.exit_code == 0, output
    assert len(TICK.findall(output)) == 1
    assert re.search(r"^  \S+/psql 'postgresql://postgres:\w+@127\.0\.0\.1:\d+/postgres\S*'$", output, re.M)
    assert re.search(r"^  KEY=sb_publishable_\S+ TOKEN=eyJ\S+$", output, re.M)
    assert re.search(r'^  curl -s -H "apikey: \$KEY" .*/rest/v1/live_snapshots\?\S+"$', output, re.M)
    assert re.search(r"SQL Server +127\.0\.0\.1:\d+, database mes", output)
    assert "thrown away at the end" in output


def test_a_tick_length_that_makes_no_sense_is_refused_at_once() -> None:
    with started(*devstack("up", "--seconds-per-tick", "0")) as command:
        finished = command.finish()

        assert finished.exit_code == 2
        assert "must be between 0.5 and 900" in finished.output
        assert command.traces() == []
