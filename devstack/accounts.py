"""What Supabase Auth tells of a project's accounts: an imitation of the two questions that plantpulse asks.

Whether people may sign up (any key may ask), and the list of users (the service role alone). Nobody can sign
up here. Source: https://github.com/supabase/auth/blob/master/openapi.yaml
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.rows import dict_row

from devstack.access import Keys

AUTH: Final = "/auth/v1"
_USERS_A_PAGE: Final = 50
_NOT_ADMIN: Final = {"code": 403, "error_code": "not_admin", "msg": "User not allowed"}
_NOT_FOUND: Final = {"code": 404, "error_code": "not_found", "msg": "not imitated here"}
# Of what else a user has, what clients of Auth insist on.
_ALWAYS: Final[dict[str, object]] = {
    "aud": "authenticated",
    "role": "authenticated",
    "app_metadata": {},
    "user_metadata": {},
}

Answer = tuple[HTTPStatus, bytes]


@dataclass
class Accounts:
    """The accounts of one project; `is_sign_up_open` is the switch under Authentication > Sign In."""

    database_url: str
    keys: Keys
    is_sign_up_open: bool = True

    def answer(self, path: str, authorization: str) -> Answer:
        """Return status and JSON body for a GET below /auth/v1, asked with a key that is known."""
        asked = urlsplit(path)
        if asked.path == "/settings":
            told = {"disable_signup": not self.is_sign_up_open, "external": {"email": True}}
            return HTTPStatus.OK, json.dumps(told).encode()
        if asked.path != "/admin/users":
            return HTTPStatus.NOT_FOUND, json.dumps(_NOT_FOUND).encode()
        if authorization != f"Bearer {self.keys.service_role_jwt}":
            return HTTPStatus.FORBIDDEN, json.dumps(_NOT_ADMIN).encode()
        query = {name: int(values[0]) for name, values in parse_qs(asked.query).items()}
        users = self._users(query.get("page", 1), query.get("per_page", _USERS_A_PAGE))
        whole = [{**user, **_ALWAYS} for user in users]
        return HTTPStatus.OK, json.dumps({"aud": "authenticated", "users": whole}).encode()

    def _users(self, page: int, per_page: int) -> list[dict[str, str]]:
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return connection.execute(
                """
                select users.id::text, users.email, to_json(users.created_at) #>> '{}' as created_at
                from auth.users
                order by users.created_at desc, users.id
                limit %s offset %s
                """,
                (per_page, (page - 1) * per_page),
            ).fetchall()
