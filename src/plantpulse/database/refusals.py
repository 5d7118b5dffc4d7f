"""What a refusal of Supabase's Data API means: whether another try can help, and what to do. Pure."""

import re
from typing import Final

from plantpulse.errors import (
    PlantpulseError,
    StatementTimedOut,
    StoreRefused,
    StoreUnavailable,
    one_line,
)

# Beside the classes: an asset that was deleted meanwhile (23503), a database that is read-only for a while
# (25006), a lock that was not to be had (55P03).
_TRANSIENT_SQLSTATES: Final = ("08", "40", "53", "57", "23503", "25006", "55P03")
_TRANSIENT_POSTGREST_CODES: Final = ("PGRST000", "PGRST001", "PGRST002", "PGRST003")
_TRANSIENT_HTTP: Final = (408, 425, 429)  # beside all from 500, which speak of servers and gateways
_RULES_OF_OURS: Final = ("P0001", "PT409")  # raised by our SQL functions and triggers
_PAUSED_HTTP: Final = 540
_STATEMENT_TIMED_OUT: Final = "57014"
_LONGEST_CODE: Final = 20  # whatever a gateway writes there
_SQLSTATE: Final = re.compile(r"[0-9A-Z]{5}")

_ADVICE: Final = {
    "42501": "the key lacks a grant: use the secret key, and apply the newest migrations",
    "PGRST202": "the SQL function is missing: apply the newest migrations",
    "PGRST301": "the key was refused: check SUPABASE_SECRET_KEY",
}


def refusal(function: str, code: str | None, http_status: int, message: str) -> PlantpulseError:
    """Return the error for a refused call.

    The code in the body decides (SQLSTATE or PostgREST's own), because the HTTP status does not say whether
    another try can help. Without a code the status decides. `message` is the server's message without its
    details, which may quote a row. The messages of SQLSTATE class 22 quote the value itself.
    """
    quotes_a_value = bool(code and _SQLSTATE.fullmatch(code) and code.startswith("22"))
    words = "a value does not fit its column" if quotes_a_value else one_line(message)
    shown = one_line(code or "", _LONGEST_CODE) or "HTTP"
    told = f"Supabase refused {function}: {words or 'no reason given'} ({shown} {http_status})"
    if code == _STATEMENT_TIMED_OUT:
        return StatementTimedOut(told)
    if _is_transient(code, http_status):
        return StoreUnavailable(told)
    advice = _ADVICE.get(code or "")
    if advice is None and http_status in {401, 403, 404}:
        advice = "check SUPABASE_URL and SUPABASE_SECRET_KEY"
    if http_status == _PAUSED_HTTP:
        advice = "the project is paused: restore it in Supabase's dashboard"
    reason = words if code in _RULES_OF_OURS else None
    return StoreRefused(f"{told}; {advice}" if advice else told, reason=reason)


def unreadable(what: str) -> StoreRefused:
    """Return the error for an answer that is no JSON, or none that can be read."""
    return StoreRefused(f"Supabase returned no JSON that can be read for {what}: check SUPABASE_URL")


def cut_off(what: str) -> StoreUnavailable:
    """Return the error for an answer of which only the begin came, or nothing: it may have been done."""
    return StoreUnavailable(f"Supabase's answer to {what} breaks off")


def _is_transient(code: str | None, http_status: int) -> bool:
    if code in _TRANSIENT_POSTGREST_CODES:
        return True
    if code and _SQLSTATE.fullmatch(code):
        return code.startswith(_TRANSIENT_SQLSTATES)
    if code and code.startswith("PGRST"):
        return False
    return http_status in _TRANSIENT_HTTP or (http_status >= 500 and http_status != _PAUSED_HTTP)
