"""A new pipeline is one place: what it is made of is added to a copy of the repository, and all else follows.

The sample is in `sample/`; docs/how-to-add-a-pipeline.md says what each part is for.
"""

import json
import re
from typing import Any

import pytest

from devstack.access import SupabaseAccess
from tests.infra.conftest import Terraform, terraform
from tests.new_pipeline.conftest import ROOT, Repository

__all__ = ["terraform"]  # the fixture

CONFIG = """\
plants:
  north: {time_zone: UTC, sql_server: {host: sql.north, user: reader, database: mes}}
  south: {time_zone: UTC, sql_server: {host: sql.south, user: reader, database: mes}}
tool_wear: {every_minutes: 30}
"""


@pytest.fixture
def with_sample(repository: Repository) -> Repository:
    repository.add_sample()
    (repository.folder / "plantpulse.yaml").write_text(CONFIG, encoding="utf-8")
    return repository


def environment(supabase: SupabaseAccess) -> dict[str, str]:
    return {"SUPABASE_URL": supabase.url, "SUPABASE_SECRET_KEY": supabase.secret_key}


def deployment_of(repository: Repository) -> dict[str, Any]:
    done = repository.run("-m", "bundle", "--deployment-only", "--out", "build/bundles")
    assert done.returncode == 0, done.stderr
    return dict(json.loads((repository.folder / "build" / "deployment.json").read_text(encoding="utf-8")))


def test_it_touches_few_files_and_places(with_sample: Repository) -> None:
    touched = [*with_sample.places, "docs/settings.md"]  # the page is generated

    assert len(set(touched)) == 7
    assert len(touched) == 9


def test_it_is_scheduled_and_deployed(with_sample: Repository) -> None:
    deployment = deployment_of(with_sample)

    assert deployment["functions"]["tool_wear"]["purpose"] == "Counts the assets of each plant"
    assert deployment["functions"]["tool_wear"]["timeout_s"] == 45
    assert deployment["schedules"]["tool_wear-south"]["cron"] == "0,30 * * * *"
    assert deployment["rhythms"]["tool_wear-30"]["plants"] == ["north", "south"]


def test_it_is_in_the_plan(with_sample: Repository, terraform: Terraform) -> None:
    tests = terraform.folder / "aws" / "tests"
    (tests / "new_pipeline.yaml").write_text(CONFIG, encoding="utf-8")
    (tests / "new_pipeline.json").write_text(json.dumps(deployment_of(with_sample)), encoding="utf-8")
    (tests / "bundles" / "tool_wear-x86_64.zip").write_bytes(b"not read by a plan\n")
    mocks = (tests / "deployment.tftest.hcl").read_text(encoding="utf-8").partition("\nrun ")[0]
    run = """
run "new_pipeline" {
  command = plan

  variables {
    config_file     = "tests/new_pipeline.yaml"
    deployment_file = "tests/new_pipeline.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD__NORTH = "x", MSSQL_PASSWORD__SOUTH = "x" }
  }

  assert {
    condition     = aws_lambda_function.this["tool_wear"].timeout == 45
    error_message = "The function is made."
  }

  assert {
    condition = alltrue([for plant in ["north", "south"] :
      aws_scheduler_schedule.this["tool_wear-${plant}"].schedule_expression == "cron(0,30 * * * ? *)"
    ])
    error_message = "Each plant has its schedule."
  }
}
"""
    (tests / "new_pipeline.tftest.hcl").write_text(mocks + run, encoding="utf-8")

    done = terraform.run_prepared("aws", "test", "-no-color", "-filter=tests/new_pipeline.tftest.hcl")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 0 failed" in done.stdout


def test_it_is_run_by_hand_and_watched_by_health(with_sample: Repository, supabase: SupabaseAccess) -> None:
    cli = ("-c", "from plantpulse.cli.main import run; run()")

    before = with_sample.run(*cli, "status", "--json", **environment(supabase))
    ran = with_sample.run(*cli, "run", "tool-wear", "--plant", "north", "--json", **environment(supabase))
    after = with_sample.run(*cli, "runs", "list", "--json", **environment(supabase))

    states = {(one["pipeline"], one["plant"]): one["state"] for one in json.loads(before.stdout)["pipelines"]}
    assert (states["tool_wear", "north"], states["tool_wear", "south"]) == ("new", "new")
    report = json.loads(ran.stdout)
    assert (report["outcome"], report["counts"]) == ("succeeded", {"assets_seen": 0})
    assert [run["pipeline"] for run in json.loads(after.stdout)["runs"]] == ["tool_wear"]


def test_its_function_answers_a_scheduler(with_sample: Repository, supabase: SupabaseAccess) -> None:
    code = (
        "import sys; sys.path.insert(0, 'functions/tool_wear'); import main, json, datetime as dt;"
        "from plantpulse.schedules.slots import slot_at_or_before as slot;"
        "at = slot(dt.datetime.now(dt.UTC), dt.timedelta(minutes=30)).isoformat();"
        "event = {'plant': 'south', 'scheduled_time': at};"
        "answers = [main.handle_event(dict(event), None)['outcome'] for _ in range(2)];"
        "print(json.dumps(answers))"
    )

    done = with_sample.run("-c", code, **environment(supabase))

    assert done.stdout.splitlines()[-1] == '["succeeded", "duplicate"]', done.stderr


def test_its_bundle_holds_its_job_and_no_other(with_sample: Repository) -> None:
    code = (
        "from pathlib import Path; from zipfile import ZipFile; from bundle.build import build_for_google;"
        "built = build_for_google('tool_wear', Path('plantpulse.yaml'), Path('build'));"
        "print(*ZipFile(built.path).namelist())"
    )

    done = with_sample.run("-c", code)

    names = set(done.stdout.split())
    assert {"main.py", "plantpulse.json", "plantpulse/tool_wear.py"} <= names, done.stderr
    assert not any(name.startswith(("plantpulse/live_pulse", "plantpulse/source")) for name in names)


DOCUMENTATION_TESTS = ("tests/unit/test_docs.py", "tests/devstack/test_settings_page.py")


def test_the_documentation_tests_ask_for_its_settings(with_sample: Repository) -> None:
    tests = ("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *DOCUMENTATION_TESTS)

    before = with_sample.run(*tests)
    written = with_sample.run("-m", "devstack.settings_page")
    after = with_sample.run(*tests)

    page = (with_sample.folder / "docs" / "settings.md").read_text(encoding="utf-8")
    assert (before.returncode, written.returncode, after.returncode) == (1, 0, 0), after.stdout
    [failed] = re.findall(r"^FAILED (\S+)", before.stdout, re.MULTILINE)
    assert failed.startswith("tests/devstack/test_settings_page.py::")
    assert "### `tool_wear`" in page


@pytest.mark.parametrize(("left_out", "code"), [(".importlinter", 1), (None, 0)])
def test_a_package_on_no_floor_is_refused(repository: Repository, left_out: str | None, code: int) -> None:
    repository.add_sample(but=left_out)

    done = repository.run(
        "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )

    assert done.returncode == code, done.stdout


def test_how_to_add_a_pipeline_names_every_file(with_sample: Repository) -> None:
    page = (ROOT / "docs" / "how-to-add-a-pipeline.md").read_text(encoding="utf-8")

    named = {place.replace("tool_wear", "<name>") for place in with_sample.places}

    assert {place for place in named if f"`{place}`" not in page} == set()
