"""One cloud's root beside bundles and settings, with its state in a file, and the real Terraform in it."""

import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bundle import deployment
from infra.deploy import deploy, variables_from
from tests.infra.changes import Changes

if TYPE_CHECKING:
    from tests.infra.conftest import Terraform

ROOT = Path(__file__).parents[2]

SECRETS = {
    "SUPABASE_SECRET_KEY": "sb_secret_never_in_a_state",
    "MSSQL_PASSWORD__NORTHFIELD": "northfield-never-in-a-state",
    "MSSQL_PASSWORD__REGENSBURG": "regensburg-never-in-a-state",
}
_SHOW, _GRAPH = ("show", "-json", "plan"), ("graph", "-plan=plan")
UNATTENDED = {
    "TF_CLI_ARGS_apply": "-auto-approve -no-color",
    "TF_CLI_ARGS_destroy": "-auto-approve -no-color",
}


class Rehearsal:
    """A folder with everything that a deployment reads, and its state."""

    def __init__(self, folder: Path, cloud: str, terraform: str, environ: dict[str, str]) -> None:
        self.cloud, self.terraform, self.environ, self.folder = cloud, terraform, environ, folder
        self.infra, self.root = folder / "infra" / "terraform", folder / "infra" / "terraform" / cloud
        self.bundles = folder / "build" / "bundles" / cloud

    @classmethod
    def prepare(cls, folder: Path, cloud: str, terraform: "Terraform", offline: Path) -> Self:
        """Return one in an empty folder, with the complete example's variables."""
        infra = folder / "infra" / "terraform"
        shutil.copytree(terraform.folder, infra, ignore=shutil.ignore_patterns(".terraform*"))
        shutil.copytree(infra / cloud / "tests" / "bundles", folder / "build" / "bundles" / cloud)
        shutil.copytree(ROOT / "examples", folder / "examples")
        shutil.copy(ROOT / "plantpulse.yaml", folder)
        shutil.copy(infra / cloud / "examples" / "complete.tfvars", infra / cloud / "terraform.tfvars")
        deployment.write(folder / "examples" / "several_plants.yaml", folder / "build" / "deployment.json")
        (infra / cloud / "backend.hcl").write_text('path = "rehearsal.tfstate"\n', encoding="utf-8")
        (infra / cloud / "backend_override.tf").write_text(
            'terraform {\n  backend "local" {}\n}\n', encoding="utf-8"
        )
        told = subprocess.run(
            [offline, "env", "google", "aws", "time"], capture_output=True, text=True, check=True
        ).stdout
        environ = terraform.environment() | dict(re.findall(r"^export (\w+)='?(.*?)'?$", told, re.MULTILINE))
        path = f"{_echoing_programs(folder / 'bin', 'gcloud', 'aws')}:{environ['PATH']}"
        return cls(folder, cloud, terraform.binary, environ | SECRETS | {"PATH": path})

    def deploy(self, action: str, **environ: str) -> None:
        """Do what `make deploy-*` and its siblings do after the bundles are built."""
        deploy(action, self.cloud, self.environ | UNATTENDED | environ, self.infra)

    def state(self) -> str:
        return (self.root / "rehearsal.tfstate").read_text(encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """Return what Terraform prints. Raises: CalledProcessError, with what it says on stderr as a note."""
        done = subprocess.run(
            [self.terraform, f"-chdir={self.root}", *arguments],
            env=self.environ | variables_from(self.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def waited_for(self, address: str) -> set[str]:
        """Return the resources that Terraform makes before another one, also by way of others."""
        arrows = re.findall(r'"(\S+)" -> "(\S+)"', self.run("graph"))
        found: set[str] = set()
        ahead = {address}
        while ahead:
            ahead = {target for source, target in arrows if source in ahead} - found
            found |= ahead
        return found

    def plan(self, *arguments: str) -> Changes:
        """Return what an apply would do, and in which order; the plan is kept for `apply`."""
        self.run("plan", "-out=plan", "-input=false", "-refresh=false", *arguments)
        with ThreadPoolExecutor() as pool:
            shown, graph = pool.map(lambda command: self.run(*command), (_SHOW, _GRAPH))
        return Changes(json.loads(shown), graph)

    def apply(self) -> None:
        """Do what was planned last."""
        self.run("apply", "-refresh=false", "plan")

    def is_settled(self) -> bool:
        """Say whether a plan would change nothing."""
        return "No changes." in self.run("plan", "-input=false", "-refresh=false", "-no-color")

    def changes(self) -> dict[str, str]:
        """Return what a plan would change: addresses with their actions."""
        return {change.address: change.action for change in self.plan().all}


def _echoing_programs(folder: Path, *names: str) -> Path:
    """Return a folder of programs that only say how they were called: no test calls a cloud."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text(f'#!/bin/sh\necho "called: {name} $*"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder
