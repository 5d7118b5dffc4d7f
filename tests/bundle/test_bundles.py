"""What is in the bundles, and that it can be imported where there is nothing else."""

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bundle.build import Built, build_for_google, build_for_lambda, check_size
from bundle.refusal import BundleRefused
from bundle.targets import FOR_APPRISE, REPOSITORY, Architecture, Lambda, function_names
from bundle.wheels import check_binaries
from tests.bundle.environments import install, install_runtime, make_environment, python, unpack

SETTINGS = REPOSITORY / "plantpulse.yaml"
# Their requirements are those of series_backfill (test_reach.py), so Lambda's wheels are tried with that one.
LIKE_SERIES_BACKFILL = {"commodity_prices", "energy_actuals", "energy_forecasts", "series_gaps"}
# Imports what any module of the bundle may import, wherever in the module it stands.
IMPORT_ALL = """
import ast, importlib, pathlib, sys
here, *left_out = sys.argv[1:]
sys.path.insert(0, here)
import main
assert callable(main.handle_http) and callable(main.handle_event)
for path in sorted(pathlib.Path(here, "plantpulse").rglob("*.py")):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if not any(f"{name}.".startswith(f"{absent}.") for absent in left_out):
                importlib.import_module(name)
own = sorted(m.__file__ for n, m in sys.modules.items() if n.partition(".")[0] == "plantpulse")
assert own and all(file.startswith(here) for file in own), own
print(len(own))
"""


def names_in(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as content:
        return content.namelist()


def top_of(archive: Path) -> set[str]:
    return {name.partition("/")[0] for name in names_in(archive)}


def import_all(interpreter: Path, folder: Path, *left_out: str) -> str:
    """Import the bundle in `folder` and all that it may import; return what was written to stderr."""
    command = [str(interpreter), "-I", "-B", "-W", "error", "-c", IMPORT_ALL, str(folder), *left_out]
    done = subprocess.run(command, cwd="/", env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 9  # the board's function has the fewest modules
    return done.stderr


class Bundles:
    """Bundles that are built once for all tests here."""

    def __init__(self, folder: Path, pages: Path) -> None:
        self.folder = folder
        self.pages = pages
        self._built: dict[tuple[str, str], Built] = {}

    def of(self, function: str, target: Lambda) -> Built:
        key = function, target.architecture
        if key not in self._built:
            self._built[key] = build_for_lambda(function, SETTINGS, target, self.folder, self.pages)
        return self._built[key]


class Interpreters:
    """Environments that several bundles are tried in: one for each list of requirements."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Path] = {}

    def with_requirements(self, requirements: Path) -> Path:
        """Return one with what a bundle asks for, as Google's buildpack makes it."""
        return self._of(requirements.read_text(encoding="utf-8"), lambda made: install(requirements, made))

    def with_runtime(self) -> Path:
        """Return one with what Lambda's own image has."""
        return self._of("lambda", install_runtime)

    def _of(self, content: str, fill: Callable[[Path], None]) -> Path:
        if content not in self._made:
            interpreter = make_environment(self.folder / str(len(self._made)))
            fill(interpreter)
            self._made[content] = interpreter
        return self._made[content]


@pytest.fixture(scope="module")
def interpreters(tmp_path_factory: pytest.TempPathFactory) -> Interpreters:
    return Interpreters(tmp_path_factory.mktemp("interpreters"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dashboard` writes, in small."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "assets" / "index-1a.js").write_text("let x = 1", encoding="utf-8")
    (folder / "config.js").write_text("window.PLANTPULSE = {}", encoding="utf-8")
    (folder / ".DS_Store").write_text("", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Bundles:
    return Bundles(tmp_path_factory.mktemp("bundles"), pages)


def lambda_here(architecture: Architecture = "x86_64") -> Lambda:
    """Return a Lambda whose Python this machine has."""
    return Lambda(architecture, python()[0])


@pytest.mark.parametrize("function", function_names())
def test_a_bundle_for_google_is_imported_where_only_its_requirements_are(
    function: str, interpreters: Interpreters, tmp_path: Path, pages: Path
) -> None:
    built = build_for_google(function, SETTINGS, tmp_path, pages)

    folder = unpack(built.path, tmp_path / "workspace")

    assert (
        import_all(
            interpreters.with_requirements(folder / "requirements.txt"),
            folder,
            "yaml",
            "plantpulse.settings.yaml_file",
            "plantpulse.clouds.aws",
            "boto3",
            "botocore",
            *FOR_APPRISE,
        )
        == ""
    )
    carried = "dashboard" if function == "dashboard" else "plantpulse.json"
    assert top_of(built.path) == {"main.py", "plantpulse", carried, "requirements.txt"}


@pytest.mark.parametrize("function", sorted(set(function_names()) - LIKE_SERIES_BACKFILL))
def test_a_bundle_for_lambda_is_imported_where_only_the_runtime_is(
    function: str, bundles: Bundles, interpreters: Interpreters, tmp_path: Path
) -> None:
    built = bundles.of(function, lambda_here())

    folder = unpack(built.path, tmp_path / "task")
    interpreter = interpreters.with_runtime()

    assert import_all(interpreter, folder, "yaml", "plantpulse.settings.yaml_file", *FOR_APPRISE) == ""
    assert not {"flask", "functions_framework", "boto3", "botocore", "bin"} & top_of(built.path)
    assert not {"pandas", "numpy", "lxml", "pyarrow"} & top_of(built.path)
    assert built.path.stat().st_size < 50_000_000


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_every_binary_is_for_the_processor_asked_for(
    architecture: Architecture, bundles: Bundles, tmp_path: Path
) -> None:
    target = lambda_here(architecture)

    folder = unpack(bundles.of("live_pulse", target).path, tmp_path / "task")

    machines = {path.read_bytes()[18] for path in folder.rglob("*.so*")}
    assert machines == {{"x86_64": 62, "arm64": 183}[architecture]}  # EM_X86_64, EM_AARCH64
    assert check_binaries(folder, target) >= 10
    assert list(folder.glob("pymssql.libs/*.so*"))


def test_a_binary_for_another_processor_or_python_is_refused_by_name(
    bundles: Bundles, tmp_path: Path
) -> None:
    folder = unpack(bundles.of("live_pulse", lambda_here("arm64")).path, tmp_path / "task")

    with pytest.raises(BundleRefused, match=r"not for Lambda on x86_64 with Python .*: .*pymssql/_pymssql"):
        check_binaries(folder, lambda_here("x86_64"))
    with pytest.raises(BundleRefused, match=r"not for Lambda on arm64 with Python 3\.99: "):
        check_binaries(folder, Lambda("arm64", "3.99"))


def test_building_again_gives_the_same_bytes(bundles: Bundles, tmp_path: Path) -> None:
    first = build_for_google("live_pulse", SETTINGS, tmp_path / "first")
    second = build_for_google("live_pulse", SETTINGS, tmp_path / "second")
    on_lambda = build_for_lambda("live_pulse", SETTINGS, lambda_here(), tmp_path)

    assert first.path.read_bytes() == second.path.read_bytes()
    assert on_lambda.path.read_bytes() == bundles.of("live_pulse", lambda_here()).path.read_bytes()


def test_lambda_compiles_nothing_at_a_cold_start(bundles: Bundles) -> None:
    names = set(names_in(bundles.of("live_pulse", lambda_here()).path))
    tag = "cpython-" + python()[0].replace(".", "")

    def compiled(name: str) -> str:
        folder, _, file = name.rpartition("/")
        return f"{folder}/__pycache__/{file.removesuffix('.py')}.{tag}.pyc".removeprefix("/")

    sources = {name for name in names if name.endswith(".py")}
    assert sources
    assert {name for name in sources if compiled(name) not in names} == set()


def test_the_board_carries_its_pages_and_no_settings(pages: Path, tmp_path: Path) -> None:
    built = build_for_google("dashboard", SETTINGS, tmp_path, pages)

    names = names_in(built.path)
    assert [name for name in names if name.startswith("dashboard/")] == [
        "dashboard/assets/index-1a.js",
        "dashboard/index.html",
    ]
    assert "plantpulse/database/__init__.py" not in names
    assert "plantpulse/settings/__init__.py" not in names


def test_the_board_is_not_bundled_before_its_pages_are_built(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match=r"index\.html is not there: .* by `make dashboard`"):
        build_for_google("dashboard", SETTINGS, tmp_path, tmp_path / "nothing")


def test_what_lambda_would_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BundleRefused, match=r"live_pulse-x86_64.zip has \d+ bytes, \d+ unzipped: Lambda takes 52428800"
    ):
        check_size(Built(_sparse(tmp_path / "live_pulse-x86_64.zip", 52_428_801), 1))
    with pytest.raises(BundleRefused, match="262144001 unzipped"):
        check_size(Built(_sparse(tmp_path / "live_pulse-x86_64.zip", 1), 262_144_001))
    check_size(Built(_sparse(tmp_path / "live_pulse-x86_64.zip", 52_428_800), 262_144_000))


def _sparse(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path
