"""Machine tags: whether a plant's groups are polled, from where, and which devices may be reached."""

import json
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import Checked, Secret, Section, Whole, setting

# Private networks of both protocols. Never link-local: a cloud's own metadata service is there.
PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")

BURST_S: Final = 180  # a burst outlasts two deliveries that did not come; one with samples lasts longer
_BY_NAME: Final = '{"press": {"user": "...", "password": "..."}}'
_FORM: Final = (
    f"must be a JSON object of users and passwords by name, {_BY_NAME}; of several plants by plant and name, "
    f'{{"north": {_BY_NAME}}}'
)
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")  # as the column `credentials` of tag_groups


def _networks(written: tuple[str, ...]) -> tuple[str, ...]:
    for network in written:
        try:
            ip_network(network)
        except ValueError:
            raise ValueError("must be networks such as 10.20.0.0/16") from None
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user and a password, or a certificate and its key (both PEM), or all of them."""

    user: str | None = None
    password: str | None = None
    certificate: str | None = None
    private_key: str | None = None

    def __post_init__(self) -> None:
        """Raises: ValueError without the content."""
        pairs = ((self.user, self.password), (self.certificate, self.private_key))
        known = [one for pair in pairs for one in pair if one is not None]
        halves = any((one is None) != (other is None) for one, other in pairs)
        if halves or not known or not all(isinstance(one, str) and _is_text(one) for one in known):
            raise ValueError

    def __repr__(self) -> str:
        return "Login(…)"


def _is_text(written: str) -> bool:
    """Say whether it can be sent: JSON may have half a character (a lone surrogate)."""
    return not any("\ud800" <= letter <= "\udfff" for letter in written)


def logins_in(text: str) -> Mapping[str | None, Mapping[str, Login | None]]:
    """Return logins by plant and name; those that name no plant are under None.

    One that is no login is None: it keeps no other group from its own. Raises: ValueError without the
    content, if there is no object at all.
    """
    found = _json(text)
    if not isinstance(found, dict):
        raise ValueError(_FORM)
    plants = {
        plant: one for plant, one in found.items() if isinstance(one, dict) and _has(one.values(), dict)
    }
    own: dict[str | None, Mapping[str, Login | None]] = {
        plant: {name: _login(login) for name, login in logins.items()} for plant, logins in plants.items()
    }
    shared = {name: _login(login) for name, login in found.items() if name not in plants}
    return {**own, None: shared}


def check_logins(text: str) -> None:
    """Check what is to be deployed: its form, that each name is there once, and that groups can have it.

    A function takes more: what is wrong for one group must not keep the others from theirs.
    Raises: ValueError without the content.
    """
    if any(login is None for logins in logins_in(text).values() for login in logins.values()):
        raise ValueError(_FORM)
    found = json.loads(text, object_pairs_hook=list)
    plants = [one for _, one in found if _has((inner for _, inner in one), list)]
    for names in ([name for name, _ in pairs] for pairs in (found, *plants)):
        if len(set(names)) < len(names):
            raise ValueError("must have each name once")
        if not all(map(_NAME.fullmatch, names)):
            raise ValueError("must have names that groups can have: 1 to 80 letters, digits, _, . and -")


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _login(written: Any) -> Login | None:
    try:
        return Login(**written)
    except (ValueError, TypeError):
        return None


def _has(values: Iterable[object], kind: type) -> bool:
    """Say whether an object has others in it: then it is a plant, and no login."""
    return any(isinstance(one, kind) for one in values)


def _logins(secret: Secret) -> Secret:
    logins_in(secret.reveal())
    return secret


TagCredentials = Annotated[Secret, Checked(_logins)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsSettings(Section):
    """How a plant's groups of machine tags are polled. Which groups there are stands in Supabase."""

    enabled: bool = setting(True, description="Whether groups are polled on schedule; a trigger always works")
    runs_on: Literal["cloud", "edge"] = setting(
        "cloud",
        description="Who polls: the cloud's functions, or `plantpulse tags run` on a computer in the plant",
    )
    networks: Annotated[tuple[str, ...], Checked(_networks)] = setting(
        PRIVATE_NETWORKS,
        min_length=1,
        description="Networks in which devices may be; no others are connected to",
    )
    connect_timeout_s: Whole = setting(
        10, ge=1, le=30, description="How long a connection to a device may take, in seconds"
    )
    buffer_s: Whole = setting(
        300,
        ge=10,
        le=3600,
        description="How many seconds of samples a group keeps while Supabase cannot be reached; the oldest "
        "are dropped and counted. In the cloud no longer than `timeout_s` lets a burst wait",
    )
    timeout_s: Whole = setting(
        540,
        ge=120,
        le=900,
        description="A burst ends within this time, in seconds; it takes more than three minutes only while "
        "samples wait for Supabase",
    )
