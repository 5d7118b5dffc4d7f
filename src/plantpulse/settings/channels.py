"""The channels that tell people of alerts: how to reach each, what it is told, and when.

Pure. A channel's one secret (an SMTP password, a webhook's address or key) comes from the environment.
"""

import re
from collections.abc import Mapping
from datetime import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from plantpulse.late_dataclasses import dataclass, fields
from plantpulse.settings.alerts import RULES, AlertSeverity
from plantpulse.settings.morning_report import TimeOfDay
from plantpulse.settings.plant import PlantKey
from plantpulse.settings.section import Checked, Prepared, Secret, Section, Whole, setting
from plantpulse.settings.web_addresses import web_address

CHANNEL_KEY: Final = "^[a-z][a-z0-9_]{0,39}$"
ChannelKind = Literal["email", "slack", "pagerduty", "webhook", "apprise", "sns", "healthchecks"]
Outcome = Literal["succeeded", "partial", "failed"]
Language = Literal["en", "de"]
Encryption = Literal["starttls", "tls", "off"]

_PORTS: Final[Mapping[str, int]] = {"starttls": 587, "tls": 465, "off": 25}
_OVER_HTTP: Final = ("ca_file", "allow_internal")
# What only some kinds have; what is not named here belongs to all of them.
FIELDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("host", "port", "encryption", "user", "sender", "to", "ca_file"),
    "slack": _OVER_HTTP,
    "pagerduty": ("url", *_OVER_HTTP),
    "webhook": ("url", *_OVER_HTTP),
    "apprise": ("allow_internal",),
    "sns": ("topic_arn",),
    "healthchecks": _OVER_HTTP,
}
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("host", "sender", "to"),
    "webhook": ("url",),
    "sns": ("topic_arn",),
}
_BY_SECRET: Final = frozenset({"slack", "pagerduty", "webhook", "apprise", "healthchecks"})
_ADDRESS: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
_WEBHOOK: Final = web_address("https://hooks.example.com/plantpulse")
_PAGERDUTY: Final = "https://events.pagerduty.com/v2/enqueue"


def _channel_key(key: object) -> str:
    """Return a channel's name if variables and rows can use it."""
    if isinstance(key, str) and re.fullmatch(CHANNEL_KEY, key):
        return key
    raise ValueError(
        "a channel's name has 1 to 40 characters, a to z, 0 to 9 and _, and begins with a letter"
    )


ChannelKey = Annotated[str, Prepared(_channel_key)]


def mail_address(text: str) -> str:
    """Return a mail address, with or without a name before it: `Plant <alerts@example.com>`."""
    if text.isprintable() and re.fullmatch(rf"{_ADDRESS}|[^<>@]*<{_ADDRESS}>", text):
        return text
    raise ValueError("must be a mail address such as alerts@example.com or Plant <alerts@example.com>")


def _host(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9.:_-]+", text):
        return text
    raise ValueError("must be a host name or an address, without a port")


def _topic_arn(text: str) -> str:
    if re.fullmatch(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+", text):
        return text
    raise ValueError("must be a standard topic's ARN, arn:aws:sns:<region>:<account>:<name>")


def _rule(pattern: str) -> str:
    if any(fnmatchcase(rule, pattern) for rule in RULES):
        return pattern
    raise ValueError(
        f"must be the name of a rule, also with a star such as run_*; the rules are {', '.join(RULES)}"
    )


def _off_as_written(value: Any) -> Any:
    """Return `off` for false: YAML 1.1 reads an unquoted `off` as false."""
    return "off" if value is False else value


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours(Section):
    """When a channel is told nothing but what is critical, in plant time; they may span midnight."""

    starts_at: TimeOfDay = setting(description="When the quiet hours begin, such as 22:00")
    ends_at: TimeOfDay = setting(description="When they end, such as 06:00")

    def __post_init__(self) -> None:
        if self.starts_at == self.ends_at:
            raise ValueError("starts_at and ends_at must differ")

    def cover(self, local: time) -> bool:
        """Say whether a time of a plant's day is in the quiet hours; the end is not."""
        starts_at, ends_at = time.fromisoformat(self.starts_at), time.fromisoformat(self.ends_at)
        if starts_at < ends_at:
            return starts_at <= local < ends_at
        return local >= starts_at or local < ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings(Section):
    """One channel: how to reach it, what it is told, and when."""

    kind: ChannelKind = setting(description="What the channel is; decides which other settings it has")
    enabled: bool = setting(True, description="Whether the channel is told anything")
    host: Annotated[str, Checked(_host)] | None = setting(None, description="email: the SMTP server")
    port: Whole | None = setting(
        None, ge=1, le=65535, description="email: TCP port; 587, with tls 465, with off 25"
    )
    encryption: Annotated[Encryption, Prepared(_off_as_written)] = setting(
        "starttls",
        description="email: starttls begins in plain text and then insists on TLS, tls is TLS from "
        "the start, off is for a relay in the plant that wants no login",
    )
    user: str | None = setting(None, min_length=1, description="email: login; nothing logs in without one")
    sender: Annotated[str, Checked(mail_address)] | None = setting(
        None, description="email: who mails come from, such as Plant <alerts@example.com>"
    )
    to: tuple[Annotated[str, Checked(mail_address)], ...] = setting(
        (), description="email: who receives mails"
    )
    url: Annotated[str, Checked(_WEBHOOK)] | None = setting(
        None, description="webhook: where to post; pagerduty: another address than the one in the US"
    )
    topic_arn: Annotated[str, Checked(_topic_arn)] | None = setting(None, description="sns: ARN of the topic")
    ca_file: Path | None = setting(
        None,
        description="email, slack, webhook, pagerduty, healthchecks: PEM file of the authority behind the "
        "server's certificate, instead of the public ones",
    )
    allow_internal: bool = setting(
        False, description="Whether the channel may post to an address of a private network, or without TLS"
    )
    least_severity: AlertSeverity = setting("warning", description="The least severity that it is told of")
    plants: tuple[PlantKey, ...] = setting((), description="Plants that it is told of; all if empty")
    rules: tuple[Annotated[str, Checked(_rule)], ...] = setting(
        (), description="Rules that it is told of, also with a star such as run_*; all if empty"
    )
    outcomes: tuple[Outcome, ...] = setting(
        ("partial", "failed"), description="Ends of a run that it is told of: succeeded, partial, failed"
    )
    quiet_hours: QuietHours | None = setting(
        None, description="When it is told nothing but what is critical, in plant time"
    )
    language: Language = setting("en", description="Language of its messages")
    most_per_hour: Whole = setting(
        30,
        ge=1,
        le=1000,
        description="Most messages an hour; the last one is a digest, and only incidents go beyond it",
    )
    repeat_hours: Whole = setting(
        4, ge=1, le=168, description="Hours until an alert that is still open is told again"
    )
    secret: Secret | None = setting(None, description="The channel's secret; only from the environment")

    def __post_init__(self) -> None:
        """Check rules about several settings. Raises: ValueError."""
        if self.kind != "email":
            return
        if self.user and self.encryption == "off":
            raise ValueError("a login needs TLS: set encryption to starttls or tls, or remove user")
        if self.ca_file and self.encryption == "off":
            raise ValueError("ca_file needs TLS: set encryption to starttls or tls")

    @property
    def is_configured(self) -> bool:
        """Say whether the channel has the secret that it needs."""
        return self.secret is not None or not self.needs_secret

    @property
    def needs_secret(self) -> bool:
        """Say whether the channel cannot be used without a secret."""
        return self.kind in _BY_SECRET or self.user is not None

    @property
    def is_told(self) -> bool:
        """Say whether the channel is told of alerts: a dead man's switch only hears that health is there."""
        return self.enabled and self.kind != "healthchecks"

    @property
    def smtp_port(self) -> int:
        """Return the port of a mail channel's server."""
        return self.port or _PORTS[self.encryption]

    @property
    def target_url(self) -> str:
        """Return where a channel with an address in the file, or with a known one, posts to."""
        return self.url or _PAGERDUTY


def _of_its_kind(tree: Any) -> Any:
    """Return a written channel whose settings fit its kind. Raises: ValueError naming the allowed ones."""
    kind = tree.get("kind") if isinstance(tree, Mapping) else None
    if not isinstance(kind, str) or kind not in FIELDS_OF:
        return tree  # the rules of the fields say what is wrong
    allowed = _allowed_for(kind)
    if unknown := sorted(str(name) for name in tree if name not in allowed and name != "secret"):
        raise ValueError(f"{unknown[0]} is no setting of the kind {kind}; it has {', '.join(allowed)}")
    if missing := [name for name in _NEEDED.get(kind, ()) if not tree.get(name)]:
        raise ValueError(f"the kind {kind} needs {', '.join(missing)}")
    return tree


def _allowed_for(kind: str) -> list[str]:
    of_some_kinds = {name for names in FIELDS_OF.values() for name in names}
    names = [field.name for field in fields(ChannelSettings) if field.name != "secret"]
    return [name for name in names if name not in of_some_kinds or name in FIELDS_OF[kind]]


Channel = Annotated[ChannelSettings, Prepared(_of_its_kind)]
