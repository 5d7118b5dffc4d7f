"""What the tests of the soak share: a connection to an empty project, and a folder for temporary files."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
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


@pytest.fixture(autouse=True)
def temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary files are counted."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def forget(project: Project, function: str, condition: str, instead: str = "") -> None:
    """Let a SQL function forget a condition."""
    row = project.execute("select pg_get_functiondef(%s::regproc) as body", [f"public.{function}"]).fetchone()
    body = str((row or {})["body"])
    assert condition in body
    project.execute(body.replace(condition, instead).encode())
