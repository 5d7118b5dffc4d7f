"""Whether a token's bearer may hear a topic: the token's signature, then the policies on realtime.messages.

A private topic is tried as the hosted Realtime tries it: a row of that topic is inserted, selected under the
caller's role and claims, and rolled back. Source: https://supabase.com/docs/guides/realtime/authorization
"""

import json
import time
import uuid
from typing import Any, Final

import jwt
import psycopg

from devstack.access import Keys
from devstack.realtime.channels import Refused
from devstack.signing import verify

_ROLES: Final = ("anon", "authenticated", "service_role")
_CONNECT_S: Final = 60
_MALFORMED: Final = "MalformedJWT: The token provided is not a valid JWT"
_NO_CLAIMS: Final = "InvalidJWTToken: Fields `role` and `exp` are required in JWT"
_EXPIRED: Final = "InvalidJWTToken: Token has expired {} seconds ago"
_FORGED: Final = "JwtSignatureError: Failed to validate JWT signature"
AWAY: Final = "UnableToConnectToProject: Realtime was unable to connect to the project database"
_NOT_ALLOWED: Final = "Unauthorized: You do not have permissions to read from this Channel topic: "


class Judge:
    """Called with token, topic and whether it is private; returns when the token expires (epoch, s).

    Raises: Refused.
    """

    def __init__(self, database_url: str, keys: Keys) -> None:
        self._database_url = database_url
        self._keys = keys

    def __call__(self, token: str, topic: str, is_private: bool) -> float:
        claims = self._claims(token)
        if is_private and not self._may_read(topic, claims):
            raise Refused(_NOT_ALLOWED + topic)
        return float(claims["exp"])

    def _claims(self, token: str) -> dict[str, Any]:
        if not token or token == self._keys.publishable_key:
            token = self._keys.anon_jwt
        try:
            claims = verify(token, self._keys.signing_key, self._keys.jwt_secret)
        except jwt.ExpiredSignatureError:
            raise Refused(_EXPIRED.format(_seconds_ago(token))) from None
        except jwt.MissingRequiredClaimError:
            raise Refused(_NO_CLAIMS) from None
        except jwt.InvalidSignatureError:
            raise Refused(_FORGED) from None
        except jwt.InvalidTokenError:
            raise Refused(_MALFORMED) from None
        if claims.get("role") not in _ROLES:
            raise Refused(_NO_CLAIMS)
        return claims

    def _may_read(self, topic: str, claims: dict[str, Any]) -> bool:
        try:
            with psycopg.connect(self._database_url, connect_timeout=_CONNECT_S) as connection:
                return _finds_its_row(connection, topic, claims)
        except psycopg.OperationalError:
            raise Refused(AWAY) from None
        except psycopg.Error as error:  # a policy that fails, or a topic that is no text for Postgres
            raise Refused(f"UnableToSetPolicies: {error.sqlstate}") from None


def _finds_its_row(connection: psycopg.Connection, topic: str, claims: dict[str, Any]) -> bool:
    row_id = uuid.uuid4()
    with connection.transaction(force_rollback=True):
        connection.execute(
            "insert into realtime.messages (id, topic, extension) values (%s, %s, 'broadcast')",
            [row_id, topic],
        )
        connection.execute(
            """
            select
              set_config('realtime.topic', %s, true),
              set_config('request.jwt.claims', %s, true),
              set_config('role', %s, true)
            """,
            [topic, json.dumps(claims), claims["role"]],
        )
        return bool(connection.execute("select from realtime.messages where id = %s", [row_id]).fetchall())


def _seconds_ago(token: str) -> int:
    claims = jwt.decode(token, options={"verify_signature": False})
    return max(0, int(time.time() - float(claims["exp"])))
