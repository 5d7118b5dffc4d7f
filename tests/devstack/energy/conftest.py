"""A stand-in with a clock that stands still, and a client that knows its token."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from devstack.energy import TOKEN, Clock, Publisher, StandIn
from tests.patience import ENDS_S

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(scope="session")
def publisher() -> Publisher:
    """The default years: what it made for one test is there for the next."""
    return Publisher(seed=1)


@pytest.fixture
def stand_in(publisher: Publisher, clock: Clock) -> Iterator[StandIn]:
    with StandIn(publisher, clock) as running:
        yield running


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[httpx.Client]:
    headers = {"SECURITY_TOKEN": TOKEN}
    with httpx.Client(base_url=stand_in.url, headers=headers, timeout=ENDS_S, trust_env=False) as opened:
        yield opened
