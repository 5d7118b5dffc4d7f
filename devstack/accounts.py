"""Supabase Auth as plantpulse meets it: signing in with a password, and the questions about accounts.

Imitated: the grants `password` and `refresh_token`, the user, signing out, whether people may sign up (any
key may ask), and the list of users (the service role alone). Absent: signing up, mail (so no magic links),
SSO, MFA.
Source: https://github.com/supabase/auth/blob/master/openapi.yaml
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, cast, get_args
from urllib.parse import parse_qs, urlsplit

import jwt
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from devstack.access import Keys
from devstack.passwords import is_right
from devstack.sessions import NoSession, Scope, Session, Sessions, Stolen
from devstack.signing import sign, verify

AUTH: Final = "/auth/v1"
_USERS_A_PAGE: Final = 50
_ONE_HOUR_S: Final = 3600
_PROVIDER: Final = {"provider": "email", "providers": ["email"]}

Answer = tuple[HTTPStatus, bytes]
User = dict[str, Any]


class Refused(Exception):
    """Auth refuses: with this status, a code that programs read, and words."""

    def __init__(self, status: HTTPStatus, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


_NO_USER: Final = Refused(HTTPStatus.FORBIDDEN, "user_not_found", "User from sub claim in JWT does not exist")


@dataclass(frozen=True)
class Asked:
    """A request below /auth/v1 with a key that is known; `path` has its query, `issuer` signs tokens."""

    method: str
    path: str
    authorization: str
    body: bytes
    issuer: str

    @property
    def route(self) -> str:
        """Method and path, and of a token what is given for it."""
        parts = urlsplit(self.path)
        grant = self.query.get("grant_type")
        return f"{self.method} {parts.path}" + (f" {grant}" if grant else "")

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def bearer(self) -> str:
        return self.authorization.removeprefix("Bearer ")


@dataclass
class Accounts:
    """The accounts of one project; `is_sign_up_open` is the switch under Authentication > Sign In.

    `lifetime_s` is how long an access token is good.
    """

    database_url: str
    keys: Keys
    is_sign_up_open: bool = True
    lifetime_s: int = _ONE_HOUR_S
    sessions: Sessions = field(default_factory=lambda: Sessions(time.monotonic))

    def answer(self, asked: Asked) -> Answer:
        """Return status and JSON body."""
        routes = {
            "GET /settings": self._settings,
            "GET /admin/users": self._list,
            "GET /user": self._user,
            "POST /token password": self._sign_in,
            "POST /token refresh_token": self._refresh,
            "POST /logout": self._sign_out,
            "POST /otp": _send_no_mail,
        }
        try:
            if asked.route not in routes:
                raise Refused(HTTPStatus.NOT_FOUND, "not_found", "not imitated here")
            told = routes[asked.route](asked)
        except Refused as refused:
            body = {"code": refused.status, "error_code": refused.code, "msg": str(refused)}
            return refused.status, json.dumps(body).encode()
        return (HTTPStatus.NO_CONTENT, b"") if told is None else (HTTPStatus.OK, json.dumps(told).encode())

    def _settings(self, _asked: Asked) -> User:
        return {"disable_signup": not self.is_sign_up_open, "external": {"email": True}}

    def _list(self, asked: Asked) -> User:
        if asked.bearer != self.keys.service_role_jwt:
            raise Refused(HTTPStatus.FORBIDDEN, "not_admin", "User not allowed")
        page, per_page = _number(asked.query, "page", 1), _number(asked.query, "per_page", _USERS_A_PAGE)
        order = sql.SQL("order by users.created_at desc, users.id limit {} offset {}").format(
            per_page, (page - 1) * per_page
        )
        users = self._find(order)
        return {"aud": "authenticated", "users": [_public(user) for user in users]}

    def _user(self, asked: Asked) -> User:
        return _public(self._user_of(str(self._claims(asked)["sub"])))

    def _sign_in(self, asked: Asked) -> User:
        given = _object(asked.body)
        email, password = given.get("email"), given.get("password")
        if not isinstance(email, str) or not isinstance(password, str):
            raise Refused(HTTPStatus.BAD_REQUEST, "validation_failed", "missing email or password")
        found = self._find(sql.SQL("where lower(users.email) = lower({})").format(_storable(email)))
        if not found or not is_right(password, found[0]["encrypted_password"]):
            raise Refused(HTTPStatus.BAD_REQUEST, "invalid_credentials", "Invalid login credentials")
        return self._told(self.sessions.begin(found[0]["id"]), found[0], asked.issuer)

    def _refresh(self, asked: Asked) -> User:
        token = _object(asked.body).get("refresh_token")
        try:
            session = self.sessions.renew(token if isinstance(token, str) else "")
        except NoSession:
            words = "Invalid Refresh Token: Refresh Token Not Found"
            raise Refused(HTTPStatus.BAD_REQUEST, "refresh_token_not_found", words) from None
        except Stolen:
            words = "Invalid Refresh Token: Already Used"
            raise Refused(HTTPStatus.BAD_REQUEST, "refresh_token_already_used", words) from None
        return self._told(session, self._user_of(session.user_id), asked.issuer)

    def _sign_out(self, asked: Asked) -> None:
        claims = self._claims(asked)
        scope = asked.query.get("scope", "global")
        if scope not in get_args(Scope):
            raise Refused(HTTPStatus.BAD_REQUEST, "validation_failed", f"Unsupported scope: {scope}")
        self.sessions.end(str(claims.get("session_id")), str(claims["sub"]), cast(Scope, scope))

    def _told(self, session: Session, user: User, issuer: str) -> User:
        """What a client is told that may act as a user from now on."""
        now = int(time.time())
        public = _public(user)
        claims = {
            "iss": issuer,
            "sub": user["id"],
            "session_id": session.session_id,
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": now}],
            **{name: public[name] for name in ("aud", "role", "email", "phone", "is_anonymous")},
            **{name: public[name] for name in ("app_metadata", "user_metadata")},
        }
        token = sign(claims, self.keys.signing_key or self.keys.jwt_secret, self.lifetime_s)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": self.lifetime_s,
            "expires_at": now + self.lifetime_s,
            "refresh_token": session.refresh_token,
            "user": public,
        }

    def _claims(self, asked: Asked) -> dict[str, Any]:
        """Return the claims of the signed-in caller, whose session has not ended."""
        try:
            claims = verify(asked.bearer, self.keys.signing_key, self.keys.jwt_secret)
        except jwt.InvalidTokenError as error:
            words = f"invalid JWT: unable to parse or verify signature, {error}"
            raise Refused(HTTPStatus.FORBIDDEN, "bad_jwt", words) from None
        if claims.get("aud") != "authenticated" or not claims.get("sub"):
            raise Refused(HTTPStatus.FORBIDDEN, "bad_jwt", "invalid claim: missing sub claim")
        session_id = claims.get("session_id")
        if session_id is not None and not self.sessions.has(session_id):
            words = "Session from session_id claim in JWT does not exist"
            raise Refused(HTTPStatus.FORBIDDEN, "session_not_found", words)
        return claims

    def _user_of(self, user_id: str) -> User:
        found = self._find(sql.SQL("where users.id::text = {}").format(_storable(user_id)))
        if not found:
            raise _NO_USER
        return found[0]

    def _find(self, condition: sql.Composed) -> list[User]:
        query = sql.SQL(
            """
            select
              users.id::text,
              users.email,
              users.encrypted_password,
              users.raw_app_meta_data,
              users.raw_user_meta_data,
              to_json(users.created_at) #>> '{{}}' as created_at
            from auth.users
            {}
            """
        ).format(condition)
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()


def _send_no_mail(_asked: Asked) -> None:
    words = "This local project sends no mail: sign in with a password"
    raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "otp_disabled", words)


def _public(user: User) -> User:
    """What clients are told of a user."""
    return {
        "id": user["id"],
        "aud": "authenticated",
        "role": "authenticated",
        "email": user["email"],
        "phone": "",
        "is_anonymous": False,
        "app_metadata": _PROVIDER | (user["raw_app_meta_data"] or {}),
        "user_metadata": user["raw_user_meta_data"] or {},
        "identities": [],
        "created_at": user["created_at"],
        "updated_at": user["created_at"],
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "bad_json", "Could not parse request body as JSON")
    return read


def _storable(text: str) -> str:
    """Return a text that Postgres can be asked for: what it cannot hold, it has not stored either."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, str(otherwise))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1_000_000:
        raise Refused(HTTPStatus.BAD_REQUEST, "validation_failed", f"{name} must be a number")
    return int(text)
