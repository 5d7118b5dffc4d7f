"""How a Supabase project signs tokens: with a key pair whose public half is told, or a shared secret.

Source: https://supabase.com/docs/guides/auth/signing-keys
"""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from jwt.types import Options


@dataclass(frozen=True)
class SigningKey:
    """A key pair for ES256, the algorithm of new projects."""

    key_id: str
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls) -> Self:
        """Return a new key pair under a new id."""
        return cls(str(uuid.uuid4()), ec.generate_private_key(ec.SECP256R1()))

    def public_jwk(self) -> dict[str, Any]:
        """Return what the project publishes of it."""
        public = ECAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        return {
            **public,
            "alg": "ES256",
            "kid": self.key_id,
            "use": "sig",
            "key_ops": ["verify"],
            "ext": True,
        }


def sign(claims: dict[str, Any], key: SigningKey | str, lifetime_s: int) -> str:
    """Return a token with the claims, valid from now for `lifetime_s`: ES256, or HS256 with a secret."""
    now = int(time.time())
    claims = {"iss": "supabase", "iat": now, "exp": now + lifetime_s, **claims}
    if isinstance(key, str):
        return jwt.encode(claims, key, "HS256")
    return jwt.encode(claims, key.private_key, "ES256", headers={"kid": key.key_id})


def verify(token: str, key: SigningKey | None, jwt_secret: str) -> dict[str, Any]:
    """Return the claims of a token that the project has signed and that has not expired.

    Like the hosted services it takes both kinds of signature, and does not compare clocks by `iat`.

    Raises: jwt.InvalidTokenError; its kinds tell an expired token, a forged one and one without `exp` apart.
    """
    options: Options = {"require": ["exp"], "verify_aud": False, "verify_iat": False}
    is_shared = jwt.get_unverified_header(token).get("alg") == "HS256"
    if is_shared or key is None:
        claims: dict[str, Any] = jwt.decode(token, jwt_secret, ["HS256"], options)
    else:
        claims = jwt.decode(token, key.private_key.public_key(), ["ES256"], options)
    return claims


def published(key: SigningKey | None) -> bytes:
    """Return the document at /auth/v1/.well-known/jwks.json."""
    return json.dumps({"keys": [key.public_jwk()] if key else []}).encode()


def accepted(key: SigningKey | None, jwt_secret: str) -> str:
    """Return the keys whose tokens the Data API takes, as PostgREST is told them."""
    shared = {"kty": "oct", "k": jwt.utils.base64url_encode(jwt_secret.encode()).decode(), "alg": "HS256"}
    return json.dumps({"keys": [shared, *([key.public_jwk()] if key else [])]})
