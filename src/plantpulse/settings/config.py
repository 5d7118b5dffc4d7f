"""Reads the settings from the file and the environment, once, into frozen models.

Only this module reads settings from `os.environ`. The file is plantpulse.yaml, which people write, or the
document of a bundle (`carried`). It has what differs between plants, and never a secret. The environment
overrides it. A mistake is reported with its name and allowed form, never with its value.
"""

import os
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from plantpulse.errors import ConfigurationError
from plantpulse.late_dataclasses import fields
from plantpulse.settings import carried
from plantpulse.settings.manual_calls import ManualCallsSettings
from plantpulse.settings.plant import PlantSettings
from plantpulse.settings.secret_variables import (
    ARN_SUFFIX,
    TAG_CREDENTIALS,
    channel_secret_variable,
    password_variable,
    with_secrets,
)
from plantpulse.settings.series import KEY_VARIABLES
from plantpulse.settings.settings import Settings
from plantpulse.settings.tree import Tree, anchor_paths, mapping, places
from plantpulse.settings.variables import overlay

FILE_NAME: Final = "plantpulse.yaml"
CONFIG_FILE_VARIABLE: Final = "PLANTPULSE_CONFIG"
_OF_THE_ENVIRONMENT: Final = {
    "supabase": "SUPABASE_URL and SUPABASE_SECRET_KEY",
    "tag_credentials": TAG_CREDENTIALS,
}
_NAMES_OF_A_SECRET: Final = {"secret", "password", "token", "routing_key", "key"}


def load(environ: Mapping[str, str] | None = None, *, file: Path | None = None) -> Settings:
    """Read the settings from their file and the environment.

    The file is `file`, else the one named by PLANTPULSE_CONFIG, else plantpulse.json (a bundle's) or
    plantpulse.yaml in the working directory; without any, the environment alone describes one plant called
    `plant`. Afterwards time zones follow the locked `tzdata` and not the operating system, so the same
    bundle has the same clocks. Raises: ConfigurationError that names each wrong setting and its allowed form;
    SecretUnavailable.
    """
    environ = dict(os.environ if environ is None else environ)
    default = FILE_NAME if Path(FILE_NAME).is_file() else carried.FILE_NAME
    bundled = Path(environ.get(CONFIG_FILE_VARIABLE) or default)
    if file is None and bundled.name == carried.FILE_NAME and _is_file(bundled):
        return carried.read(bundled, environ)
    return load_with_origins(environ, file=file)[0]


def load_with_origins(
    environ: Mapping[str, str] | None = None, *, file: Path | None = None
) -> tuple[Settings, dict[str, str]]:
    """Read the settings and their origins: dotted place to origin, without defaults.

    An origin is the name of a variable or of a file. Raises: as `load` does.
    """
    from plantpulse.settings.validation import validated_settings  # noqa: PLC0415 - a bundle needs it seldom

    environ = dict(os.environ if environ is None else environ)
    if file is not None:
        if not _is_file(file):
            raise ConfigurationError(f"there is no file {file}")
        environ[CONFIG_FILE_VARIABLE] = str(file)
    zoneinfo.reset_tzpath(to=())
    tree = _read_file(environ)
    written = dict.fromkeys(places(tree), Path(environ.get(CONFIG_FILE_VARIABLE) or FILE_NAME).name)
    values = with_secrets(environ, mapping(tree, "plants"), mapping(tree, "channels"))
    origins = overlay(tree, values)
    settings = validated_settings(tree, origins, FILE_NAME)
    named = {place: name if name in environ else name + ARN_SUFFIX for place, name in origins.items()}
    return settings, written | {".".join(place): name for place, name in named.items()}


def read_tree(path: Path) -> Tree:
    """Return plantpulse.yaml as written. Raises: ConfigurationError, also for a secret in it."""
    from plantpulse.settings.yaml_file import read_yaml  # noqa: PLC0415 - a bundle has no YAML

    tree = read_yaml(path)
    if not isinstance(tree, dict):
        raise ConfigurationError(f"{path.name} must hold a mapping with the key plants")
    _refuse_secrets(tree)
    _refuse_what_is_worked_out(tree)
    return tree


def _read_file(environ: Mapping[str, str]) -> Tree:
    path = Path(environ.get(CONFIG_FILE_VARIABLE) or FILE_NAME)
    if not _is_file(path):
        if CONFIG_FILE_VARIABLE in environ:
            raise ConfigurationError(
                f"{CONFIG_FILE_VARIABLE} names a file that does not exist: correct it, or leave it out where "
                f"a {FILE_NAME} is"
            )
        if "MSSQL_TIMEZONE" not in environ:
            raise ConfigurationError(
                f"there is no {FILE_NAME} in {Path.cwd()}: run this in the folder that has it, or name the "
                f"file (`plantpulse --config FILE`, {CONFIG_FILE_VARIABLE}); `plantpulse config init` writes "
                "one, and MSSQL_TIMEZONE is enough for a plant without a file"
            )
        return {"plants": {"plant": {}}}
    tree = read_tree(path)
    anchor_paths(tree, path.parent)
    return tree


def _is_file(path: Path) -> bool:
    """Say whether a file is there; a name that is too long, or has a null byte, is that of none."""
    return os.path.isfile(path)


def _refuse_secrets(tree: dict[str, Any]) -> None:
    for name in _OF_THE_ENVIRONMENT.keys() & tree.keys():
        raise ConfigurationError(f"{name}: only the environment may set it; use {_OF_THE_ENVIRONMENT[name]}")
    for key, plant in mapping(tree, "plants").items():
        if "password" in mapping(plant, "sql_server"):
            raise ConfigurationError(
                f"plants.{key}.sql_server.password: no secret belongs here; set {password_variable(key)}"
            )

    for publisher, variable in KEY_VARIABLES.items():
        for name in _NAMES_OF_A_SECRET & set(mapping(mapping(tree, "series"), publisher)):
            raise ConfigurationError(f"series.{publisher}.{name}: no secret belongs here; set {variable}")
    for key, channel in mapping(tree, "channels").items():
        for name in _NAMES_OF_A_SECRET & set(channel if isinstance(channel, dict) else ()):
            raise ConfigurationError(
                f"channels.{key}.{name}: no secret belongs here; set {channel_secret_variable(key)}"
            )


def _refuse_what_is_worked_out(tree: dict[str, Any]) -> None:
    """Refuse a field that is never written, like any unknown setting. Raises: ConfigurationError."""
    sections: list[tuple[str, Any, Any]] = [
        (f"plants.{key}", plant, PlantSettings) for key, plant in mapping(tree, "plants").items()
    ]
    for place, section, model in (*sections, ("manual_calls", tree.get("manual_calls"), ManualCallsSettings)):
        for field in fields(model):
            if field.metadata.get("exclude") and isinstance(section, dict) and field.name in section:
                raise ConfigurationError(f"{place}.{field.name}: there is no such setting")
