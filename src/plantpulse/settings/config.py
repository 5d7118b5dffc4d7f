"""Reading the settings: plantpulse.yaml and the environment, once, into frozen models.

This is the only reader of `os.environ`. The file holds what differs between
plants and never a secret; the environment wins over the file, so that a laptop or a cloud console
can change one value. A mistake is reported with its name and allowed form, never with its value.
Terraform reads the same file, so nothing here may depend on Python alone.
"""

import os
import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml
from pydantic import ValidationError

from plantpulse.errors import ConfigurationError
from plantpulse.settings import PLANT_SECTIONS, Settings
from plantpulse.settings.secret_variables import (
    ARN_SUFFIX,
    PASSWORDS,
    password_variable,
    read_passwords,
    with_secrets,
)

FILE_NAME = "plantpulse.yaml"

# Environment variable -> place in the settings tree. `*` stands for the only plant there is.
ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "POLL_INTERVAL_MINUTES": ("live_pulse", "every_minutes"),
    "POLL_RUN_ON_STARTUP": ("live_pulse", "run_on_startup"),
    "POLL_WINDOW_MINUTES": ("live_pulse", "window_minutes"),
    "POLL_TIMEOUT_SECONDS": ("live_pulse", "timeout_s"),
    "SNAPSHOT_RETENTION_HOURS": ("cleanup", "snapshot_retention_hours"),
    "SAFETY_REASON_CODES": ("plants", "*", "safety_reason_codes"),
    "MSSQL_HOST": ("plants", "*", "sql_server", "host"),
    "MSSQL_PORT": ("plants", "*", "sql_server", "port"),
    "MSSQL_USER": ("plants", "*", "sql_server", "user"),
    "MSSQL_PASSWORD": ("plants", "*", "sql_server", "password"),
    "MSSQL_DATABASE": ("plants", "*", "sql_server", "database"),
    "MSSQL_TIMEZONE": ("plants", "*", "time_zone"),
    "MSSQL_ENCRYPTION": ("plants", "*", "sql_server", "encryption"),
    "MSSQL_CA_FILE": ("plants", "*", "sql_server", "ca_file"),
    "MANUAL_CALLS": ("manual_calls", "accept"),
    "K_SERVICE": ("manual_calls", "cloud_run_service"),
    "SUPABASE_URL": ("supabase", "url"),
    "SUPABASE_SECRET_KEY": ("supabase", "secret_key"),
    "SUPABASE_SERVICE_ROLE_KEY": ("supabase", "secret_key"),
    "SUPABASE_JWT_SECRET": ("supabase", "jwt_secret"),
}
CONFIG_FILE_VARIABLE = "PLANTPULSE_CONFIG"

# libyaml's, which every wheel of PyYAML has: a file of a thousand plants takes it a seventh of the time.
_SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NEEDED_TO_CONNECT = {
    "host": "MSSQL_HOST",
    "user": "MSSQL_USER",
    "password": "MSSQL_PASSWORD",
    "database": "MSSQL_DATABASE",
}


def load(environ: Mapping[str, str] | None = None, *, file: Path | None = None) -> Settings:
    """Read the settings from plantpulse.yaml and the environment.

    The file is `file`, else the one named by PLANTPULSE_CONFIG, else plantpulse.yaml in the working
    directory; without any, the environment alone describes one plant called `plant`. Time zones mean from
    then on what the locked `tzdata` says, whatever the operating system has: same bundle, same clocks.
    Raises: ConfigurationError naming each wrong setting and its allowed form; SecretUnavailable.
    """
    return load_with_origins(environ, file=file)[0]


def load_with_origins(
    environ: Mapping[str, str] | None = None, *, file: Path | None = None
) -> tuple[Settings, dict[str, str]]:
    """Read the settings, and say from where each came that is no default: its dotted place to its origin.

    An origin is a variable's name or a file's. Raises: as `load` does.
    """
    environ = dict(os.environ if environ is None else environ)
    if file is not None:
        if not file.is_file():
            raise ConfigurationError(f"there is no file {file}")
        environ[CONFIG_FILE_VARIABLE] = str(file)
    zoneinfo.reset_tzpath(to=())
    tree = _read_file(environ)
    written = dict.fromkeys(_places(tree), Path(environ.get(CONFIG_FILE_VARIABLE) or FILE_NAME).name)
    values = with_secrets(environ, _mapping(tree, "plants"))
    origins = _overlay(tree, values)
    settings = _validated(tree, origins)
    named = {place: name if name in environ else name + ARN_SUFFIX for place, name in origins.items()}
    return settings, written | {".".join(place): name for place, name in named.items()}


def _places(tree: Any, above: str = "") -> Iterator[str]:
    """Return the dotted places of all values that a tree holds."""
    if not isinstance(tree, dict):
        yield above
        return
    for key, value in tree.items():
        yield from _places(value, f"{above}.{key}" if above else str(key))


def _validated(tree: dict[str, Any], origins: Mapping[tuple[str, ...], str]) -> Settings:
    plants = _mapping(tree, "plants")
    for key, plant in plants.items():
        _settle_sql_server(plant, _names_of_needed(key, is_only=len(plants) == 1))
    if not {"url", "secret_key"} <= set(tree.get("supabase", {})):
        tree.pop("supabase", None)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        _refuse(error, tree, origins)


def _read_file(environ: Mapping[str, str]) -> dict[str, Any]:
    path = Path(environ.get(CONFIG_FILE_VARIABLE) or FILE_NAME)
    if not path.is_file():
        if CONFIG_FILE_VARIABLE in environ:
            raise ConfigurationError(f"{CONFIG_FILE_VARIABLE} names a file that does not exist")
        if "MSSQL_TIMEZONE" not in environ:
            raise ConfigurationError(
                f"there is no {FILE_NAME} in {Path.cwd()}, and no MSSQL_TIMEZONE for a plant without one"
            )
        return {"plants": {"plant": {}}}
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), Loader=_SAFE_LOADER)  # noqa: S506 - a safe one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise ConfigurationError(f"{path.name} is not valid YAML{where}") from None
    if not isinstance(tree, dict):
        raise ConfigurationError(f"{path.name} must hold a mapping with the key plants")
    _refuse_secrets(tree)
    _refuse_what_is_worked_out(tree)
    for plant in _mapping(tree, "plants").values():
        _anchor(plant, "queries_dir", path.parent)
        _anchor(_mapping(plant, "sql_server"), "ca_file", path.parent)
    return tree


def _anchor(tree: Any, key: str, folder: Path) -> None:
    """Have a path in the file start at the file's own folder, from wherever the function is started."""
    if isinstance(tree, dict) and isinstance(tree.get(key), str):
        tree[key] = folder / tree[key]


def _refuse_secrets(tree: dict[str, Any]) -> None:
    if "supabase" in tree:
        raise ConfigurationError(
            "supabase: belongs to the environment; set SUPABASE_URL and SUPABASE_SECRET_KEY"
        )
    for key, plant in _mapping(tree, "plants").items():
        if "password" in _mapping(plant, "sql_server"):
            raise ConfigurationError(
                f"plants.{key}.sql_server.password: no secret belongs here; set {password_variable(key)}"
            )


def _refuse_what_is_worked_out(tree: dict[str, Any]) -> None:
    """Refuse, as any unknown setting, what a plant's model has for itself. Raises: ConfigurationError."""
    for key, plant in _mapping(tree, "plants").items():
        if isinstance(plant, dict) and "missing_settings" in plant:
            raise ConfigurationError(f"plants.{key}.missing_settings: Extra inputs are not permitted")


def _mapping(tree: Any, key: str) -> dict[str, Any]:
    """Return tree[key] when it is a mapping, else an empty one: the models say what is wrong with it."""
    value = tree.get(key) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}


def _overlay(tree: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Write the environment over the tree; return which place came from which variable."""
    # A secret that was piped into its store often ends in a line break.
    environ = {name: value.strip() for name, value in environ.items()}
    origins: dict[tuple[str, ...], str] = {}
    plants = _mapping(tree, "plants")
    for variable, pattern in ENVIRONMENT.items():
        if not environ.get(variable):
            continue
        if "*" in pattern and len(plants) != 1:
            raise ConfigurationError(
                f"{variable} is for a single plant; with several, set it in plantpulse.yaml"
            )
        place = tuple(next(iter(plants)) if part == "*" else part for part in pattern)
        if place not in origins:
            _put(tree, place, _parsed(variable, environ[variable]))
            origins[place] = variable
    shared = read_passwords(environ.get(PASSWORDS, ""))
    for key in plants:
        place = ("plants", key, "sql_server", "password")
        if password := environ.get(password_variable(key)):
            _put(tree, place, password)
            origins[place] = password_variable(key)
        elif place not in origins and (password := shared.get(str(key))):
            _put(tree, place, password)
            origins[place] = PASSWORDS
    return origins


def _parsed(variable: str, text: str) -> Any:
    if variable != "SAFETY_REASON_CODES":
        return text
    pairs = [part.strip().rpartition("=") for part in text.split(",") if part.strip()]
    return {
        (code or severity).strip(): severity.strip() if code else "critical" for code, _, severity in pairs
    }


def _put(tree: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    for part in place[:-1]:
        below = tree.setdefault(part, {})
        if below is None:
            below = tree[part] = {}
        if not isinstance(below, dict):
            return  # the models refuse what stands there
        tree = below
    tree[place[-1]] = value


def _names_of_needed(key: str, *, is_only: bool) -> Mapping[str, str]:
    """Return under which name to set what a connection needs: of several plants each has names of its own."""
    if is_only:
        return _NEEDED_TO_CONNECT
    names = {name: f"plants.{key}.sql_server.{name}" for name in _NEEDED_TO_CONNECT}
    return names | {"password": password_variable(key)}


def _settle_sql_server(plant: Any, names: Mapping[str, str]) -> None:
    """Take out a SQL Server that is not configured yet, and note what it lacks."""
    if not isinstance(plant, dict):
        return
    server = _mapping(plant, "sql_server")
    missing = tuple(told for name, told in names.items() if not server.get(name))
    if missing:
        plant["missing_settings"] = missing
        plant["sql_server"] = None


def _refuse(error: ValidationError, tree: dict[str, Any], origins: Mapping[tuple[str, ...], str]) -> NoReturn:
    faults: dict[str, None] = {}  # in order, each said once
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        place = _place_written(tuple(str(part) for part in fault["loc"]), tree)
        name = origins.get(place) or ".".join(place) or FILE_NAME
        faults[f"{name}: {fault['msg'].removeprefix('Value error, ')}"] = None
    raise ConfigurationError("; ".join(faults)) from None


def _place_written(place: tuple[str, ...], tree: dict[str, Any]) -> tuple[str, ...]:
    """Return where a setting was written: what a plant has not of its own in a section is the common one."""
    if len(place) != 4 or place[0] != "plants" or place[2] not in PLANT_SECTIONS:
        return place
    own = _mapping(_mapping(_mapping(tree, "plants"), place[1]), place[2])
    return place if place[3] in own else place[2:]
