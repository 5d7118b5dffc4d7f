"""Every error that plantpulse raises, sorted by what the caller should do about it.

    PlantpulseError
    ├── TransientError              try again: the same call may succeed later
    │   ├── SourceUnavailable       the plant's SQL Server could not be reached or did not answer in time
    │   ├── ChannelUnavailable      a channel of alerts could not be reached or was busy
    │   ├── PublisherUnavailable    a publisher of series could not be reached or did not answer
    │   │   └── PublisherBusy       it answered 429: nothing more is asked of it in this run
    │   ├── DeviceUnavailable       a machine's controller could not be reached, or its connection was lost
    │   │   └── DeviceTimedOut      it did not answer in time: its connection may not be used again
    │   ├── CloudUnavailable        the cloud's own services (scheduler, queue, topic) did not answer
    │   ├── SecretUnavailable       the cloud's secret store could not be reached or was busy
    │   ├── StoreUnavailable        Supabase could not be reached, was busy or timed out
    │   │   └── StatementTimedOut   one statement took longer than Supabase allows: fewer rows may not
    │   └── OutOfTime               the run has used up its time
    ├── Interrupted                 a person ended it: nothing repeats it, but a person may
    └── PermanentError              somebody must act: trying again changes nothing
        ├── ConfigurationError      a setting is missing or wrong
        │   ├── NotConfigured       a source has no settings: reported, not failed
        │   │   └── SwitchedOff     a schedule calls what is switched off: reported, not failed
        │   └── SecretRefused       a secret that the environment names is not available
        ├── InvalidRequest          the caller's request is malformed
        ├── Unauthenticated         the caller is unknown: sign in, or sign in again
        ├── Forbidden               the caller is known, but may not do this
        ├── SourceLoginFailed       SQL Server refused the login
        ├── SourceRefused           SQL Server refused the connection for good: TLS, database
        │   └── SourceTableDenied   the login may not read a table: an optional query can be left out
        ├── SourceSchemaMismatch    a table or column is missing, or a query returns other columns
        │   └── SourceTableMissing  a table is missing: an optional query can be left out
        ├── SourceQueryFailed       SQL Server refused a query for another reason
        │   └── SourceQueryUnexplained  its number and message are unknown
        ├── ChannelRefused          a channel of alerts refused for good: password, address, certificate
        ├── DeviceRefused           a machine's controller refused for good: user, address of the device
        ├── PublisherRefused        a publisher of series refused for good: key, area, span
        ├── UnreadableReply         a publisher's reply is not what its API promises
        ├── CloudRefused            the cloud's own services refused a call for good
        ├── StoreRefused            Supabase refused the call: key, grant, payload
        ├── FenceRefused            another run took over: this one may write nothing
        └── InternalError           a bug: no other error describes it

A malformed row is a value (`plant.readings.Rejected`), not an error. Vendor errors are translated where
they enter, and keep their cause (`raise ... from`). Messages say what failed, on what, and what to do; they
never contain a secret.
"""

from typing import ClassVar

LONGEST_QUOTATION = 300


def one_line(text: str, longest: int = LONGEST_QUOTATION) -> str:
    """Return a text of another system on one line, without control characters, and not too long to read."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


class PlantpulseError(Exception):
    """Base of all errors; `code` is the name in reports, logs and docs/operations.md."""

    code: ClassVar[str] = "plantpulse_error"
    is_retryable: ClassVar[bool] = False


class TransientError(PlantpulseError):
    """The same call may succeed later."""

    code = "transient_error"
    is_retryable = True


class Interrupted(PlantpulseError):
    """A person ended a run on the command line with Ctrl-C.

    The same call may succeed later, but nothing repeats it by itself, so it is no TransientError.
    """

    code = "interrupted"
    is_retryable = True


class PermanentError(PlantpulseError):
    """The same call fails again until somebody acts."""

    code = "permanent_error"


class SourceUnavailable(TransientError):
    """The plant's SQL Server could not be reached or did not answer in time."""

    code = "source_unavailable"


class SourceLocked(SourceUnavailable):
    """Another session held a lock on what a query reads; reported under its parent's code."""


class StoreUnavailable(TransientError):
    """Supabase could not be reached, was busy or timed out."""

    code = "store_unavailable"


class StatementTimedOut(StoreUnavailable):
    """One statement took longer than Supabase allows (57014); reported under its parent's code."""


class CloudUnavailable(TransientError):
    """The cloud's scheduler, queue or topic could not be reached or was busy."""

    code = "cloud_unavailable"


class ChannelUnavailable(TransientError):
    """A channel of alerts could not be reached, was busy or timed out; the message names the channel.

    `stopped_at` is the step that failed. `retry_after_s` is how long the other side wants to be left alone,
    None if it did not say. `is_perhaps_sent`: the message was handed over, and only the answer is missing.
    """

    code = "channel_unavailable"

    def __init__(
        self,
        message: str,
        *,
        stopped_at: str,
        retry_after_s: float | None = None,
        is_perhaps_sent: bool = False,
    ) -> None:
        super().__init__(message)
        self.stopped_at = stopped_at
        self.retry_after_s = retry_after_s
        self.is_perhaps_sent = is_perhaps_sent


class PublisherUnavailable(TransientError):
    """A publisher of series could not be reached, was busy or did not answer in time.

    `retry_after_s` is how long it wants to be left alone, None if it did not say.
    """

    code = "publisher_unavailable"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PublisherBusy(PublisherUnavailable):
    """A publisher of series answered 429: the run asks nothing more of it."""

    code = "publisher_busy"


class DeviceUnavailable(TransientError):
    """A machine's controller could not be reached, lost the connection, or answered what is no reply."""

    code = "device_unavailable"


class DeviceTimedOut(DeviceUnavailable):
    """A machine's controller did not answer in time; a late reply must not be taken for the next answer."""

    code = "device_timed_out"


class SecretUnavailable(TransientError):
    """The cloud's secret store could not be reached or was busy; the message names the variable."""

    code = "secret_unavailable"


class OutOfTime(TransientError):
    """The run used up its time before it could finish."""

    code = "out_of_time"


class ConfigurationError(PermanentError):
    """A setting is missing or wrong; the message names it and its allowed form, never its value."""

    code = "configuration_error"


class NotConfigured(ConfigurationError):
    """A source has no settings, so there is nothing to poll."""

    code = "not_configured"


class SwitchedOff(NotConfigured):
    """A pipeline is switched off in plantpulse.yaml and was called on schedule."""

    code = "switched_off"


class SecretRefused(ConfigurationError):
    """A secret that a variable names is missing, empty or denied; the message names the variable."""

    code = "secret_refused"


class InvalidRequest(PermanentError):
    """The caller's request is malformed; `field` names the wrong part, if there is one.

    `http_status` is the 4xx for HTTP.
    """

    code = "invalid_request"

    def __init__(self, message: str, *, field: str | None = None, http_status: int = 400) -> None:
        super().__init__(message)
        self.field = field
        self.http_status = http_status


class Unauthenticated(PermanentError):
    """Nobody vouches for the caller; `is_token_refused` says that a token was sent and is not valid."""

    code = "unauthenticated"
    http_status: ClassVar[int] = 401

    def __init__(self, message: str, *, is_token_refused: bool = False) -> None:
        super().__init__(message)
        self.is_token_refused = is_token_refused

    @property
    def challenge(self) -> str:
        """Return the value of `WWW-Authenticate`. Source: RFC 6750, section 3."""
        return 'Bearer error="invalid_token"' if self.is_token_refused else "Bearer"


class Forbidden(PermanentError):
    """The caller is known, but may not do this."""

    code = "forbidden"
    http_status: ClassVar[int] = 403


class SourceLoginFailed(PermanentError):
    """SQL Server refused the login (18456). Repeating it can lock the account."""

    code = "source_login_failed"


class SourceRefused(PermanentError):
    """SQL Server, or TLS in front of it, refused the connection for good."""

    code = "source_refused"


class SourceTableDenied(SourceRefused):
    """The login has no SELECT on a table that a query reads; reported under its parent's code."""


class SourceSchemaMismatch(PermanentError):
    """A query file and the plant's tables disagree; the message names file and column or table."""

    code = "source_schema_mismatch"


class SourceTableMissing(SourceSchemaMismatch):
    """A table that a query reads does not exist; reported under its parent's code."""


class SourceQueryFailed(PermanentError):
    """SQL Server refused a query for a permanent reason."""

    code = "source_query_failed"


class SourceQueryUnexplained(SourceQueryFailed):
    """A query was refused for an unknown reason; reported under its parent's code."""


class CloudRefused(PermanentError):
    """The cloud's scheduler, queue or topic refused: credentials, a missing permission, an unknown name."""

    code = "cloud_refused"


class DeviceRefused(PermanentError):
    """A machine's controller refused for good: the user, the certificate, or how it was asked."""

    code = "device_refused"


class PublisherRefused(PermanentError):
    """A publisher of series refused for good: wrong key, unknown area, span; no message has the key.

    `is_of_question`: it refused this one question, and may answer others.
    """

    code = "publisher_refused"

    def __init__(self, message: str, *, is_of_question: bool = False) -> None:
        super().__init__(message)
        self.is_of_question = is_of_question


class UnreadableReply(PermanentError):
    """A publisher's reply is not what its API promises; `reply` is its beginning, without secrets."""

    code = "unreadable_reply"

    def __init__(self, message: str, *, reply: str = "") -> None:
        super().__init__(message)
        self.reply = reply


class ChannelRefused(PermanentError):
    """A channel of alerts refused for good: login, address, certificate, message; the message names it.

    `stopped_at` is the step that failed.
    """

    code = "channel_refused"

    def __init__(self, message: str, *, stopped_at: str) -> None:
        super().__init__(message)
        self.stopped_at = stopped_at


class StoreRefused(PermanentError):
    """Supabase refused the call: wrong key, missing grant or migration, or a payload it rejects.

    `reason` is in words for people if a rule of ours refused it; None for anything else.
    """

    code = "store_refused"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class FenceRefused(PermanentError):
    """Another run took over the slot or the lease; this one may write nothing."""

    code = "fence_refused"


class InternalError(PermanentError):
    """A bug: no other error describes what happened."""

    code = "internal_error"
