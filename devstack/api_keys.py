"""Which API keys and tokens open the door, and as which role: the rules of Supabase's gateway, no I/O.

Source: https://supabase.com/docs/guides/api/api-keys
"""

from dataclasses import dataclass
from http import HTTPStatus

from devstack.access import Keys


@dataclass(frozen=True)
class Refusal:
    """Why a request is not passed on."""

    status: HTTPStatus
    message: str
    hint: str = ""


_NO_KEY = Refusal(
    HTTPStatus.UNAUTHORIZED, "No API key found in request", "No `apikey` request header was found."
)
_UNKNOWN_KEY = Refusal(
    HTTPStatus.UNAUTHORIZED, "Invalid API key", "Check the key: it belongs to no key of this project."
)
_KEY_AS_TOKEN = Refusal(
    HTTPStatus.UNAUTHORIZED,
    "Invalid JWT in the Authorization header",
    "A secret or publishable key goes into the `apikey` header only; it is not a JWT.",
)
_SECRET_IN_BROWSER = Refusal(
    HTTPStatus.UNAUTHORIZED,
    "Forbidden use of secret API key in browser",
    "A secret key must never reach a browser.",
)


def judge_keys(keys: Keys, apikey: str, authorization: str, user_agent: str) -> str | Refusal:
    """Return the Authorization header for PostgREST ('' = none: the anonymous role), or a refusal.

    Arguments are header values, '' where the header is absent. A token of the caller's own wins over
    the key's role. A legacy key counts only as a token: in `apikey` alone it opens the door, no more. A new
    key may stand in both headers, as supabase-js sends it before anybody has signed in: it is no token there.
    """
    if apikey and authorization == f"Bearer {apikey}" and apikey in (keys.secret_key, keys.publishable_key):
        authorization = ""
    if authorization.rpartition(" ")[2].startswith(("sb_secret_", "sb_publishable_")):
        return _KEY_AS_TOKEN
    if not apikey:
        return _NO_KEY
    roles = {
        keys.secret_key: f"Bearer {keys.service_role_jwt}",
        keys.publishable_key: f"Bearer {keys.anon_jwt}",
        keys.service_role_jwt: "",
        keys.anon_jwt: "",
    }
    if apikey not in roles:
        return _UNKNOWN_KEY
    if apikey == keys.secret_key and user_agent.startswith("Mozilla/"):
        return _SECRET_IN_BROWSER
    return authorization or roles[apikey]
