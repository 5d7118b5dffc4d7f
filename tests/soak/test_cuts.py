"""The short form of `python -m soak.cuts`: polls that break at one byte; its checks can fail."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from devstack.fault_proxy import Direction, End, Wound
from devstack.supabase import Supabase
from soak.cuts.cases import PHASES, SETTINGS, Case, Harm, Setting, Talk, every_byte, some_of_each
from soak.cuts.process import Reply
from soak.cuts.servers import Servers, running_servers
from soak.cuts.stored import Outcome, Stored, judge
from soak.cuts.trials import Pace, Truth, find_truths, plant_names, run_trials

PLAIN, TLS, SHIPPED, SHIPPED_TLS = SETTINGS
PLANTS = plant_names()


@pytest.fixture(scope="module")
def servers(local_supabase: Supabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    local_supabase.postgres.create_database("cuts")
    database_url = local_supabase.postgres.url("cuts")
    with running_servers(local_supabase.access, database_url, tmp_path_factory.mktemp("cuts")) as running:
        yield running


@pytest.fixture(scope="module")
def truths(servers: Servers) -> dict[Setting, Truth]:
    return find_truths(servers, SETTINGS, PLANTS)


@pytest.mark.stand_in
def test_polls_that_nothing_disturbs_store_the_same_over_tls_and_with_either_files(
    truths: dict[Setting, Truth],
) -> None:
    truth = truths[PLAIN]

    assert [(one["asset"], one["slot_output"], one["labor_headcount"]) for one in truth.first.snapshots] == [
        ("PAINT-01", 0, None),
        ("PRESS-01", 7, 3),
    ]
    assert [(one["asset"], one["details"]) for one in truth.first.incidents] == [("PAINT-01", "näh")]
    assert truth.first.runs == [{"status": "succeeded", "error_code": None, "warnings": []}]
    assert truths[TLS].first == truths[SHIPPED].first == truths[SHIPPED_TLS].first == truth.first
    assert len(truth.second.snapshots) == 4


@pytest.mark.stand_in
def test_a_poll_ends_and_stores_nothing_wrong_wherever_its_connection_breaks(
    servers: Servers, truths: dict[Setting, Truth]
) -> None:
    talks = [truths[setting].talk for setting in (PLAIN, TLS)]
    draws = random.Random(4)  # noqa: S311 - the same cases each time, no secret
    drawn = itertools.islice(some_of_each(draws, talks), 60)
    cases = (replace(case, is_run_short=False) for case in drawn)  # no run may end because a machine is slow

    trials = run_trials(servers, truths, cases, plants=PLANTS, pace=Pace(run_s=120, next_slot_after=2))

    assert [f"{trial.case}: {trial.wrong}" for trial in trials.broken()] == []
    assert [str(trial.case) for trial in trials.done if trial.outcome is Outcome.PROCESS_ENDED] == []
    assert len(trials.done) == 60
    hit = {(trial.case.setting, trial.phase, trial.case.harm) for trial in trials.done}
    assert hit == set(itertools.product((PLAIN, TLS), PHASES, Harm))
    assert {trial.mended for trial in trials.done if trial.case.setting is TLS} <= {"", "right"}


TALK = Talk(PLAIN, tuple((way, 10) for way in 3 * (Direction.TO_SERVER, Direction.TO_CLIENT)))


def test_each_byte_is_hit_once_before_one_is_hit_again_and_then_by_another_kind() -> None:
    first, second = (
        list(itertools.islice(cases, 60))
        for cases in 2 * [every_byte(random.Random(1), [TALK])]  # noqa: S311 - as above
    )

    for cases in (first, second):
        assert len({(case.direction, case.place) for case in cases}) == 60
    assert not {(case.direction, case.place, case.harm) for case in first} & {
        (case.direction, case.place, case.harm) for case in second
    }


def test_what_a_byte_belongs_to_follows_from_the_turns() -> None:
    encrypted = Talk(TLS, (*TALK.blocks, *TALK.blocks))

    assert [TALK.phase(Direction.TO_CLIENT, place) for place in (0, 19, 20)] == ["login", "login", "result"]
    assert [TALK.phase(Direction.TO_SERVER, place) for place in (19, 20, 29)] == ["login", "query", "query"]
    assert [encrypted.phase(Direction.TO_SERVER, place) for place in (39, 40)] == ["login", "query"]


@pytest.mark.parametrize(
    ("case", "wound"),
    [
        (Case(TLS, Harm.STALLED, Direction.TO_SERVER, 7, is_run_short=True), (b"", End.STALLED)),
        (Case(SHIPPED, Harm.FLIP, Direction.TO_CLIENT, 0, b"\x40"), (b"\x40", None)),
    ],
)
def test_the_name_of_a_case_replays_it(case: Case, wound: tuple[bytes, End | None]) -> None:
    assert Case.read(str(case)) == case
    assert case.wound == Wound(case.direction, case.place, *wound)


def run(status: str, *warnings: str) -> dict[str, Any]:
    return {"status": status, "error_code": None, "warnings": list(warnings)}


TRUE = Stored([run("succeeded")], [{"asset": "A", "slot_output": 7}], [{"asset": "A"}], [], [])
WRONG = replace(TRUE, snapshots=[{"asset": "A", "slot_output": 8}])
FAILED = replace(TRUE, runs=[run("failed")], snapshots=[])
ENDED = Reply(1.0, status=200)
FLIP, FLIP_TLS, RESET = (
    Case(setting, harm, Direction.TO_CLIENT, 0)
    for setting, harm in ((PLAIN, Harm.FLIP), (TLS, Harm.FLIP), (PLAIN, Harm.RESET))
)


@pytest.mark.parametrize(
    ("case", "reply", "stored", "outcome"),
    [
        (FLIP_TLS, ENDED, TRUE, (Outcome.HARMLESS, "")),
        (FLIP_TLS, ENDED, FAILED, (Outcome.FAILED, "")),
        (FLIP_TLS, ENDED, replace(FAILED, incidents=[]), (Outcome.FAILED, "")),
        (FLIP, ENDED, WRONG, (Outcome.ALTERED, "succeeded, slot_output 8 for 7")),
        (
            FLIP,
            ENDED,
            replace(WRONG, runs=[run("succeeded", "rows_rejected")]),
            (Outcome.ALTERED_AND_SEEN, "succeeded, slot_output 8 for 7"),
        ),
        (
            FLIP,
            ENDED,
            replace(FAILED, incidents=[{"asset": "B"}]),
            (Outcome.ALTERED_AND_SEEN, "failed, asset 'B' for 'A'"),
        ),
        (
            FLIP,
            ENDED,
            replace(TRUE, assets=["PRESS-0"]),
            (Outcome.ALTERED_AND_SEEN, "succeeded, assets 'PRESS-0' for None"),
        ),
        (FLIP, Reply(34.9, exit_code=1), FAILED, (Outcome.PROCESS_ENDED, "")),
    ],
)
def test_what_may_come_of_a_broken_poll(
    case: Case, reply: Reply, stored: Stored, outcome: tuple[Outcome, str]
) -> None:
    assert judge(case, 30, reply, stored, TRUE) == outcome


def test_what_a_busy_machine_made_late_is_not_judged() -> None:
    late, starved = Reply(35.1, held_up_s=5.0, status=503), Reply(35.1, held_up_s=5.2, status=503)

    assert judge(FLIP, 30, late, FAILED, TRUE)[0] is Outcome.BROKEN
    assert judge(FLIP, 30, starved, FAILED, TRUE)[0] is Outcome.HELD_UP
    assert judge(FLIP, 30, Reply(1.0, held_up_s=5.0, status=200), WRONG, TRUE)[0] is Outcome.ALTERED


@pytest.mark.parametrize(
    ("case", "reply", "stored", "told"),
    [
        (FLIP_TLS, ENDED, WRONG, "succeeded, slot_output 8 for 7"),
        (RESET, ENDED, WRONG, "succeeded, slot_output 8 for 7"),
        (RESET, ENDED, replace(TRUE, incidents=[]), "incidents None for {'asset': 'A'}"),
        (RESET, ENDED, replace(TRUE, runs=[run("partial")]), "partial"),
        (FLIP, ENDED, replace(FAILED, snapshots=TRUE.snapshots), "failed, snapshots {'asset': 'A'"),
        (FLIP, ENDED, replace(TRUE, runs=[run("running")]), "its runs are"),
        (FLIP, Reply(34.0, exit_code=1), replace(TRUE, runs=[run("running")]), "its runs are"),
        (FLIP, Reply(35.1, status=503), FAILED, "it ended after 35.1 s"),
        (FLIP, Reply(900.0, told="neither"), FAILED, "neither"),
        (
            FLIP,
            replace(ENDED, told="OverflowError"),
            replace(FAILED, runs=[run("failed") | {"error_code": "internal_error"}]),
            "no error of ours: OverflowError",
        ),
        (FLIP, replace(ENDED, threads=1), FAILED, "left were 1 threads, 0 descriptors, 0 files"),
        (FLIP, replace(ENDED, descriptors=2, told="7 pipe"), FAILED, "2 descriptors, 0 files: 7 pipe"),
        (FLIP, replace(ENDED, files=1), FAILED, "left were 0 threads, 0 descriptors, 1 files"),
    ],
)
def test_what_must_never_come_of_a_broken_poll(case: Case, reply: Reply, stored: Stored, told: str) -> None:
    outcome, wrong = judge(case, 30, reply, stored, TRUE)

    assert outcome is Outcome.BROKEN
    assert told in wrong
