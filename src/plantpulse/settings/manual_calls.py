"""Who may ask for a run over HTTP."""

import re
from typing import Annotated, Literal

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import Checked, Section, setting


def _origin(text: str) -> str:
    if re.fullmatch(r"https?://[^/\s]+", text):
        return text
    raise ValueError("must be an origin without a path, such as https://pulse.example.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualCallsSettings(Section):
    """Who may ask for a run over HTTP."""

    accept: Literal["platform", "supabase_user"] = setting(
        "platform",
        description="Who vouches for a caller: the cloud platform, or the token of a Supabase user",
    )
    allowed_origins: tuple[Annotated[str, Checked(_origin)], ...] = setting(
        (), description="Web pages that may call from a browser, such as https://pulse.example.com"
    )
    cloud_run_service: str | None = setting(
        None, exclude=True, description="Set by Cloud Run itself, where every caller must be known"
    )
