"""Terraform for the tests: a copy of infra/terraform, and the real CLI to run in it.

Each plantpulse.yaml of a test has its deployment beside it there, written as `make bundle` writes it.

The providers come from `../shared/terraform-offline` where that folder is, which needs no registry, else
from the registry by an ordinary `terraform init`. The copy has no lock file: the stand-ins are other packages
than those whose checksums are locked. Without terraform, or without either source of
providers, these tests are skipped, and say so.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from bundle import deployment
from tests.infra.deployed import ONE, PASSWORDS, Deployment
from tests.infra.refusals import Account
from tests.infra.rehearsal import Rehearsal

ROOT = Path(__file__).parents[2]
OFFLINE = ROOT.parent / "shared" / "terraform-offline" / "tf"
_NO_NETWORK = (
    "Failed to query available provider packages",
    "Failed to install provider",
    "could not connect",
)


@dataclass(frozen=True)
class Terraform:
    """The CLI, and the copy of infra/terraform that it may write into."""

    binary: str
    folder: Path

    @staticmethod
    def environment() -> dict[str, str]:
        """Return this process's environment without what would steer Terraform from outside."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        return kept | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}

    def run(self, directory: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder that needs no providers, or has been prepared."""
        return subprocess.run(
            [self.binary, f"-chdir={directory}", *arguments],
            env=self.environment() | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def run_prepared(self, root: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a root or module of infra/terraform, with its providers installed."""
        directory = self.folder / root
        if OFFLINE.exists():
            return subprocess.run(
                [str(OFFLINE), str(directory), *arguments],
                env=self.environment() | environ,
                capture_output=True,
                text=True,
                check=False,
            )
        if not (directory / ".terraform.lock.hcl").exists():  # a failed init leaves .terraform behind
            self._init(directory)
        return self.run(directory, *arguments, **environ)

    def _init(self, directory: Path) -> None:
        done = self.run(directory, "init", "-backend=false", "-input=false", "-no-color")
        if done.returncode and any(sign in done.stderr for sign in _NO_NETWORK):
            pytest.skip("needs ../shared/terraform-offline or the provider registry")
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The CLI with a copy of infra/terraform of this test process's own."""
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip("needs terraform 1.11 or newer on the PATH")
    folder = tmp_path_factory.mktemp("repository") / "infra" / "terraform"
    shutil.copytree(
        ROOT / "infra" / "terraform",
        folder,
        ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "backend*"),
    )
    for path in (folder / "modules" / "plan" / "tests" / "files").glob("*.yaml"):
        deployment.write(path, path.with_suffix(".json"))
    return Terraform(binary, folder)


@pytest.fixture(params=["gcp", "aws"])
def rehearsal(request: pytest.FixtureRequest, tmp_path: Path, terraform: Terraform) -> Rehearsal:
    """A root of each cloud with the complete example's variables, and nothing deployed."""
    return Rehearsal.prepare(tmp_path, request.param, terraform, OFFLINE)


@pytest.fixture(scope="session", params=["gcp", "aws"])
def first_day(
    request: pytest.FixtureRequest, terraform: Terraform, tmp_path_factory: pytest.TempPathFactory
) -> Rehearsal:
    """A deployment of one plant, made once; each test goes on from a copy."""
    folder = tmp_path_factory.mktemp("first_day")
    made = Rehearsal.prepare(folder, request.param, terraform, OFFLINE)
    made.environ |= PASSWORDS
    made.run("init", "-backend-config=backend.hcl", "-input=false")
    Deployment(made, Account()).deploy(f"north: {ONE}")
    return made


@pytest.fixture
def deployed(first_day: Rehearsal, tmp_path: Path) -> Deployment:
    """A deployment of one plant in an account of its own."""
    return Deployment.copy_of(first_day, tmp_path / "copy")
