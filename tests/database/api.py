"""Calling the Data API as one of the people and programs that may or may not use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

# Who each role of the tests is; the users' memberships are made by the `members` fixture.
USERS = {
    "stranger": "00000000-0000-4000-8000-000000000001",
    "viewer": "00000000-0000-4000-8000-000000000002",
    "operator": "00000000-0000-4000-8000-000000000003",
    "manager": "00000000-0000-4000-8000-000000000004",
    "neighbour": "00000000-0000-4000-8000-000000000005",
    "director": "00000000-0000-4000-8000-000000000006",
}


@dataclass(frozen=True)
class Api:
    """The Data API with one role's key; the client's base URL ends in /rest/v1."""

    client: httpx.Client

    def call(self, function: str, **arguments: Any) -> Any:
        """Return what an SQL function answers; the call must succeed."""
        response = self.client.post(f"/rpc/{function}", json=arguments)
        assert response.status_code == 200, response.text
        return response.json()

    @contextmanager
    def alone(self) -> Iterator["Api"]:
        """Give the same role a connection of its own, for a thread.

        A client that more than 20 threads share may close a surplus connection that one of them reads from.
        """
        own, timeout = self.client, self.client.timeout
        with httpx.Client(base_url=own.base_url, headers=own.headers, timeout=timeout) as client:
            yield Api(client)

    def refusal(self, function: str, **arguments: Any) -> str:
        """Return the SQLSTATE with which an SQL function refuses; the call must fail."""
        response = self.client.post(f"/rpc/{function}", json=arguments)
        assert response.is_error, response.text
        code: str = response.json()["code"]
        return code

    def rows(self, table: str, **query: str) -> list[dict[str, Any]]:
        """Return the rows of a table that the role may see."""
        return self._rows(self.client.get(f"/{table}", params=query))

    def insert(self, table: str, row: dict[str, Any]) -> str:
        """Insert a row; return `rows`, `nothing` or the SQLSTATE of the refusal."""
        return outcome(self.client.post(f"/{table}", json=row, headers=_COUNT))

    def update(self, table: str, changes: dict[str, Any], **filters: str) -> str:
        """Update the filtered rows; return `rows`, `nothing` or the SQLSTATE of the refusal."""
        return outcome(self.client.patch(f"/{table}", params=filters, json=changes, headers=_COUNT))

    def delete(self, table: str, **filters: str) -> str:
        """Delete the filtered rows; return `rows`, `nothing` or the SQLSTATE of the refusal."""
        return outcome(self.client.delete(f"/{table}", params=filters, headers=_COUNT))

    def select(self, table: str) -> str:
        """Read a table; return `rows`, `nothing` or the SQLSTATE of the refusal."""
        return outcome(self.client.get(f"/{table}", headers=_COUNT))

    @staticmethod
    def _rows(response: httpx.Response) -> list[dict[str, Any]]:
        assert response.status_code == 200, response.text
        rows: list[dict[str, Any]] = response.json()
        return rows


# The count comes back in Content-Range without asking for the rows, which a writer need not be able to read.
_COUNT = {"Prefer": "count=exact,return=minimal"}


def outcome(response: httpx.Response) -> str:
    """Say what a request came to: `rows`, `nothing`, or the SQLSTATE of its refusal."""
    if response.is_error:
        code: str = response.json()["code"]
        return code
    return "nothing" if response.headers["Content-Range"].endswith("/0") else "rows"
