"""What a client needs to know of a Supabase project, local or not: addresses, keys and tokens."""

import secrets
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from devstack.signing import SigningKey, sign

_TEN_YEARS_S = 10 * 365 * 24 * 3600
_ONE_HOUR_S = 3600


@dataclass(frozen=True)
class Keys:
    """The API keys of a project: the new kind, the legacy kind (JWTs), and what signs JWTs.

    `signing_key` signs users' tokens, as every new project does; None: the legacy secret signs them too.
    """

    jwt_secret: str
    secret_key: str
    publishable_key: str
    service_role_jwt: str
    anon_jwt: str
    signing_key: SigningKey | None = None


def make_keys() -> Keys:
    """Return fresh random keys of both kinds."""
    jwt_secret = secrets.token_hex(32)
    return Keys(
        jwt_secret=jwt_secret,
        secret_key=f"sb_secret_{secrets.token_urlsafe(24)}",
        publishable_key=f"sb_publishable_{secrets.token_urlsafe(24)}",
        service_role_jwt=sign({"role": "service_role"}, jwt_secret, _TEN_YEARS_S),
        anon_jwt=sign({"role": "anon"}, jwt_secret, _TEN_YEARS_S),
        signing_key=SigningKey.make(),
    )


@dataclass(frozen=True)
class SupabaseAccess:
    """One project as its clients see it.

    `url` is what clients call SUPABASE_URL: the Data API is `{url}/rest/v1`. `database_url` logs in as
    `postgres`, which owns the tables, bypasses RLS and may become any API role, but is no superuser.
    """

    url: str
    database_url: str
    keys: Keys

    @property
    def rest_url(self) -> str:
        return f"{self.url}/rest/v1"

    @property
    def secret_key(self) -> str:
        return self.keys.secret_key

    @property
    def publishable_key(self) -> str:
        return self.keys.publishable_key

    @property
    def service_role_jwt(self) -> str:
        return self.keys.service_role_jwt

    @property
    def anon_jwt(self) -> str:
        return self.keys.anon_jwt

    def user_token(self, user_id: str, lifetime_s: int = _ONE_HOUR_S, **claims: Any) -> str:
        """Return the token of a signed-in user: it goes into `Authorization: Bearer`.

        `claims` go over those that Supabase's own tokens have.
        """
        known = {
            "iss": f"{self.url}/auth/v1",
            "sub": user_id,
            "role": "authenticated",
            "aud": "authenticated",
        }
        key = self.keys.signing_key or self.keys.jwt_secret
        return sign(known | claims, key, lifetime_s)

    def connect(self) -> psycopg.Connection[DictRow]:
        """Open an autocommit connection as `postgres` whose rows are dicts; the caller closes it."""
        return psycopg.connect(self.database_url, autocommit=True, row_factory=dict_row)
