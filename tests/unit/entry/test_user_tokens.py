"""A user's token is taken when the project signed it, for a user, in time; and in no other case."""

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from devstack.signing import SigningKey, sign
from plantpulse.entry.user_tokens import User, read_user
from plantpulse.errors import Unauthenticated

URL = "https://project.supabase.co"
SECRET = "the-legacy-secret-of-the-project-is-long-enough"
USER = "5f0c7c1e-6f5d-4b0b-9f5d-0d9f5a1b2c3d"
CLAIMS = {
    "iss": f"{URL}/auth/v1",
    "aud": "authenticated",
    "role": "authenticated",
    "sub": USER,
    "email": "ada@x.example",
}
FOR_EVER = {"iat": 1, "exp": 99_999_999_999}
KEY = SigningKey.make()
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_JWK = {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "alg": "RS256"}
KEYS = {
    KEY.key_id: KEY.public_jwk(),
    "rsa": RSA_JWK,
    "shared": {"kty": "oct", "k": base64.urlsafe_b64encode(SECRET.encode()).decode(), "kid": "shared"},
    "broken": {"kty": "EC", "crv": "P-256", "x": "", "y": "", "kid": "broken"},
}


def read(token: str, *, legacy_secret: str | None = None) -> User:
    return read_user(token, find_key=KEYS.get, project_url=URL, legacy_secret=legacy_secret)


def signed(lifetime_s: int = 60, **claims: Any) -> str:
    """Return a token that the project signed; a claim that is None is left out."""
    now = int(time.time())
    known = CLAIMS | {"iat": now, "exp": now + lifetime_s} | claims
    told = {name: value for name, value in known.items() if value is not None}
    return jwt.encode(told, KEY.private_key, "ES256", headers={"kid": KEY.key_id})


def base64url(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def unsigned(header: dict[str, Any]) -> str:
    """Return a token that anybody could write."""
    parts = [base64url(json.dumps(part).encode()) for part in (header, CLAIMS | FOR_EVER)]
    return ".".join([*parts, ""])


def test_a_token_of_the_project_names_its_user() -> None:
    assert read(signed()) == User(USER, "ada@x.example")


def test_a_user_without_an_address_is_named_by_id() -> None:
    assert read(signed(email="")) == User(USER, USER)


def test_a_project_may_sign_with_rsa() -> None:
    token = jwt.encode(CLAIMS | FOR_EVER, RSA_KEY, "RS256", headers={"kid": "rsa"})

    assert read(token) == User(USER, "ada@x.example")


def test_the_legacy_secret_counts_only_where_it_is_configured() -> None:
    token = sign(CLAIMS, SECRET, 60)

    assert read(token, legacy_secret=SECRET) == User(USER, "ada@x.example")
    with pytest.raises(Unauthenticated):
        read(token)


def test_clocks_may_differ_by_seconds() -> None:
    assert read(signed(lifetime_s=-5)) == User(USER, "ada@x.example")


def test_who_was_signed_in_is_told_to_sign_in_again() -> None:
    with pytest.raises(Unauthenticated, match="expired"):
        read(signed(lifetime_s=-15))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "anon"},
        {"aud": None},
        {"iss": "https://other.supabase.co/auth/v1"},
        {"iss": "supabase"},
        {"iss": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": 99_999_999_999},
        {"nbf": 99_999_999_999},
        {"sub": None},
        {"sub": "ada"},
        {"sub": 7},
        {"role": "service_role"},
        {"role": "anon"},
        {"role": None},
    ],
    ids=str,
)
def test_a_genuine_token_of_something_else_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        read(signed(**claims))


def confused() -> str:
    """Return a token whose HMAC secret is the public key: the classic confusion of algorithms."""
    kind, form = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.PEM
    public_key = RSA_KEY.public_key().public_bytes(form, kind)
    told = unsigned({"alg": "HS256", "kid": "rsa"}).removesuffix(".")
    return f"{told}.{base64url(hmac.digest(public_key, told.encode(), 'sha256'))}"


@pytest.mark.parametrize(
    "token",
    [
        unsigned({"alg": "none"}),
        unsigned({"alg": "None", "kid": KEY.key_id}),
        unsigned({"alg": "ES256", "kid": KEY.key_id}),
        unsigned({"alg": "ES256", "kid": "broken"}),
        unsigned({"alg": "ES256", "kid": ["list"]}),
        unsigned({"alg": ["ES256"], "kid": KEY.key_id}),
        unsigned({"kid": KEY.key_id}),
        confused(),
        sign(CLAIMS, SigningKey.make(), 60),
        sign(CLAIMS, SigningKey(KEY.key_id, SigningKey.make().private_key), 60),
        jwt.encode(CLAIMS | FOR_EVER, SECRET, "HS256", headers={"kid": "shared"}),
        jwt.encode(CLAIMS | FOR_EVER, RSA_KEY, "RS256", headers={"kid": KEY.key_id}),
        jwt.encode(CLAIMS | FOR_EVER, RSA_KEY, "PS256", headers={"kid": "rsa"}),
        signed()[:-4] + "AAAA",
        signed().rpartition(".")[0] + ".",
        "a.b.c",
        "....",
        "",
        "café",
        base64.urlsafe_b64encode(b"[" * 6000).decode() + ".e30.x",
    ],
    ids=range(20),
)
@pytest.mark.parametrize("legacy_secret", [None, SECRET + "-of-another-project"])
def test_a_forged_token_is_refused(token: str, legacy_secret: str | None) -> None:
    with pytest.raises(Unauthenticated) as raised:
        read(token, legacy_secret=legacy_secret)

    assert raised.value.is_token_refused
    assert not token or token not in str(raised.value)
