"""Calls that are answered without a run: what a job offers for them, and what it answers.

For what is asked so often that a run record of each call would bury the others. Such a call passes what
every call passes: its envelope, the check of its caller, settings, a time-out and the log. It has no schedule
and no lease; what has to be recorded of it, its job records.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, TypeVar

from plantpulse.entry.invocations import Invocation
from plantpulse.late_dataclasses import dataclass, field
from plantpulse.logs import Severity
from plantpulse.runs import Budget, Json
from plantpulse.settings import Settings

Store_contra = TypeVar("Store_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call without a run. The log line has `title` and `logged`, never the body.

    `error_code` is None for a success.
    """

    title: str
    body: Mapping[str, Json]
    http_status: int = HTTPStatus.OK
    error_code: str | None = None
    logged: Mapping[str, Json] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Return how loud the log is: a refusal is a warning, as the caller knows."""
        if self.error_code is None:
            return "INFO"
        return "ERROR" if self.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR else "WARNING"


class Question(Protocol[Store_contra]):
    """One such call, after its parameters were checked; nothing is asked of Supabase yet."""

    @property
    def plant(self) -> str: ...
    def start_budget(self) -> Budget: ...
    def answer(self, store: Store_contra, requested_by: str | None, budget: Budget) -> Reply:
        """Return the answer. Raises: PlantpulseError, which is answered as any error."""
        ...


class WithoutRun(Protocol[Store_contra]):
    """What a job answers without a run, beside its runs."""

    def takes(self, invocation: Invocation) -> bool:
        """Say whether a call is one of these; its parameters and its caller are unchecked."""
        ...

    def read(self, invocation: Invocation, settings: Settings) -> Question[Store_contra]:
        """Return the call's question. Raises: InvalidRequest, NotConfigured."""
        ...
