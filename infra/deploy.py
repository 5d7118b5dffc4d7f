"""Runs Terraform for one cloud: `python -m infra.deploy check|plan|apply|destroy gcp|aws`.

Behind `make plan-gcp`, `make deploy-gcp`, `make destroy-gcp` and the same for AWS. `check` comes first: it
says what would stop the deployment (obstacles.py). The rest brings what Terraform
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
from functools import partial
from pathlib import Path
from typing import Any

from infra.obstacles import missing_tools, obstacles
from infra.secret_values import secrets_from
from plantpulse.errors import ConfigurationError

INFRA = Path(__file__).parent / "terraform"
ACTIONS = ("plan", "apply", "destroy")
CLOUDS = ("gcp", "aws")
_FIRST_RUN_TIMEOUT_S = 60
# As long as time_sleep says in gcp/iam.tf and gcp/alarms.tf.
_WAITS = (
    "Google Cloud needs time for what is new: 2 minutes for the builder's rights, 7 for the scheduler's, "
    "10 for a metric. Terraform waits for them, so that the first poll is let in."
)


class CannotDeploy(Exception):
    """Something is missing or went wrong; the message says what to do."""


def deploy(action: str, cloud: str, environ: Mapping[str, str], infra: Path = INFRA) -> None:
    """Run one action on one cloud. Raises: CannotDeploy."""
    root = infra / cloud
    _refuse(missing_tools(root, environ))
    environment = dict(environ) | variables_from(environ)
    command = [shutil.which("terraform", path=environ.get("PATH")) or "terraform", f"-chdir={root}"]
    _run([*command, "init", "-input=false", "-backend-config=backend.hcl"], environment)
    if action == "destroy":
        _refuse(_protection(cloud, _outputs(command, environment)))
    if (action, cloud) == ("apply", "gcp"):
        print(_WAITS)
    _run([*command, action], environment)
    if action == "apply":
        start_first_runs(cloud, _outputs(command, environment), environ)


def check(cloud: str, environ: Mapping[str, str], config_file: Path, infra: Path = INFRA) -> None:
    """Look for what would stop a deployment, before anything slow begins. Raises: CannotDeploy."""
    _refuse(obstacles(cloud, environ, config_file, infra))


def _protection(cloud: str, outputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield what must be done before a destruction, which would else stop halfway or leave names taken."""
    if outputs.get("deletion_protection"):
        told = "the deployment is protected: set deletion_protection = false in terraform.tfvars"
        yield f"{told}, run make deploy-{cloud}, then make destroy-{cloud} again"


def variables_from(environ: Mapping[str, str]) -> dict[str, str]:
    """Return Terraform's variables that the environment holds under the names that the code reads.

    Raises: ConfigurationError (MSSQL_PASSWORDS, CHANNEL_SECRETS, SERIES_KEYS, TAG_CREDENTIALS).
    """
    secrets = secrets_from(environ)
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
        raise CannotDeploy("terraform output failed: is the state within reach?")
    return {name: output["value"] for name, output in json.loads(told.stdout).items()}


def _run(command: list[str], environ: Mapping[str, str], *, timeout_s: float | None = None) -> None:
    try:
        code = subprocess.run(command, env=environ, timeout=timeout_s, check=False).returncode
    except subprocess.TimeoutExpired:
        code = 1
    if code:
        raise CannotDeploy(f"{' '.join([Path(command[0]).name, *command[1:3]])} failed")


def _refuse(obstacles: Iterator[str]) -> None:
    if found := list(obstacles):
        raise CannotDeploy("\n".join(found))


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    match arguments:
        case ["check", cloud, config_file] if cloud in CLOUDS:
            step = partial(check, cloud, os.environ, Path(config_file))
        case [action, cloud] if action in ACTIONS and cloud in CLOUDS:
            step = partial(deploy, action, cloud, os.environ)
        case _:
            print(f"usage: python -m infra.deploy {'|'.join(ACTIONS)} {'|'.join(CLOUDS)}", file=sys.stderr)
            print(f"       python -m infra.deploy check {'|'.join(CLOUDS)} plantpulse.yaml", file=sys.stderr)
            return 2
    try:
        step()
    except (CannotDeploy, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
