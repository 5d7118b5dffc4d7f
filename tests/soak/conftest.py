"""What the tests of the soak share: a connection to an empty project."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from devstack.access import SupabaseAccess

Project = psycopg.Connection[Any]


@pytest.fixture
def project(supabase: SupabaseAccess) -> Iterator[Project]:
    """A connection to an empty project."""
    with supabase.connect() as connection:
        yield connection
