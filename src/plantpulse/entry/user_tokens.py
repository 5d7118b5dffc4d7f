"""Checks the tokens of Supabase users. The only module that knows PyJWT.

A token is signed with one of the project's key pairs (ES256, RS256), or in older projects with a shared
secret (HS256), which counts only if it is configured. The token itself never decides how it is checked: its
algorithm must be that of the key. Tokens use the real clock, even where time is simulated.
Source: https://supabase.com/docs/guides/auth/jwts
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from uuid import UUID

import jwt

from plantpulse.errors import Unauthenticated
from plantpulse.runs import Json

PUBLIC_KEY_ALGORITHMS: Final = ("ES256", "RS256")
SECRET_ALGORITHM: Final = "HS256"  # noqa: S105 - an algorithm's name
AUDIENCE: Final = "authenticated"
ROLE: Final = "authenticated"
CLOCK_LEEWAY_S: Final = 10
REQUIRED_CLAIMS: Final = ("aud", "exp", "iat", "iss", "sub")

FindKey = Callable[[str], Mapping[str, Json] | None]


class User(NamedTuple):
    """A signed-in user; `name` is the e-mail address, or the id without one."""

    user_id: str
    name: str


def read_user(token: str, *, find_key: FindKey, project_url: str, legacy_secret: str | None) -> User:
    """Return the user of a token.

    Raises: Unauthenticated unless it is genuine, in date and of this project; the errors of `find_key`.
    """
    try:
        key, algorithm = _key_for(token, find_key, legacy_secret)
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=AUDIENCE,
            issuer=f"{project_url}/auth/v1",
            leeway=CLOCK_LEEWAY_S,
            options={"require": list(REQUIRED_CLAIMS)},
        )
    except jwt.ExpiredSignatureError as error:
        raise _refused("the token has expired: sign in again") from error
    except (jwt.PyJWTError, RecursionError) as error:
        raise _refused("the token does not belong to a user of this Supabase project") from error
    return _user(claims)


def _key_for(token: str, find_key: FindKey, legacy_secret: str | None) -> tuple[jwt.PyJWK | str, str]:
    """Return the key of the token's signature, and its algorithm."""
    header = jwt.get_unverified_header(token)
    if header.get("alg") == SECRET_ALGORITHM and legacy_secret is not None:
        return legacy_secret, SECRET_ALGORITHM
    found = find_key(str(header.get("kid"))) if header.get("alg") in PUBLIC_KEY_ALGORITHMS else None
    if found is None:
        raise jwt.InvalidTokenError("no key of this project")
    key = jwt.PyJWK(dict(found))
    if key.algorithm_name not in PUBLIC_KEY_ALGORITHMS:
        raise jwt.InvalidTokenError("no key for users' tokens")
    return key, key.algorithm_name


def _user(claims: Mapping[str, Json]) -> User:
    try:
        user_id = str(UUID(claims["sub"]))
    except ValueError:
        raise _refused("the token does not belong to a user: its subject is not an id") from None
    if claims.get("role") != ROLE:
        raise _refused("the token does not belong to a user: it has another role")
    email = claims.get("email")
    return User(user_id, email if isinstance(email, str) and email else user_id)


def _refused(told: str) -> Unauthenticated:
    return Unauthenticated(told, is_token_refused=True)
