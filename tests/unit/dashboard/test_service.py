"""The board as a function of either cloud."""

import base64
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from plantpulse.dashboard.service import DashboardService

PROJECT = {"SUPABASE_URL": "https://abc.supabase.co", "DASHBOARD_PUBLISHABLE_KEY": "sb_publishable_abc"}


@dataclass
class FlaskRequest:
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: io.BytesIO = field(default_factory=io.BytesIO)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pages = tmp_path / "dashboard"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (pages / "assets" / "index-1a.js").write_text("let x = 1\n" * 100, encoding="utf-8")
    (pages / ".env").write_text("SECRET=1", encoding="utf-8")
    (tmp_path / "main.py").write_text("import os", encoding="utf-8")
    (pages / "link.html").symlink_to(tmp_path / "main.py")
    return pages


@pytest.fixture
def service(folder: Path) -> DashboardService:
    return DashboardService(folder, PROJECT)


def url_event(path: str = "/", method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"rawPath": path, "requestContext": {"http": {"method": method}}, "headers": {}, **more}


def test_a_page_is_served_over_http(service: DashboardService) -> None:
    body, status, headers = service.http(FlaskRequest())

    assert (body, status) == (b"<!doctype html>", 200)
    assert "https://abc.supabase.co wss://abc.supabase.co" in headers["Content-Security-Policy"]


def test_a_page_is_served_by_a_function_url_as_base64(service: DashboardService) -> None:
    answer = service.event(url_event("/assets/index-1a.js", headers={"Accept-Encoding": "gzip"}))

    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert gzip.decompress(base64.b64decode(answer["body"])) == b"let x = 1\n" * 100
    json.dumps(answer)


def test_the_head_of_a_page_has_no_body(service: DashboardService) -> None:
    answer = service.event(url_event(method="HEAD"))

    assert (answer["statusCode"], answer["body"]) == (200, "")


def test_the_settings_of_the_environment_win_over_a_file_of_that_name(
    folder: Path, service: DashboardService
) -> None:
    (folder / "config.js").write_text("window.PLANTPULSE = {key: 'stale'}", encoding="utf-8")

    body, status, headers = service.http(FlaskRequest(path="/config.js"))

    assert status == 200
    assert b'"key": "sb_publishable_abc"' in body
    assert b"stale" not in body
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/.env", "/link.html", "/../main.py", "/%2e%2e/main.py", "/assets/%2e%2e/%2e%2e/main.py", "/main.py"],
)
def test_nothing_beside_the_pages_is_served(service: DashboardService, path: str) -> None:
    assert service.http(FlaskRequest(path=path))[1] == 404
    assert service.event(url_event(path))["statusCode"] == 404


@pytest.mark.parametrize("key", ["sb_secret_abc", ""])
def test_a_wrong_key_serves_nothing_and_is_logged_once_without_the_key(
    folder: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    service = DashboardService(folder, PROJECT | {"DASHBOARD_PUBLISHABLE_KEY": key})

    answers = [service.http(FlaskRequest(path=path)) for path in ("/", "/config.js", "/")]

    assert [status for _, status, _ in answers] == [503, 503, 503]
    assert {body for body, _, _ in answers} == {b"The board is not configured; its log says why\n"}
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["severity"] == "ERROR"
    assert "DASHBOARD_PUBLISHABLE_KEY" in json.loads(line)["reason"]
    assert "sb_secret_abc" not in line


def test_pages_that_were_never_built_are_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert DashboardService(tmp_path, PROJECT).http(FlaskRequest())[1] == 503

    assert "run `make dashboard`" in capsys.readouterr().out


def test_the_pages_may_be_in_another_folder(folder: Path, tmp_path: Path) -> None:
    service = DashboardService(tmp_path / "nowhere", PROJECT | {"DASHBOARD_FOLDER": str(folder)})

    assert service.http(FlaskRequest())[1] == 200


@pytest.mark.parametrize("event", [{}, {"requestContext": None}, {"scheduled_time": "now"}, [], "text"])
def test_an_event_that_is_no_request_is_told_so(service: DashboardService, event: Any) -> None:
    assert service.event(event)["statusCode"] == 400


@pytest.mark.parametrize(
    "event",
    [
        url_event("/%ff%00"),
        url_event("/" + "a" * 100_000),
        url_event(headers=None),
        url_event(rawPath=None),
        url_event(headers=["hostile"]),
        url_event(headers={"Accept-Encoding": 7}),
    ],
)
def test_a_hostile_request_is_answered(service: DashboardService, event: dict[str, Any]) -> None:
    assert service.event(event)["statusCode"] in (200, 404)


def test_a_body_is_read_and_dropped(service: DashboardService) -> None:
    stream = io.BytesIO(b"x" * 1_000_000)

    assert service.http(FlaskRequest("POST", stream=stream))[1] == 405
    assert stream.read() == b""


def test_a_mistake_of_our_own_shows_no_stack_trace(
    service: DashboardService, capsys: pytest.CaptureFixture[str]
) -> None:
    body, status, _ = service.http(FlaskRequest(path=7))  # type: ignore[arg-type] # a fault

    assert (body, status) == (b"Something went wrong; the log says what\n", 500)
    assert json.loads(capsys.readouterr().out)["reason"] == "AttributeError"
