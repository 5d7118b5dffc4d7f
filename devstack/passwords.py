"""How the local project keeps passwords: salted and hashed, in the column where Supabase has them.

Supabase's own are bcrypt, made by pgcrypto, which the local Postgres does not have.
"""

import hashlib
import secrets
from typing import Final

_SCHEME: Final = "scrypt"
# A sign-in takes milliseconds: nobody attacks a password of a project that is thrown away.
_COST: Final = 2**10


def hashed(password: str) -> str:
    """Return what `auth.users.encrypted_password` holds."""
    salt = secrets.token_hex(16)
    return f"{_SCHEME}${salt}${_digest(password, salt)}"


def is_right(password: str, stored: str | None) -> bool:
    """Whether it is the password that was stored; no password was stored for None."""
    scheme, _, rest = (stored or "").partition("$")
    salt, _, digest = rest.partition("$")
    return scheme == _SCHEME and secrets.compare_digest(_digest(password, salt), digest)


def _digest(password: str, salt: str) -> str:
    # What JSON may hold and UTF-8 may not (half a surrogate pair) must not break the sign-in.
    typed = password.encode(errors="surrogatepass")
    return hashlib.scrypt(typed, salt=salt.encode(), n=_COST, r=8, p=1).hex()
