"""Runs Terraform for one cloud: `python -m infra.deploy plan|apply|destroy gcp|aws`.

Behind `make plan-gcp`, `make deploy-gcp`, `make destroy-gcp` and the same for AWS. It brings what Terraform
cannot fetch by itself: where the state is kept (backend.hcl), the secrets from the environment, which go
into a write-only variable and so into no plan, state or file, and, after a deployment, the first poll of
every plant, because a schedule would start it only at the next slot (docs/decisions/0014).
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from plantpulse.errors import ConfigurationError
from plantpulse.settings.secret_variables import (
    PASSWORD_OF_PLANT,
    PASSWORDS,
    password_variable,
    read_passwords,
)

INFRA = Path(__file__).parent / "terraform"
ACTIONS = ("plan", "apply", "destroy")
CLOUDS = ("gcp", "aws")
_SECRETS = ("SUPABASE_SECRET_KEY", "MSSQL_PASSWORD")
_FIRST_RUN_TIMEOUT_S = 60


class CannotDeploy(Exception):
    """Something is missing or went wrong; the message says what to do."""


def deploy(action: str, cloud: str, environ: Mapping[str, str], infra: Path = INFRA) -> None:
    """Run one action on one cloud. Raises: CannotDeploy."""
    root = infra / cloud
    terraform = _program("terraform", "Terraform 1.11 or newer is needed", environ)
    _require(root / "terraform.tfvars", f"copy {cloud}/examples/minimal.tfvars there and fill it in")
    _require(root / "backend.hcl", f"copy {cloud}/examples/backend.hcl there: where the state is kept")
    environment = dict(environ) | variables_from(environ)
    command = [terraform, f"-chdir={root}"]
    _run([*command, "init", "-input=false", "-backend-config=backend.hcl"], environment)
    _run([*command, action], environment)
    if action == "apply":
        start_first_runs(cloud, _outputs(command, environment), environ)


def variables_from(environ: Mapping[str, str]) -> dict[str, str]:
    """Return Terraform's variables that the environment holds under the names that the code reads.

    Raises: ConfigurationError (MSSQL_PASSWORDS).
    """
    shared = read_passwords(environ.get(PASSWORDS, ""))
    secrets = {password_variable(plant): password for plant, password in shared.items()} | {
        name: value.strip()
        for name, value in environ.items()
        if value.strip() and (name in _SECRETS or name.startswith(PASSWORD_OF_PLANT))
    }
    variables = {"TF_VAR_secrets": json.dumps(secrets)} if secrets else {}
    if url := environ.get("SUPABASE_URL", "").strip():
        variables["TF_VAR_supabase_url"] = url
    return variables | {name: environ[name] for name in variables if name in environ}


def start_first_runs(cloud: str, outputs: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Start what shall run right after a deployment, and say so. Raises: CannotDeploy."""
    if not outputs["first_runs"]:
        return
    program = {"gcp": "gcloud", "aws": "aws"}[cloud]
    commands = list(first_run_commands(cloud, outputs))
    if shutil.which(program, path=environ.get("PATH")) is None:
        print(f"Deployed. {program} is not installed, so the first polls wait for their slot, or run:")
        for command in commands:
            print("  " + " ".join(command))
        return
    for command in commands:
        _run(command, environ, timeout_s=_FIRST_RUN_TIMEOUT_S)
    print(f"Started the first poll of {len(commands)} plant{'s' if len(commands) > 1 else ''}.")


def first_run_commands(cloud: str, outputs: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the command that starts each first run."""
    region = f"--region={outputs['region']}"
    for run in outputs["first_runs"]:
        if cloud == "gcp":
            place = (f"--location={outputs['region']}", f"--project={outputs['project']}")
            yield ["gcloud", "scheduler", "jobs", "run", run, *place]
        else:
            event = ["--cli-binary-format=raw-in-base64-out", f"--payload={json.dumps(run['event'])}"]
            function = f"--function-name={run['function']}"
            yield ["aws", "lambda", "invoke", function, region, "--invocation-type=Event", *event, os.devnull]


def _outputs(command: list[str], environ: Mapping[str, str]) -> dict[str, Any]:
    told = subprocess.run(
        [*command, "output", "-json"], env=environ, stdout=subprocess.PIPE, text=True, check=False
    )
    if told.returncode:
        raise CannotDeploy("terraform output failed; deployed, but the first polls wait for their slot")
    return {name: output["value"] for name, output in json.loads(told.stdout).items()}


def _run(command: list[str], environ: Mapping[str, str], *, timeout_s: float | None = None) -> None:
    try:
        code = subprocess.run(command, env=environ, timeout=timeout_s, check=False).returncode
    except subprocess.TimeoutExpired:
        code = 1
    if code:
        raise CannotDeploy(f"{' '.join([Path(command[0]).name, *command[1:3]])} failed")


def _program(name: str, why: str, environ: Mapping[str, str]) -> str:
    path = shutil.which(name, path=environ.get("PATH"))
    if path is None:
        raise CannotDeploy(f"{name} is not on the PATH: {why}")
    return path


def _require(path: Path, remedy: str) -> None:
    if not path.is_file():
        raise CannotDeploy(f"{path} is missing: {remedy}")


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    if len(arguments) != 2 or arguments[0] not in ACTIONS or arguments[1] not in CLOUDS:
        print(f"usage: python -m infra.deploy {'|'.join(ACTIONS)} {'|'.join(CLOUDS)}", file=sys.stderr)
        return 2
    try:
        deploy(arguments[0], arguments[1], os.environ)
    except (CannotDeploy, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
