"""What would stop a deployment, found in a second or two: before bundles are built and Terraform starts.

The settings are judged by the functions' own models, in their words. Whatever is missing comes with the line
to paste. Everything is said at once.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bundle.carried import check
from bundle.interpreter import find_python
from bundle.refusal import BundleRefused
from bundle.targets import python_version
from infra.secret_values import secrets_from
from plantpulse.deployment.secrets import configured, needing_secret, publishers
from plantpulse.errors import ConfigurationError
from plantpulse.settings import Settings
from plantpulse.settings.secret_variables import channel_secret_variable, names_of_password
from plantpulse.settings.series import KEY_VARIABLES

OLDEST_TERRAFORM: Final = (1, 11)  # older ones would put the secrets into the state
_ASSIGNMENT: Final = re.compile(r"^(\w+)\s*=\s*(.*?)\s*(?:#.*)?$", re.MULTILINE)
_MOST_LINES: Final = 3
_FORMS: Final = {"SUPABASE_URL": "https://<project>.supabase.co", "SUPABASE_SECRET_KEY": "sb_secret_..."}


def obstacles(cloud: str, environ: Mapping[str, str], config_file: Path, infra: Path) -> Iterator[str]:
    """Yield everything that would stop a deployment of this file on this cloud, each with what to do."""
    root = infra / cloud
    settings = None
    try:
        settings = _checked(config_file)
    except BundleRefused as refusal:
        yield str(refusal)
    if cloud == "aws":
        yield from _python()  # Lambda's bundles hold bytecode
    yield from missing_tools(root, environ)
    yield from _other_file(root, environ, config_file)
    if cloud == "gcp" and settings is not None:
        yield from _topics(settings)
    try:
        yield from _missing_variables(root, environ, settings)
    except ConfigurationError as error:
        yield str(error)


def missing_tools(root: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what Terraform itself lacks: the program, its variables, the place of its state."""
    yield from _terraform(environ)
    for name, example, why in (
        ("terraform.tfvars", "minimal.tfvars", "copy the example and fill it in"),
        ("backend.hcl", "backend.hcl", "copy the example and say where the state is kept"),
    ):
        if not (root / name).is_file():
            copied = f"cp {_shown(root / 'examples' / example)} {_shown(root / name)}"
            yield _with_line(f"{_shown(root / name)} is missing: {why}", copied)


def _checked(config_file: Path) -> Settings:
    if not config_file.is_file():
        raise BundleRefused(f"there is no file {config_file}: name yours, as CONFIG=plantpulse.yaml")
    return check(config_file)


def _python() -> Iterator[str]:
    try:
        find_python(python_version())
    except BundleRefused as refusal:
        yield str(refusal)


def _terraform(environ: Mapping[str, str]) -> Iterator[str]:
    needed = ".".join(map(str, OLDEST_TERRAFORM))
    program = shutil.which("terraform", path=environ.get("PATH"))
    if program is None:
        where = "developer.hashicorp.com/terraform/install"
        yield f"terraform is not on the PATH: install {needed} or newer ({where})"
        return
    done = subprocess.run(
        [program, "version", "-json"],
        env={**environ, "CHECKPOINT_DISABLE": "1"},  # it would ask the network for newer ones
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r'"terraform_version":\s*"((\d+)\.(\d+)[^"]*)"', done.stdout)
    if found is None:
        yield f"{program} version -json failed: is this Terraform {needed} or newer?"
    elif (int(found[2]), int(found[3])) < OLDEST_TERRAFORM:
        yield f"{program} is version {found[1]}: {needed} or newer is needed"


def _other_file(root: Path, environ: Mapping[str, str], config_file: Path) -> Iterator[str]:
    """Yield that Terraform would be given another plantpulse.yaml than the bundles."""
    assigned = _assigned(root).get("config_file", "").strip('"') or environ.get("TF_VAR_config_file", "")
    named = root / (assigned or "../../../plantpulse.yaml")
    if named.resolve() == config_file.resolve():
        return
    told = f"Terraform reads {_shown(named)}, and {config_file} is bundled: "
    if assigned:
        yield _with_line(f"{told}name the same file to make", f"CONFIG={_shown(named)}")
    else:
        path = os.path.relpath(config_file.resolve(), root.resolve())
        yield _with_line(
            f"{told}name the same file in {root.name}/terraform.tfvars", f'config_file = "{path}"'
        )


def _missing_variables(root: Path, environ: Mapping[str, str], settings: Settings | None) -> Iterator[str]:
    assigned = _assigned(root)
    if not ({"SUPABASE_URL", "TF_VAR_supabase_url"} & _set(environ) or "supabase_url" in assigned):
        yield _not_set("SUPABASE_URL")
    version = assigned.get("secrets_version") or environ.get("TF_VAR_secrets_version")
    if version == "0" or "secrets" in assigned or environ.get("TF_VAR_secrets"):
        return
    given = secrets_from(environ)
    if "SUPABASE_SECRET_KEY" not in given:
        yield _not_set("SUPABASE_SECRET_KEY")
    passwords = [names[-1] for names in _passwords_needed(settings) if not given.keys() & set(names)]
    yield from _all_missing(passwords, 'export MSSQL_PASSWORDS="$(cat passwords.json)"')
    channels = needing_secret(settings) if settings is not None else []
    of_channels = [name for name in map(channel_secret_variable, channels) if name not in given]
    yield from _all_missing(of_channels, 'export CHANNEL_SECRETS="$(cat channel-secrets.json)"')
    asked = publishers(settings) if settings is not None else []
    yield from (_not_set(name) for name in map(KEY_VARIABLES.__getitem__, asked) if name not in given)


def _all_missing(names: list[str], together: str) -> Iterator[str]:
    """Yield the variables that are not set; if they are many, with the line that sets them together."""
    if len(names) > _MOST_LINES:
        told = f"{names[0]} and {len(names) - 1} more are not set, which one variable can hold as JSON"
        yield _with_line(told, together)
    else:
        yield from map(_not_set, names)


def _topics(settings: Settings) -> Iterator[str]:
    """Yield the channels that only a function on AWS has the identity for."""
    for name, channel in settings.channels.items():
        if channel.enabled and channel.kind == "sns":
            told = f"channels.{name}: the kind sns works on AWS alone"
            yield f"{told}: choose another kind, or set enabled: false"


def _passwords_needed(settings: Settings | None) -> Iterator[tuple[str, ...]]:
    """Yield the variables of each plant's password; any one of them will do."""
    if settings is not None:
        for plant in configured(settings):
            yield names_of_password(plant, settings.plants)


def _assigned(root: Path) -> dict[str, str]:
    """Return what Terraform's files of variables set, as they say it; an assignment begins its line."""
    paths = [
        path for path in (root / "terraform.tfvars", *sorted(root.glob("*.auto.tfvars"))) if path.is_file()
    ]
    return {name: value for path in paths for name, value in _ASSIGNMENT.findall(path.read_text("utf-8"))}


def _set(environ: Mapping[str, str]) -> set[str]:
    return {name for name, value in environ.items() if value.strip()}


def _not_set(name: str) -> str:
    return _with_line(f"{name} is not set", f"export {name}='{_FORMS.get(name, '...')}'")


def _with_line(told: str, line: str) -> str:
    return f"{told}:\n    {line}"


def _shown(path: Path) -> str:
    """Return a path from the working directory, where the line is pasted."""
    return os.path.relpath(path.resolve())
