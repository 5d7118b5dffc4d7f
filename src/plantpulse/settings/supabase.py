"""Where state and data are kept."""

import re
from dataclasses import dataclass
from typing import Annotated

from plantpulse.settings.section import Checked, Secret, Section, setting

SHORTEST_KEY = 20
SHORTEST_JWT_SECRET = 32


def _project_url(url: str) -> str:
    if re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]*[A-Za-z0-9\]](:[0-9]{1,5})?", url):
        return url
    raise ValueError("must be the project's URL without a path, such as https://abc.supabase.co")


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
