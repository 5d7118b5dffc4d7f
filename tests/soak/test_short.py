"""The short form of `make soak`: a few seeds with all their faults, and proof that its checks can fail."""

from pathlib import Path
from typing import Any

import pytest

from soak.checks.resources import Resources
from soak.seeds import Seed, run_seed
from soak.sizes import MACHINES, SMALL
from tests.soak.conftest import Project, forget


@pytest.mark.parametrize("number", [1, 2])
def test_nothing_breaks_in_a_day_of_bad_luck(project: Project, number: int) -> None:
    outcome = run_seed(Seed(number, days=0.6), project)

    assert outcome.broken is None
    assert outcome.ticks > 100
    assert outcome.faults.total() > 20
    assert outcome.checked["slots"] > 50


def test_nothing_breaks_in_a_day_of_a_small_plant(project: Project) -> None:
    outcome = run_seed(Seed(4, days=0.4, size=SMALL), project)

    assert outcome.broken is None
    assert outcome.faults.total() > 20
    assert outcome.checked["snapshots"] == outcome.checked["slots"] > 30
    assert outcome.answers["commit_series: committed"] == outcome.answers["put_tag_samples: committed"] == 0


def test_without_faults_each_run_succeeds_and_nobody_is_told_of_anything_but_incidents(
    project: Project,
) -> None:
    outcome = run_seed(Seed(1, days=0.5, allowed=frozenset()), project)

    assert outcome.broken is None
    assert outcome.faults == {}
    assert outcome.checked["slots"] == 2 * 48
    assert outcome.checked["runs succeeded"] == 2 * (48 + 4) + 4 + 12 + 1 + 24 + 2 + 3 + 1 + 20
    assert outcome.checked["looks at a board"] == 2 * 6
    assert outcome.checked["looks beside another one"] == 0
    assert outcome.checked["slots of spans"] == 58
    assert outcome.checked["values of series"] == 542
    assert outcome.checked["gaps filled"] == 2
    assert outcome.checked["samples of machines"] == 132 + 240
    assert outcome.checked["parts that were acknowledged"] == 176
    assert outcome.checked["parts that are stored again"] == 0
    assert outcome.checked["slots of machines without a sample"] == 0
    assert outcome.checked["looks at a pipeline that is late"] == 0


def test_a_seed_replays_exactly(project: Project) -> None:
    first, second = (run_seed(Seed(5, days=0.4), project) for _ in range(2))

    assert first.happened == second.happened
    assert first.answers == second.answers
    assert not first.resources.is_less_than(second.resources)


def test_a_second_signer_who_replaces_the_first_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        forget(project, "resolve_safety_events", "not event.is_resolved", "true")

        outcome = run_seed(Seed(1, days=1, allowed=frozenset()), project)

    assert "and people have signed" in str(outcome.broken)


def test_a_run_that_nobody_takes_over_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        forget(project, "abandon_expired_run", "run.lease_expires_at <= p_now;", "false;")

        outcome = run_seed(Seed(2, days=1, size=SMALL), project)

    assert "is left running past" in str(outcome.broken)


def test_a_board_that_is_green_on_old_data_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        forget(project, "board_poll", "2 * due.every_s", "99 * due.every_s")

        outcome = run_seed(Seed(1, days=1, size=SMALL), project)

    assert "says stale False" in str(outcome.broken)


def test_a_sample_that_is_stored_for_another_time_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        forget(project, "store_tag_samples", "sent.s, sent.v", "sent.s - interval '5 minutes', sent.v")

        outcome = run_seed(Seed(2, days=0.35, allowed=frozenset()), project)

    assert "is what the machine showed at" in str(outcome.broken)


def test_a_part_that_is_acknowledged_and_not_stored_is_noticed(project: Project) -> None:
    with project.transaction(force_rollback=True):
        is_stored = "where sent.answer = 'stored'"
        forget(project, "store_tag_samples", is_stored, f"{is_stored} and sent.v[2] is null")

        outcome = run_seed(Seed(2, days=0.01, allowed=frozenset(), size=MACHINES), project)

    assert "before it was stored" in str(outcome.broken)


def test_a_look_back_for_incidents_that_is_too_short_is_noticed(project: Project) -> None:
    sections = {"live_pulse": {"safety_look_back_hours": 1}}

    outcome = run_seed(Seed(15, days=1, size=SMALL), project, sections=sections)

    assert "is not stored" in str(outcome.broken)


def test_a_temporary_file_that_stays_is_noticed(temporary_files: Path) -> None:
    before = Resources.now()
    (temporary_files / "left").touch()

    assert before.is_less_than(Resources.now())


@pytest.mark.parametrize(
    ("number", "days", "sections", "told"),
    [
        (3, 1.0, {"health": {"late_after_s": 3600}}, "and its alert says well"),
        (
            4,
            0.4,
            {"series_gaps": {"look_back_days": 1}, "series_backfill": {"enabled": False}},
            "is missing, and stands in no gap",
        ),
    ],
)
def test_what_a_setting_breaks_is_noticed(
    project: Project, number: int, days: float, sections: dict[str, Any], told: str
) -> None:
    outcome = run_seed(Seed(number, days), project, sections=sections)

    assert told in str(outcome.broken)
