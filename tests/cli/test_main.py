"""How every call of the command line ends: exit codes, errors, pipes, colour, and what is not imported."""

import os
import signal
import socket
import subprocess
import sys

import click
import pytest

from plantpulse.cli.commands import COMMANDS, Commands
from plantpulse.cli.exit_codes import exit_code_of
from plantpulse.errors import (
    ConfigurationError,
    Interrupted,
    InvalidRequest,
    NotConfigured,
    PlantpulseError,
    SourceLoginFailed,
    StoreUnavailable,
)
from tests.cli.conftest import CommandLine
from tests.functions.conftest import World
from tests.patience import ENDS_S

ESCAPE = "\x1b"


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (SourceLoginFailed("x"), 1),
        (InvalidRequest("x"), 2),
        (ConfigurationError("x"), 3),
        (NotConfigured("x"), 3),
        (StoreUnavailable("x"), 75),
        (Interrupted("x"), 130),
    ],
)
def test_the_exit_code_tells_what_to_do(error: PlantpulseError, exit_code: int) -> None:
    assert exit_code_of(error) == exit_code


def test_help_and_version_need_no_settings(bare: CommandLine) -> None:
    helped, version = bare.process("--help"), bare.process("--version")

    assert (helped.exit_code, version.exit_code) == (0, 0)
    assert [name for name in COMMANDS if f"\n  {name}" not in helped.out] == []
    assert version.out.startswith("plantpulse, version ")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_where_the_list_says_and_as_the_list_says(name: str) -> None:
    command = Commands().get_command(click.Context(Commands()), name)

    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(100) == COMMANDS[name].short_help


def test_an_unknown_command_and_a_wrong_option_end_with_2(bare: CommandLine) -> None:
    unknown, wrong = bare.process("fly"), bare.process("runs", "list", "--fly")

    assert (unknown.exit_code, wrong.exit_code) == (2, 2)
    assert "No such command 'fly'" in unknown.err
    assert "No such option" in wrong.err
    assert unknown.out + wrong.out == ""


@pytest.mark.parametrize("group", ["runs", "safety", "members", "assets", "targets", "cost-centers"])
def test_a_list_needs_not_be_called_one(cli: CommandLine, world: World, group: str) -> None:
    world.tick()

    for options in ((), ("--json",), ("--plant", "north", "--json")):
        short, long = cli(group, *options), cli(group, "list", *options)
        assert (short.exit_code, short.out) == (0, long.out)
    assert cli(group, "--json").json
    assert "list" in cli(group, "--help").out
    assert cli(group, "nothing").exit_code == 2


def test_a_shell_completes_what_may_stand_behind_a_list(bare: CommandLine) -> None:
    asked = {"_PLANTPULSE_COMPLETE": "bash_complete", "COMP_WORDS": "plantpulse runs ", "COMP_CWORD": "2"}

    assert bare.process(**asked).out.split() == ["plain,list", "plain,show"]


def test_bytes_that_are_no_text_are_refused_before_anything_is_sent(bare: CommandLine) -> None:
    result = bare("alerts", "end", "--plant", "caf\udce9")

    assert result.exit_code == 2
    assert "an argument is not in UTF-8: look at the character set of the terminal" in result.err
    assert result.out == ""


@pytest.mark.parametrize("name", ["x" * 300, "nowhere.yaml"])
def test_a_settings_file_that_is_none_is_told(bare: CommandLine, name: str) -> None:
    result = bare("--config", name, "status")

    assert result.exit_code == 3
    assert "there is no file" in result.err


def test_a_wrong_option_beside_json_is_told_in_json(bare: CommandLine) -> None:
    result = bare("runs", "list", "--json", "--limit", "none")

    assert result.exit_code == 2
    assert (result.json["error"]["code"], result.json["error"]["field"]) == ("invalid_request", "limit")
    assert result.err == ""


def test_a_project_that_does_not_answer_ends_with_75(cli: CommandLine) -> None:
    cli.environ["SUPABASE_URL"] = "http://127.0.0.1:9"

    result = cli("runs")

    assert result.exit_code == 75
    assert "store_unavailable" in result.err
    assert result.out == ""


def test_a_key_that_is_refused_ends_with_1_and_is_not_shown(cli: CommandLine) -> None:
    cli.environ["SUPABASE_SECRET_KEY"] = "sb_secret_nobody_knows_this_one"

    result = cli("--verbose", "runs")

    assert result.exit_code == 1
    assert "SUPABASE_SECRET_KEY" in result.err
    assert "nobody" not in result.err


def test_log_lines_stay_out_of_the_answer(cli: CommandLine) -> None:
    cli.environ["SUPABASE_URL"] = "http://127.0.0.1:9"

    quiet, verbose = cli("runs", "list", "--json"), cli("--verbose", "runs", "list", "--json")

    assert quiet.json["error"]["code"] == verbose.json["error"]["code"] == "store_unavailable"
    assert quiet.err == ""
    assert "is retried" in verbose.err


def test_colour_is_for_terminals_that_have_not_asked_for_none(cli: CommandLine, world: World) -> None:
    world.tick()

    assert ESCAPE not in cli.process("runs").out
    assert ESCAPE in cli.terminal("runs", NO_COLOR="").out
    assert ESCAPE not in cli.terminal("--no-color", "runs", NO_COLOR="").out
    assert ESCAPE not in cli.terminal("runs").out


def test_a_narrow_terminal_is_shown_whole_lines(cli: CommandLine, world: World) -> None:
    world.sql_server["password"] = "wrong"
    world.tick()

    lines = cli.terminal("runs", columns=50).out.splitlines()

    assert lines == [
        "Run  Status  Pipeline    Plant  Began",
        "  1  failed  live_pulse  north  2026-03-11 12:00",
        "  error source_login_failed",
    ]


def test_a_reader_who_leaves_is_no_error_worth_a_word(cli: CommandLine, world: World) -> None:
    world.store.execute(
        """
        insert into public.pipeline_runs
            (pipeline, plant, trigger, status, fence, started_at, lease_expires_at, finished_at)
        select 'live_pulse', 'north', 'manual', 'succeeded', gen_random_uuid(), at, at + '1 minute', at
        from generate_series('2026-01-01'::timestamptz, '2026-01-02', interval '1 minute') as at
        """
    )
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(
            [cli.script, "runs", "list", "--json", "--limit", "1000"],
            cwd=cli.folder, env=cli.environ, stdout=closed, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_full_disk_is_told_without_a_stack_trace(bare: CommandLine, options: tuple[str, ...]) -> None:
    bare.write("plantpulse.yaml", "plants: {north: {time_zone: UTC}}")

    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [bare.script, "config", "show", *options],
            cwd=bare.folder, env=bare.environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    told = "the answer could not be written: No space left on device\n"
    assert (ended.returncode, ended.stderr) == (1, told)


def test_control_c_ends_at_once_with_130(cli: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cli.environ["SUPABASE_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [cli.script, "runs"],
            cwd=cli.folder, env=cli.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        silent.settimeout(ENDS_S)
        request, _ = silent.accept()  # it waits for an answer now
        with request:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=ENDS_S)

    assert (process.returncode, out, err) == (130, "", "\ninterrupted\n")


@pytest.mark.parametrize("package", ["pydantic", "httpx", "postgrest", "pymssql", "flask"])
def test_help_and_errors_wait_for_no_package_that_they_do_not_need(package: str) -> None:
    code = "from plantpulse.cli.main import *; main(['--help']); sys.exit(sys.argv[1] in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code, package], stdout=subprocess.DEVNULL, check=False)

    assert ended.returncode == 0


@pytest.mark.parametrize("package", ["pymssql", "plantpulse.entry.service", "functions_framework", "flask"])
def test_what_a_command_does_not_need_is_not_imported(package: str) -> None:
    code = f"import plantpulse.cli.runs, plantpulse.cli.main, sys; sys.exit({package!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nobody_looks_for_garbage_while_a_command_runs_and_ends() -> None:
    told_at_the_end = "lambda: print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    program = f"""
import atexit, gc, sys
atexit.register({told_at_the_end})
sys.argv = ["plantpulse", "--version"]
from plantpulse.cli.main import run
run()
"""

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert told.stdout.splitlines()[-1] == "False True"
