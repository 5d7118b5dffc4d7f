"""People who are signed in to the local Supabase, and what each of them gets to see.

They read the Data API as a dashboard would, with the publishable key and their own token, so that Row Level
Security stands between them and every row.
"""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from devstack.access import SupabaseAccess
from devstack.passwords import hashed
from devstack.patience import ENDS_S

Role = Literal["viewer", "operator", "manager"]
Record = dict[str, Any]

_TOKEN_LIFETIME_S = 7 * 24 * 3600


@dataclass(frozen=True)
class Person:
    """Somebody with an account; `password` is for the sign-in of a page, `token` for a program."""

    access: SupabaseAccess
    user_id: str
    email: str
    password: str
    token: str

    def read(self, table: str, **query: str) -> list[Record]:
        """Return the rows of a table that the person may see, by a PostgREST query.

        Raises: httpx.HTTPStatusError.
        """
        headers = {"apikey": self.access.publishable_key, "Authorization": f"Bearer {self.token}"}
        url = f"{self.access.rest_url}/{table}"
        response = httpx.get(url, params=query, headers=headers, timeout=ENDS_S)
        response.raise_for_status()
        rows: list[Record] = response.json()
        return rows

    def write(self, table: str, row: Record) -> None:
        """Add a row to a table, if the person may. Raises: httpx.HTTPStatusError."""
        self.send("POST", table, row).raise_for_status()

    def change(self, table: str, number: int, values: Record) -> None:
        """Change a row by its id, if the person may. Raises: httpx.HTTPStatusError."""
        self.send("PATCH", f"{table}?id=eq.{number}", values).raise_for_status()

    def send(self, method: str, path: str, body: Record) -> httpx.Response:
        """Return the Data API's answer to a request that no page would make, too."""
        headers = {
            "apikey": self.access.publishable_key,
            "Authorization": f"Bearer {self.token}",
            "Prefer": "return=representation",
        }
        url = f"{self.access.rest_url}/{path}"
        return httpx.request(method, url, json=body, headers=headers, timeout=ENDS_S)


def sign_up(access: SupabaseAccess, name: str, plant: str | None = None, role: Role = "viewer") -> Person:
    """Make an account and, if a plant is named, a member of it."""
    user_id, email, password = str(uuid.uuid4()), f"{name}@northfield.example", secrets.token_urlsafe(9)
    with access.connect() as connection:
        connection.execute(
            "insert into auth.users (id, email, encrypted_password) values (%s, %s, %s)",
            [user_id, email, hashed(password)],
        )
        if plant:
            connection.execute(
                "insert into public.plant_members (user_id, plant, role) values (%s, %s, %s)",
                [user_id, plant, role],
            )
    token = access.user_token(user_id, _TOKEN_LIFETIME_S, email=email)
    return Person(access, user_id, email, password, token)
