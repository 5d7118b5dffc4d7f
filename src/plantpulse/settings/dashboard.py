"""Whether the board is deployed, and what its pages are told."""

from typing import Annotated

from plantpulse.late_dataclasses import dataclass
from plantpulse.published import address, domain, provider, public_key
from plantpulse.settings.section import Checked, Section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardSettings(Section):
    """The board as a function that serves its pages; everybody on the internet may read what stands here."""

    enabled: bool = setting(False, description="Whether the board is deployed as a function")
    publishable_key: Annotated[str, Checked(public_key)] | None = setting(
        None,
        description="The project's publishable key (sb_publishable_...), or its legacy anon key; no secret",
    )
    live_pulse_url: Annotated[str, Checked(address)] | None = setting(
        None, description="Where pages ask for a poll: the function of Live Pulse for browsers"
    )
    tags_url: Annotated[str, Checked(address)] | None = setting(
        None, description="Where pages have a group of machine tags read: the function of tags for browsers"
    )
    oauth_providers: tuple[Annotated[str, Checked(provider)], ...] = setting(
        (),
        description="OAuth providers of the project, such as azure or google: a button each for signing in",
    )
    sso_domain: Annotated[str, Checked(domain)] | None = setting(
        None, description="A domain of the project's single sign-on (SAML): a button for signing in"
    )

    def __post_init__(self) -> None:
        """Check that pages can have a key. Raises: ValueError."""
        if self.enabled and not self.publishable_key:
            raise ValueError("publishable_key: the board needs the project's publishable key")
