"""The bundles at work: each polls the plant under the very program that its cloud runs it with."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from bundle.build import build_for_google, build_for_lambda
from bundle.targets import Lambda
from devstack.function import Function
from devstack.lambda_runtime import InvocationFailed, LambdaRuntime
from devstack.processes import Children
from plantpulse.schedules.slots import slot_at_or_before
from plantpulse.settings.validation import as_tree
from tests.bundle.environments import install, install_runtime, make_environment, python, unpack
from tests.clouds.conftest import environment_of, running_moto
from tests.functions.conftest import Floor, World

# A query file of the plant's own, which reads the built-in table: that it was used shows in the output.
TENFOLD = """
select top (@limit)
    locationName as asset,
    (datediff(second, [timestamp], @until) - 1) / @bucket_s as bucket,
    10 * sum(cast(output_count as float)) as units,
    max([timestamp]) as last_at
from production_data
where [timestamp] >= @from and [timestamp] < @until
group by locationName, (datediff(second, [timestamp], @until) - 1) / @bucket_s
order by (datediff(second, [timestamp], @until) - 1) / @bucket_s
"""
QUARTER = timedelta(minutes=15)
SCHEDULED_IMPORTS = Path(__file__).with_name("scheduled_imports.txt")  # our own modules, one a line


def latest_slot() -> datetime:
    """Return the slot that a scheduler would have sent last, by the real clock."""
    return slot_at_or_before(datetime.now(UTC), QUARTER)


@pytest.fixture(scope="module")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plantpulse.yaml with query files beside it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "queries" / "north").mkdir(parents=True)
    (folder / "queries" / "north" / "output.sql").write_text(TENFOLD, encoding="utf-8")
    file = folder / "plantpulse.yaml"
    file.write_text("plants: {north: {time_zone: UTC, queries_dir: queries/north}}\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def on_google(settings_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An unpacked bundle, and an interpreter with its requirements and nothing else."""
    folder = tmp_path_factory.mktemp("google")
    workspace = unpack(build_for_google("live_pulse", settings_file, folder).path, folder / "workspace")
    interpreter = make_environment(folder / "environment")
    install(workspace / "requirements.txt", interpreter)
    return workspace, interpreter


@pytest.fixture(scope="module")
def on_lambda(settings_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An unpacked bundle, and an interpreter with Lambda's runtime client and nothing else."""
    folder = tmp_path_factory.mktemp("lambda")
    built = build_for_lambda("live_pulse", settings_file, Lambda("x86_64", python()[0]), folder)
    interpreter = make_environment(folder / "environment")
    install_runtime(interpreter)
    return unpack(built.path, folder / "task"), interpreter


def settings_of(world: World, bundle: Path) -> dict[str, str]:
    """Return what Terraform would set, and nothing else."""
    return {
        "PLANTPULSE_CONFIG": str(bundle / "plantpulse.json"),
        "SUPABASE_URL": world.supabase.url,
        "SUPABASE_SECRET_KEY": world.supabase.secret_key,
        "MSSQL_HOST": world.reader.host,
        "MSSQL_PORT": str(world.reader.port),
        "MSSQL_USER": world.reader.user,
        "MSSQL_PASSWORD": world.reader.password,
        "MSSQL_DATABASE": world.reader.database,
        "MSSQL_ENCRYPTION": world.encryption,
    }


@pytest.fixture
def runtime() -> Iterator[LambdaRuntime]:
    with LambdaRuntime() as running:
        yield running


def produce(floor: Floor, slot: datetime) -> None:
    """Enter seven pieces five minutes before a slot, in a plant whose clock shows UTC."""
    floor.run(
        "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
        "PRESS-01", 7, (slot - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S"),
    )  # fmt: skip


def output_of_the_press(world: World) -> list[Any]:
    return [
        row["output_actual"]
        for row in world.rows(
            """
            select live_snapshots.output_actual
            from public.live_snapshots
            join public.assets on assets.id = live_snapshots.asset_id
            where assets.source_name = 'PRESS-01'
            """
        )
    ]


def test_googles_bundle_polls_under_the_framework_of_its_own_requirements(
    on_google: tuple[Path, Path], world: World, floor: Floor, tmp_path: Path
) -> None:
    workspace, interpreter = on_google
    slot = latest_slot()
    produce(floor, slot)

    with Children(tmp_path) as children:
        settings = settings_of(world, workspace) | {"PATH": str(interpreter.parent)}
        function = Function(children, workspace / "main.py", settings, interpreter)
        first, second = function.deliver(slot), function.deliver(slot)

    assert (first.status, first.body["outcome"], second.body["outcome"]) == (200, "succeeded", "duplicate")
    assert output_of_the_press(world) == [70]


def test_lambdas_bundle_polls_under_the_real_runtime_client(
    on_lambda: tuple[Path, Path], runtime: LambdaRuntime, world: World, floor: Floor, tmp_path: Path
) -> None:
    task, interpreter = on_lambda
    slot = latest_slot()
    produce(floor, slot)

    with Children(tmp_path) as children:
        runtime.start(children, task, interpreter, settings_of(world, task))
        event = {"scheduled_time": slot.isoformat(), "plant": "north"}
        first, second = runtime.invoke(event), runtime.invoke(event)

    assert (first["outcome"], first["trigger"], second["outcome"]) == ("succeeded", "schedule", "duplicate")
    assert output_of_the_press(world) == [70]


# Runs a poll as Lambda does, and prints what was imported for it.
ONE_POLL = """
import json, sys
before = set(sys.modules)
LEFT_OUT = {
    "logging", "urllib.request", "asyncio", "multiprocessing", "unittest",
    "difflib", "traceback", "tempfile", "shutil", "random", "importlib.resources", "zipfile",
    "encodings.utf_8_sig", "dataclasses", "inspect", "ast", "tokenize",
}
import main
report = main.handle_event({"scheduled_time": sys.argv[1], "plant": "north"}, None)
own = sorted(name for name in sys.modules if name.partition(".")[0] == "plantpulse")
names = {name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names
foreign = sorted(name for name in names if not name.startswith("_") and name != "cython_runtime")
heavy = sorted(sys.modules.keys() & LEFT_OUT)
print("IMPORTED " + json.dumps([report["outcome"], own, foreign, heavy]))
"""


def carry(world: World, task: Path, folder: Path) -> dict[str, str]:
    """Write the bundle's settings with the SQL Server of the test in them; return the variables left."""
    document = json.loads((task / "plantpulse.json").read_bytes())
    server = as_tree(world.load_settings())["plants"]["north"]["sql_server"]
    document["settings"]["plants"]["north"] |= {"sql_server": server, "queries_dir": None}
    (folder / "plantpulse.json").write_text(json.dumps(document), encoding="utf-8")
    names = ("SUPABASE_URL", "SUPABASE_SECRET_KEY", "MSSQL_PASSWORD")
    settings = settings_of(world, folder)
    return {name: settings[name] for name in ("PLANTPULSE_CONFIG", *names)}


def test_a_scheduled_poll_imports_what_is_listed_and_nothing_else(
    on_lambda: tuple[Path, Path], world: World, floor: Floor, tmp_path: Path
) -> None:
    task, interpreter = on_lambda
    slot = latest_slot()
    produce(floor, slot)

    done = subprocess.run(
        [str(interpreter), "-c", ONE_POLL, slot.isoformat()],
        cwd=task, env=carry(world, task, tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip

    told = next((line for line in done.stdout.splitlines() if line.startswith("IMPORTED ")), done.stderr)
    outcome, own, foreign, heavy = json.loads(told.removeprefix("IMPORTED "))
    assert outcome == "succeeded"
    assert own == SCHEDULED_IMPORTS.read_text(encoding="utf-8").split()
    assert foreign == ["main", "plantpulse", "pymssql"]
    assert heavy == []


def test_on_lambda_the_secrets_are_read_by_their_arns(
    on_lambda: tuple[Path, Path],
    runtime: LambdaRuntime,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task, interpreter = on_lambda
    settings = settings_of(world, task)

    with Children(tmp_path) as children, running_moto() as moto:
        surroundings = environment_of(moto)
        for name, value in surroundings.items():
            monkeypatch.setenv(name, value)
        store = boto3.client("secretsmanager")
        for name in ("SUPABASE_SECRET_KEY", "MSSQL_PASSWORD"):
            made = store.create_secret(Name=name, SecretString=settings.pop(name))
            settings[f"{name}_ARN"] = made["ARN"]
        runtime.start(children, task, interpreter, settings | surroundings)
        answer = runtime.invoke({"scheduled_time": latest_slot().isoformat()})

    assert answer["outcome"] == "succeeded"


def test_on_lambda_a_scheduler_is_asked_to_try_again_by_an_error(
    on_lambda: tuple[Path, Path], runtime: LambdaRuntime, world: World, tmp_path: Path
) -> None:
    task, interpreter = on_lambda
    unreachable: Mapping[str, str] = settings_of(world, task) | {"MSSQL_PORT": "1"}

    with Children(tmp_path) as children:
        runtime.start(children, task, interpreter, unreachable)
        with pytest.raises(InvocationFailed, match="source_unavailable"):
            runtime.invoke({"scheduled_time": latest_slot().isoformat()})
        by_hand = runtime.invoke({"dry_run": True})

    assert (by_hand["outcome"], by_hand["error"]["code"]) == ("failed", "source_unavailable")


def test_the_function_url_answers_who_is_signed_in_and_nobody_else(
    on_lambda: tuple[Path, Path], runtime: LambdaRuntime, world: World, tmp_path: Path
) -> None:
    task, interpreter = on_lambda
    caller = {"iam": {"userArn": "arn:aws:iam::123456789012:user/ada"}}
    misspelt = {"rawPath": "/", "body": '{"plnat": "north"}', "requestContext": {"http": {"method": "POST"}}}
    signed = misspelt | {"requestContext": {"http": {"method": "POST"}, "authorizer": caller}}

    with Children(tmp_path) as children:
        runtime.start(children, task, interpreter, settings_of(world, task))
        answers = [runtime.invoke(event)["statusCode"] for event in (signed, misspelt)]

    assert answers == [400, 401]
    assert world.contents()["runs"] == []


@pytest.mark.parametrize(
    ("function", "event", "told"),
    [
        ("cleanup", {}, ("outcome", "succeeded")),
        ("health", {}, ("status", "healthy")),
        ("morning_report", {"plant": "north"}, ("outcome", "partial")),  # nothing was made the day before
    ],
)
def test_the_other_functions_do_their_work_on_lambda_too(
    function: str,
    event: Mapping[str, str],
    told: tuple[str, str],
    settings_file: Path,
    on_lambda: tuple[Path, Path],
    runtime: LambdaRuntime,
    world: World,
    tmp_path: Path,
) -> None:
    target = Lambda("x86_64", python()[0])
    task = unpack(build_for_lambda(function, settings_file, target, tmp_path).path, tmp_path / "task")

    with Children(tmp_path) as children:
        runtime.start(children, task, on_lambda[1], settings_of(world, task))
        answer = runtime.invoke(event)

    assert answer[told[0]] == told[1], answer
