"""Teams, Discord, ntfy, Telegram and a hundred other services, through Apprise.

Apprise runs in a process of its own, this module called as a program: it cannot be given a deadline, keeps
40 MB once it is imported, and logs secrets when somebody turns on debug logs. The process gets the URL of the
service on its stdin, is killed when time is up, and takes all of that with it. Inside, no redirect is
followed, and a connection to an internal address is refused at the moment it is made.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from datetime import UTC, datetime
from typing import Any, Final

from plantpulse.alerts.channels.addresses import is_internal
from plantpulse.alerts.channels.channel import SecondsLeft, Step, cut, failed, within_s
from plantpulse.alerts.channels.verdicts import judge
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.settings import ChannelSettings
from plantpulse.settings.secret_variables import channel_secret_variable

Json = Any

_LONGEST_TITLE, _LONGEST_TEXT = 250, 20_000
# The process finds modules where this one does: in a bundle, that is in no variable.
_PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[2:]; import runpy; runpy.run_module(sys.argv[1], run_name='__main__')"
)
_CALLS: Final = re.compile(r"@(?=everyone|here|channel|all\b|[!&]?\d)")
_KINDS: Final = {"good": "success", "warning": "warning", "danger": "failure"}


class Apprise:
    """A channel of a service that Apprise knows; its URL says which."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self._name = name
        self._variable = channel_secret_variable(name)
        self._url = settings.secret.reveal() if settings.secret else ""
        self._allow_internal = settings.allow_internal

    def send(self, notice: Notice, seconds_left: SecondsLeft, /) -> Delivery:
        """Send one notice. Raises: ChannelUnavailable, ChannelRefused."""
        text = cut(notice.text, _LONGEST_TEXT) + (f"\n\n{notice.link}" if notice.link else "")
        title = cut(notice.title, _LONGEST_TITLE)
        message = {"title": quiet(title), "text": quiet(text), "kind": _KINDS[notice.color]}
        result = self._run(message, within_s(seconds_left))
        if not result.get("is_sent"):
            raise self._error(result)
        return Delivery()

    def probe(self, seconds_left: SecondsLeft, /) -> Sequence[Step]:
        """Return whether Apprise knows the service of the URL; it cannot tell more without sending."""
        try:
            result = self._run(None, within_s(seconds_left))
            if error := self._setting_error(result):
                raise error
        except (ChannelRefused, ChannelUnavailable) as error:
            return [failed(error)]
        return [Step("settings", "ok", f"Apprise knows the service: {result['service']}")]

    def _run(self, message: Json, time_s: float) -> Mapping[str, Json]:
        """Return what the process answers. Raises: ChannelUnavailable when time is up, or it dies."""
        request = {"url": self._url, "message": message, "allow_internal": self._allow_internal}
        try:
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, __name__, *sys.path],
                input=json.dumps(request).encode(),
                capture_output=True,
                timeout=time_s,
                check=False,
            )
            answer: Mapping[str, Json] = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            raise self._unavailable(f"the service did not answer within {time_s:.1f} s") from None
        except (OSError, ValueError):
            raise self._unavailable("Apprise ended without an answer") from None
        return answer

    def _error(self, result: Mapping[str, Json]) -> ChannelUnavailable | ChannelRefused:
        """Return why a notice was not sent."""
        if error := self._setting_error(result):
            return error
        if inside := result.get("internal"):
            words = f"the service is at {inside}, an address of a private network"
            return self._refused("dns", f"{words}: check {self._variable}, or set allow_internal: true")
        answer = result.get("answer")
        verdict = judge(answer["status"], "", answer["headers"], datetime.now(UTC)) if answer else None
        if verdict is None:
            return self._unavailable(f"{result['service']} was not reached, or took nothing")
        words = f"{result['service']} {verdict.words}"
        if verdict.is_transient:
            return self._unavailable(words, verdict.retry_after_s)
        return self._refused("send", f"{words}: check {self._variable}")

    def _setting_error(self, result: Mapping[str, Json]) -> ChannelRefused | None:
        if result.get("is_missing"):
            return self._refused("settings", "Apprise is not installed: `pip install apprise`")
        if not result.get("service"):
            return self._refused("settings", f"Apprise does not know the service in {self._variable}")
        return None

    def _unavailable(self, words: str, retry_after_s: float | None = None) -> ChannelUnavailable:
        told = f"channel {self._name}: {words}"
        return ChannelUnavailable(told, stopped_at="send", retry_after_s=retry_after_s)

    def _refused(self, step: str, words: str) -> ChannelRefused:
        return ChannelRefused(f"channel {self._name}: {words}", stopped_at=step)


def quiet(text: str) -> str:
    """Return a text that calls nobody: an asset may be named @everyone."""
    return _CALLS.sub("@\u200b", text)


def _answer(request: Mapping[str, Json]) -> dict[str, Json]:
    """Return the result of a request, in the process that is Apprise's own."""
    try:
        import apprise  # noqa: PLC0415 - only that process pays for it
        import requests  # noqa: PLC0415 - as above
    except ImportError:
        return {"is_missing": True}
    told: dict[str, Json] = {}
    asset = apprise.AppriseAsset(http_redirects=False, async_mode=False, storage_mode="memory")
    service = apprise.Apprise.instantiate(request["url"], asset=asset)
    if service is None:
        return {}
    service.redirects = False  # the URL may ask for them, and for TLS with anybody
    service.verify_certificate = service.verify_certificate or not request["allow_internal"]
    told["service"] = str(service.service_name)
    if message := request["message"]:
        if not request["allow_internal"]:
            _refuse_internal(told)
        _note_answers(requests, told)
        told["is_sent"] = _notify(apprise, service, message)
    return told


def _notify(apprise: Any, service: Any, message: Mapping[str, str]) -> bool:
    """Send a message as plain text: Telegram and others read HTML, and refuse what is none (`< 5 min`)."""
    sender = apprise.Apprise(asset=service.asset)
    sender.add(service)
    with suppress(Exception):  # whatever a plugin raises, nothing was sent for certain
        return bool(
            sender.notify(
                title=message["title"],
                body=message["text"],
                notify_type=message["kind"],
                body_format=apprise.NotifyFormat.TEXT,
            )
        )
    return False


def _refuse_internal(told: dict[str, Json]) -> None:
    """Refuse connections to internal addresses; Python tells of each before it is made."""

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "socket.connect":
            return
        address = arguments[1]
        if not isinstance(address, tuple) or is_internal(str(address[0])):
            told["internal"] = str(address[0]) if isinstance(address, tuple) else "this machine"
            raise ConnectionRefusedError

    sys.addaudithook(look)


def _note_answers(requests: Any, told: dict[str, Json]) -> None:
    """Note the status of the last HTTP answer, as Apprise says only whether it liked it; use no proxy."""
    send = requests.Session.send

    def noted(session: Any, request: Any, **options: Any) -> Any:
        answer = send(session, request, **options | {"allow_redirects": False, "proxies": {}})
        headers = {name: answer.headers.get(name, "") for name in ("Retry-After", "Date")}
        told["answer"] = {"status": answer.status_code, "headers": headers}
        return answer

    requests.Session.send = noted


if __name__ == "__main__":
    import logging

    logging.disable(logging.CRITICAL)  # Apprise logs URLs, and they are secrets
    with redirect_stdout(sys.stderr):  # what a plugin prints is no part of the answer
        answer = _answer(json.load(sys.stdin))
    print(json.dumps(answer))  # noqa: T201 - for the other process
