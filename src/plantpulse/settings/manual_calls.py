"""Who may ask for a run over HTTP."""

from typing import Annotated, Literal

from pydantic import Field

from plantpulse.settings.section import Section


class ManualCallsSettings(Section):
    """Who may ask for a run over HTTP."""

    accept: Literal["platform", "supabase_user"] = Field(
        "platform",
        description="Who vouches for the caller: the cloud's own access control, or a Supabase user's token",
    )
    allowed_origins: tuple[Annotated[str, Field(pattern=r"^https?://[^/\s]+$")], ...] = Field(
        (), description="Web pages that may call from a browser, such as https://pulse.example.com"
    )
    cloud_run_service: str | None = Field(
        None, exclude=True, description="Set by Cloud Run itself, where nobody may be unknown"
    )
