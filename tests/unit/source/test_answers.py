"""The account of one run's questions, over a connection that answers as it is told to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plantpulse.errors import SourceRefused, SourceTableDenied, SourceTableMissing
from plantpulse.plant.cells import Reason
from plantpulse.plant.local_time import LocalBounds
from plantpulse.plant.readings import Parsed, Rejected
from plantpulse.runs import Progress
from plantpulse.source.answers import Answers
from plantpulse.source.query_files import Query, load_queries
from plantpulse.source.sqlserver import Rows, ServerClock

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
BOUNDS = LocalBounds(datetime(2026, 3, 11, 6, 30), datetime(2026, 3, 11, 7))  # noqa: DTZ001 - plant-local
CHICAGO = ZoneInfo("America/Chicago")  # five hours behind UTC on that day
LOCK_TIMEOUT = "SET LOCK_TIMEOUT 5000"


@dataclass
class Connection:
    """One that answers every question with `answer`, or raises it."""

    answer: Rows | Exception = field(default_factory=lambda: Rows([], is_truncated=False))
    server_clock: ServerClock = field(default_factory=lambda: ServerClock(NOW, -300))
    refused_settings: Sequence[str] = ()
    asked: list[str] = field(default_factory=list)

    def read(self, query: Query, parameters: Mapping[str, Any]) -> Rows:
        self.asked.append(query.name)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def account() -> Answers:
    return Answers(load_queries(), row_limit=2, progress=Progress(), zone=CHICAGO)


def warnings_of(answers: Answers) -> list[str]:
    return [warning["code"] for warning in answers.progress.warnings]


def test_a_session_that_is_as_wished_is_told_in_two_figures() -> None:
    answers = account()

    answers.note_session(Connection(), NOW + timedelta(seconds=3))

    assert answers.progress.source == {"utc_offset_minutes": -300, "clock_skew_s": -3}
    assert warnings_of(answers) == []


@pytest.mark.parametrize(
    ("refused", "warnings"),
    [([LOCK_TIMEOUT, "SET DATEFORMAT ymd"], ["locks_are_waited_for"]), (["SET DATEFORMAT ymd"], [])],
)
def test_a_refused_setting_is_told_and_warned_of_where_the_plant_may_feel_it(
    refused: list[str], warnings: list[str]
) -> None:
    answers = account()

    answers.note_session(Connection(refused_settings=refused), NOW)

    assert answers.progress.source is not None
    assert answers.progress.source["refused_settings"] == refused
    assert warnings_of(answers) == warnings


@pytest.mark.parametrize(
    ("skew", "told"),
    [
        (timedelta(minutes=5), []),
        (timedelta(minutes=5, seconds=1), ["the SQL Server's clock is 5 min ahead"]),
        (timedelta(seconds=-43_013), ["the SQL Server's clock is 11 h 56 min behind"]),
    ],
)
def test_a_clock_that_is_more_than_five_minutes_off_is_warned_of(skew: timedelta, told: list[str]) -> None:
    answers = account()

    answers.note_session(Connection(server_clock=ServerClock(NOW + skew, 0)), NOW)

    assert [warning["message"] for warning in answers.progress.warnings] == told


@pytest.mark.parametrize(("is_paged", "warnings"), [(False, ["result_truncated"]), (True, [])])
def test_an_answer_that_was_cut_off_makes_the_run_incomplete_unless_it_comes_in_pages(
    is_paged: bool, warnings: list[str]
) -> None:
    answers = account()

    answers.ask(Connection(Rows([(1,), (2,)], is_truncated=True)), "output", BOUNDS, is_paged=is_paged)

    assert answers.is_incomplete is not is_paged
    assert warnings_of(answers) == warnings
    assert answers.progress.counts == {"output_rows": 2}


@pytest.mark.parametrize("error", [SourceTableMissing("no such table"), SourceTableDenied("not allowed")])
def test_a_table_that_is_not_there_is_asked_for_once_a_run(error: Exception) -> None:
    answers, connection = account(), Connection(error)

    assert answers.ask_if_there(connection, "oee", BOUNDS) == []
    assert answers.ask_optional(connection, "oee", BOUNDS) is None

    assert connection.asked == ["oee"]
    assert answers.is_incomplete
    assert answers.progress.warnings == [{"code": "optional_query_failed", "message": str(error)}]


def test_another_refusal_of_an_optional_query_is_an_error() -> None:
    with pytest.raises(SourceRefused):
        account().ask_if_there(Connection(SourceRefused("no snapshot isolation")), "oee", BOUNDS)


def test_of_malformed_rows_a_hundred_are_kept_and_all_are_counted() -> None:
    answers = account()
    malformed = [Rejected("oee", Reason.NEGATIVE, {"asset": number}) for number in range(70)]

    for _ in range(2):
        answers.keep(Parsed([], malformed, {Reason.NEGATIVE: 90}))
    answers.progress.count("oee_rows", 360)

    assert [row["row"] for row in answers.rejected[68:72]] == [{"asset": n} for n in (68, 69, 0, 1)]
    assert len(answers.rejected) == 100
    assert answers.progress.counts["rejected"] == 180
    assert answers.rejected_share() == 0.5


def test_without_rows_none_is_malformed() -> None:
    assert account().rejected_share() == 0.0


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("last_at", "told"),
    [
        (local("2026-03-11T06:30:00"), None),  # the first instant of the window
        (local("2026-03-11T06:59:59.999"), None),
        (local("2026-03-11T11:30:00+00:00"), None),  # the same, as an instant
        (local("2026-03-11T06:45:00-05:00"), None),
        ("2026-03-11T06:45:00", None),
        (None, None),
        ("about noon", None),
        (local("2026-03-11T07:00:00"), "0 s"),  # the end is not part of it
        (local("2026-03-11T06:29:59"), "1 s"),
        (local("2026-03-11T06:45:00+00:00"), "4 h 45 min"),  # a quarter to two in Chicago
        (local("2026-03-11T12:00:00"), "5 h"),
    ],
)
def test_a_row_outside_of_its_window_is_warned_of(last_at: object, told: str | None) -> None:
    answers = account()

    answers.ask(Connection(Rows([("A", 0, 5, last_at)], is_truncated=False)), "output", BOUNDS)

    messages = [warning["message"] for warning in answers.progress.warnings]
    assert messages == (
        [
            f"output.sql: 1 of 1 times lie outside the window that was asked for, by up to {told}; compare a "
            "datetimeoffset or UTC column with the bounds AT TIME ZONE (docs/how-to-custom-queries.md)"
        ]
        if told
        else []
    )


def test_rows_outside_of_their_window_are_warned_of_once_a_query() -> None:
    answers = account()
    late, early = local("2026-03-11T12:00:00"), local("2026-03-11T01:00:00")

    for at in (late, early):
        answers.ask(Connection(Rows([("A", 0, 5, at)], is_truncated=False)), "output", BOUNDS)
        answers.ask(Connection(Rows([("A", 80, at)], is_truncated=False)), "oee", BOUNDS)

    assert warnings_of(answers) == ["rows_outside_window", "rows_outside_window"]


def test_a_stop_may_begin_before_its_window() -> None:
    answers = account()
    began = local("2026-03-10T22:00:00")

    answers.ask(Connection(Rows([("A", "jam", began, None, None)], is_truncated=False)), "downtime", BOUNDS)

    assert warnings_of(answers) == []
