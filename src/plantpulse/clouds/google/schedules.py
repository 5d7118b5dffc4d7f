"""Google Cloud, through its official client: the schedules of Cloud Scheduler.

The only module that knows Google's SDK; the extra `gcp` installs it. It uses the REST transport, which needs
no gRPC connection and works with proxies.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from plantpulse.clouds.schedules import Schedule
from plantpulse.errors import CloudRefused, CloudUnavailable, ConfigurationError

try:
    import google.auth
    from google.api_core.exceptions import GoogleAPICallError, RetryError, ServerError, TooManyRequests
    from google.auth.credentials import Credentials
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.cloud.scheduler_v1 import CloudSchedulerClient, Job
    from requests.exceptions import RequestException
except ImportError as error:
    told = "google-cloud-scheduler is not installed: `pip install 'plantpulse[gcp]'`"
    raise ConfigurationError(told) from error

_TIMEOUT_S: Final = 10.0
_PASSING: Final = (RequestException, RetryError, ServerError, TooManyRequests, TransportError)
_ADVICE: Final = {
    401: "log in: `gcloud auth application-default login`",
    403: "the identity needs roles/cloudscheduler.admin; to read only, roles/cloudscheduler.viewer",
    404: "check the project, the region and the name of the deployment",
}
# The numbers of google.rpc.Code for the end of a job's last attempt.
_CODES: Final = {0: "OK", 4: "DEADLINE_EXCEEDED", 7: "PERMISSION_DENIED", 13: "INTERNAL", 14: "UNAVAILABLE"}

Result = TypeVar("Result")


class GoogleSchedules:
    """The jobs of one deployment: their names begin with its name, and they call as its scheduler.

    The name alone is not enough: `plantpulse-2-cleanup` may belong to another deployment.
    """

    def __init__(
        self,
        *,
        project: str,
        region: str,
        deployment: str,
        credentials: Credentials | None = None,
        endpoint: str | None = None,
    ) -> None:
        """Prepare the client without a connection. `endpoint` is a server other than Google's.

        Raises: CloudRefused without credentials.
        """
        self._parent = f"projects/{project}/locations/{region}"
        self._prefix = f"{self._parent}/jobs/{deployment}-"
        self._caller = f"{deployment}-scheduler@"
        with _translated():
            self._client = CloudSchedulerClient(
                credentials=credentials or google.auth.default()[0],
                transport="rest",
                client_options={"api_endpoint": endpoint} if endpoint else None,
            )

    def all(self) -> list[Schedule]:
        """Return the deployment's schedules by name. Raises: CloudUnavailable, CloudRefused."""
        with _translated():
            jobs = list(self._client.list_jobs(parent=self._parent, retry=None, timeout=_TIMEOUT_S))
        return sorted(
            (self._schedule(job) for job in jobs if self._is_own(job)), key=lambda schedule: schedule.name
        )

    def stop(self, name: str) -> None:
        """Stop a schedule. Raises: CloudUnavailable, CloudRefused."""
        self._call(self._client.pause_job, name)

    def start(self, name: str) -> None:
        """Start a stopped schedule. Raises: CloudUnavailable, CloudRefused."""
        self._call(self._client.resume_job, name)

    def run_now(self, name: str) -> None:
        """Call the function now. Raises: CloudUnavailable, CloudRefused."""
        self._call(self._client.run_job, name)

    def _call(self, method: Callable[..., Job], name: str) -> None:
        with _translated():
            method(name=self._prefix + name, retry=None, timeout=_TIMEOUT_S)

    def _is_own(self, job: Job) -> bool:
        caller = job.http_target.oidc_token.service_account_email
        return job.name.startswith(self._prefix) and caller.startswith(self._caller)

    def _schedule(self, job: Job) -> Schedule:
        is_running = job.state == Job.State.ENABLED
        code = job.status.code if job.last_attempt_time else None
        return Schedule(
            name=job.name.removeprefix(self._prefix),
            expression=job.schedule,
            time_zone=job.time_zone,
            is_running=is_running,
            next_run_at=_instant(job.schedule_time) if is_running else None,
            last_attempt_at=_instant(job.last_attempt_time),
            last_code=None if code is None else _CODES.get(code, str(code)),
        )


def _instant(stamp: Any) -> datetime | None:
    """Return a protobuf timestamp as aware UTC, without its nanoseconds."""
    return datetime.fromtimestamp(stamp.timestamp(), tz=stamp.tzinfo) if stamp else None


@contextmanager
def _translated() -> Iterator[None]:
    """Raises: CloudUnavailable, CloudRefused for errors of Google's client, which stay in the cause."""
    try:
        yield
    except _PASSING as error:
        raise CloudUnavailable(f"Cloud Scheduler did not answer ({type(error).__name__})") from error
    except GoogleAuthError as error:
        raise CloudRefused(f"there are no credentials for Google Cloud; {_ADVICE[401]}") from error
    except GoogleAPICallError as error:
        advice = _ADVICE.get(int(error.code or 0))
        told = f"Cloud Scheduler refused ({type(error).__name__})"
        raise CloudRefused(f"{told}: {advice}" if advice else told) from error
