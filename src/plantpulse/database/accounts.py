"""The accounts of a project, by supabase-py's client for Auth's own API.

For the command line alone: supabase-py takes most of a second to import, so the functions do without it
(docs/decisions/0001). Its client gets plantpulse's own connection, with that one's key, trust and time-outs.
Source: https://supabase.com/docs/reference/python/auth-admin-listusers
"""

from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Final

import httpx

from plantpulse.database.answers import Json
from plantpulse.database.refusals import refusal
from plantpulse.database.tables import Tables
from plantpulse.errors import ConfigurationError, StoreRefused
from plantpulse.settings import SupabaseSettings

try:
    from supabase import AuthApiError, AuthError, Client, ClientOptions
except ImportError as error:
    raise ConfigurationError("supabase is not installed: `pip install 'plantpulse[cli]'`") from error

USERS_A_PAGE: Final = 200
_USERS: Final = "/auth/v1/admin/users"


def users(tables: Tables, settings: SupabaseSettings) -> Iterator[dict[str, Json]]:
    """Return the accounts page by page: `id` and `email`. Raises: as `Tables.call` does."""
    for page in count(1):
        found = tables.lend(_USERS, partial(_page, settings, page))
        yield from found
        if not found:
            return


def _page(settings: SupabaseSettings, page: int, session: httpx.Client) -> list[dict[str, Json]]:
    # auto_refresh_token would start a timer, and there is no session to refresh.
    options = ClientOptions(httpx_client=session, auto_refresh_token=False, persist_session=False)
    client = Client(settings.url, settings.secret_key.reveal(), options)
    try:
        found = client.auth.admin.list_users(page=page, per_page=USERS_A_PAGE)
    except AuthError as error:
        raise _meaning(error) from error
    return [{"id": user.id, "email": user.email} for user in found]


def _meaning(error: AuthError) -> Exception:
    """Return what went wrong below an error of supabase-py: it keeps the cause, and has its own words."""
    cause = error.__cause__
    if isinstance(cause, httpx.HTTPStatusError):
        said = error.message if isinstance(error, AuthApiError) else cause.response.reason_phrase
        return refusal(_USERS, None, cause.response.status_code, said)
    if isinstance(cause, httpx.RequestError):
        return cause
    return StoreRefused("Supabase Auth returned no users: check SUPABASE_URL")
