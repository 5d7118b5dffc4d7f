"""What everybody on the internet may be told: addresses, providers, and the key that is meant for pages.

Pure, and without imports of ours: the settings and the board's function check by the same rules. A message
never quotes a key.
"""

import base64
import binascii
import json
import re
from typing import Final

# Nothing in them ends a header, a directive of a policy, or a script.
_PATH: Final = r"(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?"
_ADDRESS: Final = re.compile(rf"https://[a-z0-9.-]+{_PATH}")
_LOCAL: Final = re.compile(rf"http://(127\.0\.0\.1|localhost){_PATH}")
_PROVIDER: Final = re.compile(r"[a-z][a-z0-9_:-]{0,62}")
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_PUBLISHABLE: Final = re.compile(r"sb_publishable_[A-Za-z0-9_-]+")
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KEY_TOLD: Final = (
    "must be the project's publishable key (sb_publishable_...) or its legacy anon key:"
    " the pages show it to everybody"
)


def address(text: str) -> str:
    """Return a web address without a slash at its end. Raises: ValueError."""
    text = text.strip().rstrip("/")
    if not _ADDRESS.fullmatch(text) and not _LOCAL.fullmatch(text):
        raise ValueError("must be an address such as https://<project>.supabase.co")
    return text


def provider(text: str) -> str:
    """Return the name of an OAuth provider, as Supabase Auth knows it. Raises: ValueError."""
    if not _PROVIDER.fullmatch(text):
        raise ValueError("must be the name of a provider as Supabase Auth has it, such as azure or google")
    return text


def providers(text: str) -> list[str]:
    """Return the names in a text such as "azure, google". Raises: ValueError."""
    return [provider(name.strip()) for name in text.split(",") if name.strip()]


def domain(text: str) -> str:
    """Return the domain of a company, in lower case. Raises: ValueError."""
    name = text.strip().lower()
    if not _DOMAIN.fullmatch(name):
        raise ValueError("must be a domain such as example.com")
    return name


def public_key(text: str) -> str:
    """Return a key that pages may have. Raises: ValueError."""
    key = text.strip()
    if key.startswith("sb_secret_") or _role_of(key) == "service_role":
        raise ValueError(
            f"this is a secret key, which reads and writes everything, and is not published; {_KEY_TOLD}"
        )
    if _PUBLISHABLE.fullmatch(key) or _role_of(key) == "anon":
        return key
    raise ValueError(_KEY_TOLD)


def _role_of(key: str) -> str | None:
    """Return the role in a legacy key; nobody need verify a key that only its own project will take."""
    if not _JWT.fullmatch(key):
        return None
    payload = key.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    role = claims.get("role") if isinstance(claims, dict) else None
    return role if isinstance(role, str) else None
