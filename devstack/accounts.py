"""Supabase Auth as plantpulse meets it: signing in by password or link, and the questions about accounts.

Imitated: the grants `password`, `refresh_token` and `pkce`, links (invitation, forgotten password, magic
link), the user and a new password, signing out, whether people may sign up (any key may ask), and the list of
users (the service role alone). Absent: signing up, providers and SSO, MFA. A mail is given to `post`.
Source: https://github.com/supabase/auth/blob/master/openapi.yaml
"""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, LiteralString, cast, get_args
from urllib.parse import urlencode

import jwt
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from devstack.access import Keys
from devstack.auth_requests import Answer, Asked, Refused, number_in, object_in, storable
from devstack.mailed_links import DeadLink, Link, MailedLinks, destination
from devstack.passwords import hashed, is_right
from devstack.sessions import NoSession, Scope, Session, Sessions, Stolen
from devstack.signing import sign, verify

AUTH: Final = "/auth/v1"
_USERS_A_PAGE: Final = 50
_ONE_HOUR_S: Final = 3600
_PROVIDER: Final = {"provider": "email", "providers": ["email"]}

User = dict[str, Any]

_SUBJECTS: Final = {
    "invite": "You have been invited",
    "recovery": "Choose a new password",
    "magiclink": "Your link to sign in",
}
_SHORTEST_PASSWORD: Final = 6


_NO_USER: Final = Refused(HTTPStatus.FORBIDDEN, "user_not_found", "User from sub claim in JWT does not exist")


@dataclass(frozen=True)
class AuthMail:
    """A mail of Auth, with the link in it."""

    to: str
    subject: str
    link: str


@dataclass
class Accounts:
    """The accounts of one project; `is_sign_up_open` is the switch under Authentication > Sign In.

    `lifetime_s` is how long an access token is good, `site_url` where links lead that name no place, and
    `post` takes the mails.
    """

    database_url: str
    keys: Keys
    is_sign_up_open: bool = True
    lifetime_s: int = _ONE_HOUR_S
    site_url: str = "http://127.0.0.1/"
    post: Callable[[AuthMail], None] = lambda _mail: None
    sessions: Sessions = field(default_factory=lambda: Sessions(time.monotonic))
    links: MailedLinks = field(default_factory=lambda: MailedLinks(time.monotonic))

    def answer(self, asked: Asked) -> Answer:
        """Return status and JSON body."""
        routes = {
            "GET /settings": self._settings,
            "GET /admin/users": self._list,
            "GET /user": self._user,
            "POST /token password": self._sign_in,
            "POST /token refresh_token": self._refresh,
            "POST /logout": self._sign_out,
            "POST /token pkce": self._exchange_code,
            "POST /otp": self._mail_link,
            "POST /recover": self._mail_link,
            "POST /invite": self._invite,
            "POST /verify": self._verify,
            "PUT /user": self._change,
        }
        if asked.route == "GET /verify":
            return HTTPStatus.SEE_OTHER, b"", {"Location": self._follow(asked)}
        try:
            if asked.route not in routes:
                raise Refused(HTTPStatus.NOT_FOUND, "not_found", "not imitated here")
            told = routes[asked.route](asked)
        except Refused as refused:
            body = {"code": refused.status, "error_code": refused.code, "msg": str(refused)}
            return refused.status, json.dumps(body).encode(), {}
        if told is None:
            return HTTPStatus.NO_CONTENT, b"", {}
        return HTTPStatus.OK, json.dumps(told).encode(), {}

    def _settings(self, _asked: Asked) -> User:
        return {"disable_signup": not self.is_sign_up_open, "external": {"email": True}}

    def _list(self, asked: Asked) -> User:
        self._demand_admin(asked)
        page, per_page = number_in(asked.query, "page", 1), number_in(asked.query, "per_page", _USERS_A_PAGE)
        order = sql.SQL("order by users.created_at desc, users.id limit {} offset {}").format(
            per_page, (page - 1) * per_page
        )
        users = self._find(order)
        return {"aud": "authenticated", "users": [_public(user) for user in users]}

    def _user(self, asked: Asked) -> User:
        return _public(self._user_of(str(self._claims(asked)["sub"])))

    def _sign_in(self, asked: Asked) -> User:
        given = object_in(asked.body)
        email, password = given.get("email"), given.get("password")
        if not isinstance(email, str) or not isinstance(password, str):
            raise Refused(HTTPStatus.BAD_REQUEST, "validation_failed", "missing email or password")
        found = self._find(sql.SQL("where lower(users.email) = lower({})").format(storable(email)))
        if not found or not is_right(password, found[0]["encrypted_password"]):
            raise Refused(HTTPStatus.BAD_REQUEST, "invalid_credentials", "Invalid login credentials")
        return self._told(self.sessions.begin(found[0]["id"]), found[0], asked.issuer)

    def _refresh(self, asked: Asked) -> User:
        token = object_in(asked.body).get("refresh_token")
        try:
            session = self.sessions.renew(token if isinstance(token, str) else "")
        except NoSession:
            words = "Invalid Refresh Token: Refresh Token Not Found"
            raise Refused(HTTPStatus.BAD_REQUEST, "refresh_token_not_found", words) from None
        except Stolen:
            words = "Invalid Refresh Token: Already Used"
            raise Refused(HTTPStatus.BAD_REQUEST, "refresh_token_already_used", words) from None
        return self._told(session, self._user_of(session.user_id), asked.issuer)

    def _mail_link(self, asked: Asked) -> User:
        """Mail a link, if there is such an account: whether there is one is nobody's business."""
        given = object_in(asked.body)
        email, challenge = str(given.get("email") or ""), str(given.get("code_challenge") or "")
        kind = "recovery" if asked.route.endswith("/recover") else "magiclink"
        found = self._find(sql.SQL("where lower(users.email) = lower({})").format(storable(email)))
        if found:
            self._mail(found[0], kind, challenge, asked)
        elif kind == "magiclink":
            words = "Signups not allowed for otp"
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "otp_disabled", words)
        return {}

    def _invite(self, asked: Asked) -> User:
        self._demand_admin(asked)
        email = storable(str(object_in(asked.body).get("email") or "")).lower()
        if "@" not in email:
            raise Refused(HTTPStatus.BAD_REQUEST, "validation_failed", "An email address is required")
        if self._find(sql.SQL("where lower(users.email) = {}").format(email)):
            words = "A user with this email address has already been registered"
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "email_exists", words)
        user_id = str(uuid.uuid4())
        self._write("insert into auth.users (id, email) values (%s, %s)", user_id, email)
        user = self._user_of(user_id)
        self._mail(user, "invite", "", asked)
        return _public(user)

    def _mail(self, user: User, kind: str, challenge: str, asked: Asked) -> None:
        told = {
            "token": self.links.make(user["id"], kind, challenge),
            "type": kind,
            "redirect_to": asked.query.get("redirect_to", self.site_url),
        }
        self.post(AuthMail(user["email"], _SUBJECTS[kind], f"{asked.issuer}/verify?{urlencode(told)}"))

    def _follow(self, asked: Asked) -> str:
        """Return where a link leads: with a code for the page that asked, with tokens, or with why not."""
        wanted, kind = asked.query.get("redirect_to", ""), asked.query.get("type", "")
        try:
            link = self.links.use(asked.query.get("token", ""), kind)
        except DeadLink:
            words = "Email link is invalid or has expired"
            told = {"error": "access_denied", "error_code": "otp_expired", "error_description": words}
            return destination(wanted, self.site_url, told, "#")
        if link.challenge:
            code = self.links.make(link.user_id, "code", link.challenge)
            return destination(wanted, self.site_url, {"code": code}, "?")
        told = {name: str(value) for name, value in self._entered(link, asked).items() if name != "user"}
        return destination(wanted, self.site_url, told | {"type": kind}, "#")

    def _verify(self, asked: Asked) -> User:
        given = object_in(asked.body)
        try:
            link = self.links.use(str(given.get("token_hash")), str(given.get("type")))
        except DeadLink:
            words = "Email link is invalid or has expired"
            raise Refused(HTTPStatus.FORBIDDEN, "otp_expired", words) from None
        return self._entered(link, asked)

    def _exchange_code(self, asked: Asked) -> User:
        given = object_in(asked.body)
        try:
            link = self.links.exchange(str(given.get("auth_code")), str(given.get("code_verifier")))
        except DeadLink:
            words = "invalid flow state, no valid flow state found"
            raise Refused(HTTPStatus.NOT_FOUND, "flow_state_not_found", words) from None
        return self._entered(link, asked)

    def _entered(self, link: Link, asked: Asked) -> User:
        return self._told(self.sessions.begin(link.user_id), self._user_of(link.user_id), asked.issuer)

    def _change(self, asked: Asked) -> User:
        """Give the caller a new password."""
        user = self._user_of(str(self._claims(asked)["sub"]))
        password = str(object_in(asked.body).get("password") or "")
        if len(password) < _SHORTEST_PASSWORD:
            words = f"Password should be at least {_SHORTEST_PASSWORD} characters."
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "weak_password", words)
        if is_right(password, user["encrypted_password"]):
            words = "New password should be different from the old password."
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "same_password", words)
        self._write(
            "update auth.users set encrypted_password = %s where id = %s", hashed(password), user["id"]
        )
        return _public(user)

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

    def _demand_admin(self, asked: Asked) -> None:
        if asked.bearer != self.keys.service_role_jwt:
            raise Refused(HTTPStatus.FORBIDDEN, "not_admin", "User not allowed")

    def _write(self, statement: LiteralString, *values: str) -> None:
        with psycopg.connect(self.database_url) as connection:
            connection.execute(statement, values)

    def _user_of(self, user_id: str) -> User:
        found = self._find(sql.SQL("where users.id::text = {}").format(storable(user_id)))
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
