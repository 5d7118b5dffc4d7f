"""Where an extra is missing, one line says which to install."""

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import CommandLine

# What `import` finds where a package is not installed.
WITHOUT = """
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None
from plantpulse.cli.script import run
run()
"""


def without(cli: CommandLine, packages: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, packages, *arguments],
        cwd=cli.folder, env=cli.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("packages", "named"), [("click", "click"), ("rich", "rich"), ("click,rich", "click")]
)
@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["run", "live-pulse"]])
def test_without_the_extra_cli_every_call_names_it(
    bare: CommandLine, packages: str, named: str, arguments: list[str]
) -> None:
    ended = without(bare, packages, *arguments)

    told = f"Error (configuration_error): {named} is not installed: `pip install 'plantpulse[cli]'`\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", told)


def test_json_has_it_in_the_shape_of_every_error(bare: CommandLine) -> None:
    ended = without(bare, "rich", "runs", "--json")

    assert (ended.returncode, ended.stderr) == (3, "")
    assert json.loads(ended.stdout) == {
        "error": {
            "code": "configuration_error",
            "message": "rich is not installed: `pip install 'plantpulse[cli]'`",
            "field": None,
        }
    }


@pytest.mark.parametrize(
    ("package", "command", "extra"),
    [
        ("boto3", ["schedule", "status", "--cloud", "aws"], "aws"),
        ("cronsim", ["schedule", "status", "--cloud", "aws"], "aws"),
        ("boto3", ["dead-letters", "list"], "aws"),
        ("boto3", ["alarms", "test"], "aws"),
        (
            "google.cloud.scheduler_v1",
            ["schedule", "status", "--cloud", "gcp", "--project", "p", "--region", "r"],
            "gcp",
        ),
        ("supabase", ["members", "remove", "a@b.example", "--plant", "north"], "cli"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_command_names_the_extra_that_it_needs(
    cli: CommandLine, package: str, command: list[str], extra: str
) -> None:
    ended = without(cli, package, *command, "--json")

    assert ended.returncode == 3, ended.stderr
    told = json.loads(ended.stdout)["error"]["message"]
    assert f"is not installed: `pip install 'plantpulse[{extra}]'`" in told


def test_a_bug_in_plantpulse_is_not_taken_for_a_missing_extra(bare: CommandLine) -> None:
    ended = without(bare, "plantpulse.cli.app", "status")

    assert ended.returncode == 1
    assert "ModuleNotFoundError" in ended.stderr
