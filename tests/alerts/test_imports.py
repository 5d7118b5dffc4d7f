"""What tells nobody anything imports no channel: every poll is a cold start."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = [f"plantpulse.alerts.channels.{kind}" for kind in ("email", "slack", "pagerduty", "webhook", "sns")]
COSTLY = [*KINDS, "plantpulse.alerts.channels.line", "smtplib", "certifi", "apprise", "requests", "boto3"]


def imported_by(code: str, *names: str) -> str:
    told = f"{code}; print(sorted(name for name in {names!r} if name in sys.modules))"
    command = [sys.executable, "-c", f"import sys; {told}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


@pytest.mark.parametrize("function", sorted(path.parent.name for path in ROOT.glob("functions/*/main.py")))
def test_a_function_that_has_sent_nothing_has_imported_no_channel(function: str) -> None:
    code = f"sys.path.insert(0, 'functions/{function}'); import main"
    costly = [name for name in COSTLY if name != "certifi"]  # the client of Supabase has it too

    assert imported_by(code, *costly) == "[]"


def test_the_package_of_the_channels_imports_no_kind() -> None:
    assert imported_by("import plantpulse.alerts.channels", *COSTLY) == "[]"


def test_a_kind_is_imported_when_a_channel_of_it_is_opened() -> None:
    code = (
        "from plantpulse.alerts.channels import open_channel;"
        "from plantpulse.settings import ChannelSettings;"
        "open_channel('a', ChannelSettings(kind='email', host='h', sender='a@b.c', to=('d@e.f',)))"
    )

    assert imported_by(code, *KINDS, "smtplib", "boto3") == "['plantpulse.alerts.channels.email', 'smtplib']"
