"""What the pages are told of their project, and where they may connect to: from the environment alone.

Everybody on the internet may read it, so a key that is more than public is refused, whoever put it here.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

from plantpulse import __version__
from plantpulse.errors import ConfigurationError
from plantpulse.published import address, domain, providers, public_key

URL: Final = "SUPABASE_URL"
KEY: Final = "DASHBOARD_PUBLISHABLE_KEY"
PROVIDERS: Final = "DASHBOARD_OAUTH_PROVIDERS"
SSO_DOMAIN: Final = "DASHBOARD_SSO_DOMAIN"
# The functions that pages may call, by their names in config.js.
FUNCTIONS: Final[Mapping[str, str]] = {
    "live_pulse": "DASHBOARD_LIVE_PULSE_URL",
    "tags": "DASHBOARD_TAGS_URL",
}

CheckedT = TypeVar("CheckedT")


@dataclass(frozen=True)
class PageSettings:
    """Addresses and the public key; `functions` are addresses by name."""

    url: str
    key: str
    functions: Mapping[str, str]
    providers: Sequence[str] = ()
    sso_domain: str | None = None

    def script(self, build: str) -> str:
        """Return the text of config.js; `build` tells one build of the pages from another."""
        sign_in: dict[str, object] = {"providers": list(self.providers)}
        told = {
            "url": self.url,
            "key": self.key,
            "functions": dict(self.functions),
            "sign_in": sign_in | ({"sso_domain": self.sso_domain} if self.sso_domain else {}),
            "version": f"{__version__}+{build}",
        }
        return f"window.PLANTPULSE = {json.dumps(told, sort_keys=True)};\n"

    @property
    def connects_to(self) -> list[str]:
        """The origins that pages connect to, the project's WebSocket among them."""
        origin = origin_of(self.url)
        functions = sorted({origin_of(address) for address in self.functions.values()} - {origin})
        return [origin, re.sub("^http", "ws", origin), *functions]


def read_page_settings(environ: Mapping[str, str]) -> PageSettings:
    """Return what the environment says. Raises: ConfigurationError, which never quotes a key."""
    url = _checked(environ, URL, address)
    if urlsplit(url).path:
        raise ConfigurationError(f"{URL}: must have no path, as in https://<project>.supabase.co")
    given = {name: variable for name, variable in FUNCTIONS.items() if environ.get(variable, "").strip()}
    functions = {name: _checked(environ, variable, address) for name, variable in given.items()}
    return PageSettings(
        url,
        _checked(environ, KEY, public_key),
        functions,
        providers=_checked(environ, PROVIDERS, providers),
        sso_domain=_checked(environ, SSO_DOMAIN, domain) if environ.get(SSO_DOMAIN, "").strip() else None,
    )


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _checked(environ: Mapping[str, str], variable: str, check: Callable[[str], CheckedT]) -> CheckedT:
    try:
        return check(environ.get(variable, ""))
    except ValueError as error:
        raise ConfigurationError(f"{variable}: {error}") from None
