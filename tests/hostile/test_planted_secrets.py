"""Secrets that can be recognised, looked for wherever something goes wrong: in no answer, log, row or bundle.

Everything that a secret opens refuses it here, and says it again: a server that logs a request in its answer
must not bring a secret into ours. More of this: tests/series/sources/test_http.py, tests/alerts,
tests/infra/test_deploy.py (what a deployment passes on) and tests/alerts/test_apprise.py (process lists).
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import psycopg
import pytest

from bundle.targets import REPOSITORY
from devstack.access import SupabaseAccess
from plantpulse.cli.main import main as command_line
from tests.conftest import SqlServerUnderTest
from tests.hostile.calls import Request, main_of
from tests.patience import ENDS_S

# Nothing that anybody would write by accident; each has its own name in it.
MARK: Final = "pLaNtEd"
SETTINGS: Final = """\
plants:
  north:
    time_zone: UTC
    sql_server: {{host: {host}, port: {sql_port}, user: {user}, database: {database}, encryption: "off"}}
tags: {{networks: [127.0.0.0/8], connect_timeout_s: 1}}
series:
  areas: {{NL: {{}}}}
  kinds: [load]
  entsoe: {{url: "{web}"}}
  eia: {{url: "{web}"}}
  fred: {{url: "{web}"}}
  yahoo: {{url: "{web}"}}
channels:
  office: {{kind: email, host: 127.0.0.1, port: 9, user: ada, sender: a@x.example, to: [b@x.example]}}
  team: {{kind: slack, allow_internal: true}}
  hook: {{kind: webhook, url: "{web}/hook", allow_internal: true}}
  duty: {{kind: pagerduty, url: "{web}/duty", allow_internal: true}}
  watchdog: {{kind: healthchecks, allow_internal: true}}
"""


def secrets_of(web: str) -> Mapping[str, str]:
    """Return every secret that a deployment has, by its variable."""
    signing = base64.b64encode(f"{MARK}-signing-key-of-a-webhook".encode()).decode()
    logins = {"press": {"user": "ada", "password": f"{MARK}-device"}}
    return {
        "MSSQL_PASSWORD": f"{MARK}-sql-server",
        "SUPABASE_JWT_SECRET": f"{MARK}-jwt-secret-of-users-is-long-enough",
        "CHANNEL_SECRET__OFFICE": f"{MARK}-smtp",
        "CHANNEL_SECRET__TEAM": f"{web}/services/T0/B0/{MARK}-slack",
        "CHANNEL_SECRET__HOOK": f"whsec_{signing}",
        "CHANNEL_SECRET__DUTY": f"{MARK}pagerduty00000000000000000"[:32],
        "CHANNEL_SECRET__WATCHDOG": f"{web}/{MARK}-watchdog",
        "ENTSOE_TOKEN": f"{MARK}-entsoe",
        "EIA_API_KEY": f"{MARK}-eia",
        "FRED_API_KEY": f"{MARK}fred00000000000000000000000000"[:32],
        "TAG_CREDENTIALS": json.dumps(logins),
    }


class Repeating(BaseHTTPRequestHandler):
    """Refuses every request, and says all of it again."""

    seen: Final[list[str]] = []

    def do_GET(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        told = f"refused: {self.path} {dict(self.headers)} {asked}"
        self.seen.append(told)
        body = json.dumps({"error": told, "error_message": told, "message": told}).encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def environ(
    supabase: SupabaseAccess, mssql: SqlServerUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """What Terraform would set, with a server that refuses everything behind it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Repeating)
    Thread(target=server.serve_forever, daemon=True).start()
    web = f"http://127.0.0.1:{server.server_port}"
    reader = mssql.reader
    file = tmp_path / "plantpulse.yaml"
    file.write_text(
        SETTINGS.format(
            host=reader.host, sql_port=reader.port, user=reader.user, database=reader.database, web=web
        ),
        encoding="utf-8",
    )
    found = {
        "PLANTPULSE_CONFIG": str(file),
        "SUPABASE_URL": supabase.url,
        "SUPABASE_SECRET_KEY": supabase.secret_key,
        **secrets_of(web),
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    yield found
    server.shutdown()
    server.server_close()


def needles(environ: Mapping[str, str]) -> list[str]:
    """Return what must be nowhere: the mark, the signing key as it is written, and the project's own key."""
    return [MARK, environ["CHANNEL_SECRET__HOOK"].removeprefix("whsec_"), environ["SUPABASE_SECRET_KEY"]]


def found_in(text: str, environ: Mapping[str, str]) -> list[str]:
    """Return where a text has a secret, with what stands before it."""
    return [text[max(0, text.find(one) - 80) : text.find(one)] for one in needles(environ) if one in text]


def every_row(store: psycopg.Connection[Any]) -> str:
    """Return all that is stored, as text."""
    tables = store.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    rows = [
        str(row)
        for table in tables
        for row in store.execute(f"select t::text from public.{table['tablename']} as t").fetchall()
    ]
    return "\n".join(rows)


def look() -> Any:
    """Return what health answers to its scheduler."""
    tick = {"X-CloudScheduler-ScheduleTime": "2026-11-30T06:00:00Z"}
    return main_of("health").handle_http(Request(b"{}", headers=tick))


@pytest.mark.stand_in
def test_no_secret_is_in_an_answer_a_log_or_a_row(
    supabase: SupabaseAccess, environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    Repeating.seen.clear()
    answers = []
    with supabase.connect() as store:
        (group,) = store.execute(
            "insert into public.tag_groups (plant, name, mode, address, credentials)"
            " values ('north', 'press', 'handshake', 'opc.tcp://127.0.0.1:9', 'press') returning id"
        ).fetchall()
        store.execute(
            "insert into public.tags (group_id, name, address, data_type) values (%s, 'a', 'i=1', 'float32')",
            [group["id"]],
        )
        for function in ("live_pulse", "morning_report", "commodity_prices", "energy_actuals"):
            answers.append(main_of(function).handle_http(Request(b"{}")))
        answers.append(main_of("tags").handle_http(Request(b'{"group": "press"}')))
        answers.append(look())  # a channel is told of what comes after it was first seen
        store.execute(
            "insert into public.alerts (rule, plant, scope, severity, opened_at, observed_at, last_seen_at)"
            " values ('run_failed', 'north', 'live_pulse', 'critical', now(), now(), now())"
        )
        answers.append(look())
        stored = every_row(store)

    assert [status for _, status, _ in answers[:5]] == [500, 500, 500, 500, 503]
    told = "\n".join(map(str, answers)) + "".join(capfd.readouterr())
    assert found_in(told, environ) == []
    assert found_in(stored, environ) == []
    # It was there to be told: each secret was sent to where it belongs.
    sent = "\n".join(Repeating.seen)
    assert {name: f"{MARK}{name}" in sent for name in ("-slack", "pagerduty", "-watchdog")} == {
        "-slack": True,
        "pagerduty": True,
        "-watchdog": True,
    }
    assert {name: f"{MARK}{name}" in sent for name in ("-entsoe", "-eia", "fred")} == {
        "-entsoe": True,
        "-eia": True,
        "fred": True,
    }
    assert found_in(sent, environ) != []
    assert "duty" in stored


@pytest.mark.stand_in
def test_no_secret_is_shown_by_the_command_line(
    environ: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    calls = ("config show --json", "check --json", "channels list --json", "--verbose run live-pulse")
    for call in map(str.split, calls):
        command_line(call)

    told = "".join(capfd.readouterr())
    assert "north" in told
    assert found_in(told, environ) == []


def test_no_secret_is_in_a_bundle_or_on_a_command_line_that_others_can_read(
    environ: dict[str, str], tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "bundle",
        "--config",
        environ["PLANTPULSE_CONFIG"],
        "--out",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(
        [*command, "--deployment-only"],
        cwd=REPOSITORY,
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        listed = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        told, _ = process.communicate(timeout=ENDS_S)

    assert process.returncode == 0, told
    written = "".join(path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file())
    assert "north" in written
    assert found_in(listed + told + written, environ) == []
