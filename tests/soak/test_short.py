"""The short form of `make soak`: a few seeds with all their faults, and proof that its checks can fail."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from devstack.access import SupabaseAccess
from soak.seeds import Seed, run_seed


@pytest.fixture
def project(supabase: SupabaseAccess) -> Iterator[psycopg.Connection[Any]]:
    """A connection to an empty project."""
    with supabase.connect() as connection:
        yield connection


@pytest.mark.parametrize("number", [1, 2, 3])
def test_nothing_breaks_in_two_days_of_bad_luck(project: psycopg.Connection[Any], number: int) -> None:
    outcome = run_seed(Seed(number, days=2), project)

    assert outcome.broken is None
    assert outcome.ticks > 100
    assert outcome.faults.total() > 50
    assert outcome.checked["slots"] > 150


def test_without_faults_every_slot_is_written_by_its_own_run(project: psycopg.Connection[Any]) -> None:
    outcome = run_seed(Seed(1, days=1, allowed=frozenset()), project)

    assert outcome.broken is None
    assert outcome.faults == {}
    assert outcome.checked["slots"] == 96
    assert outcome.checked["runs succeeded"] == 96


def test_a_seed_replays_exactly(project: psycopg.Connection[Any]) -> None:
    first, second = (run_seed(Seed(5, days=0.5), project) for _ in range(2))

    assert first.happened == second.happened
    assert first.answers == second.answers
