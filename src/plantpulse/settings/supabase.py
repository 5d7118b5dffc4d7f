"""Where state and data are kept."""

import re
import socket
from typing import Annotated

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import Checked, Secret, Section, setting

SHORTEST_KEY = 20
SHORTEST_JWT_SECRET = 32


LARGEST_PORT = 65_535
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PROJECT_URL = rf"https?://({_LABEL}(\.{_LABEL})*|\[(?P<address>[0-9A-Fa-f:.]+)\])(:(?P<port>[0-9]{{1,5}}))?"


def _project_url(url: str) -> str:
    found = re.fullmatch(_PROJECT_URL, url)
    if found and int(found["port"] or 0) <= LARGEST_PORT and _is_address(found["address"]):
        return url
    raise ValueError("must be the project's URL without a path, such as https://abc.supabase.co")


def _is_address(text: str | None) -> bool:
    """Say whether the text in brackets is an IPv6 address; without brackets there is none to check."""
    try:
        return text is None or bool(socket.inet_pton(socket.AF_INET6, text))
    except OSError:
        return False


def _key(key: Secret) -> Secret:
    text = key.reveal()
    if len(text) < SHORTEST_KEY or not (text.isascii() and text.isprintable()):
        raise ValueError(f"must be printable ASCII without line breaks, at least {SHORTEST_KEY} characters")
    return key


def _jwt_secret(secret: Secret) -> Secret:
    if len(secret.reveal()) < SHORTEST_JWT_SECRET:
        raise ValueError(f"must have at least {SHORTEST_JWT_SECRET} characters")
    return secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SupabaseSettings(Section):
    """Where state and data are kept. From the environment alone."""

    url: Annotated[str, Checked(_project_url)] = setting(description="Project URL without a path")
    secret_key: Annotated[Secret, Checked(_key)] = setting(
        description="sb_secret_... or a legacy service_role key"
    )
    jwt_secret: Annotated[Secret, Checked(_jwt_secret)] | None = setting(
        None, description="Legacy secret that signs users' tokens; none with signing keys"
    )
