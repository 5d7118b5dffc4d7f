"""Which environment variable overrides which setting.

Pure: the environment is an argument. It overrides the file, so that a laptop or a cloud console can change
one value.
"""

from collections.abc import Mapping
from typing import Any, Final

from plantpulse.errors import ConfigurationError
from plantpulse.settings.secret_variables import (
    CHANNEL_SECRETS,
    PASSWORDS,
    SERIES_KEYS,
    TAG_CREDENTIALS,
    channel_secret_variable,
    password_variable,
    read_channel_secrets,
    read_passwords,
    read_series_keys,
)
from plantpulse.settings.series import KEY_VARIABLES
from plantpulse.settings.tree import Place, Tree, mapping, put

OAUTH_PROVIDERS: Final = "DASHBOARD_OAUTH_PROVIDERS"

# Variable -> place in the settings tree. `*` stands for the only plant.
ENVIRONMENT: Final[Mapping[str, Place]] = {
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
    "DASHBOARD_PUBLISHABLE_KEY": ("dashboard", "publishable_key"),
    "DASHBOARD_LIVE_PULSE_URL": ("dashboard", "live_pulse_url"),
    "DASHBOARD_TAGS_URL": ("dashboard", "tags_url"),
    OAUTH_PROVIDERS: ("dashboard", "oauth_providers"),
    "DASHBOARD_SSO_DOMAIN": ("dashboard", "sso_domain"),
    "MANUAL_CALLS": ("manual_calls", "accept"),
    "K_SERVICE": ("manual_calls", "cloud_run_service"),
    "SUPABASE_URL": ("supabase", "url"),
    "SUPABASE_SECRET_KEY": ("supabase", "secret_key"),
    "SUPABASE_SERVICE_ROLE_KEY": ("supabase", "secret_key"),
    "SUPABASE_JWT_SECRET": ("supabase", "jwt_secret"),
    TAG_CREDENTIALS: ("tag_credentials",),
}

# Settings that only the environment has: they are in no file, so they override nothing.
OF_THE_ENVIRONMENT: Final = frozenset(
    name
    for name, place in ENVIRONMENT.items()
    if place[0] in {"supabase", "tag_credentials"} or place[-1] in {"password", "cloud_run_service"}
)


def overlay(tree: Tree, environ: Mapping[str, str]) -> dict[Place, str]:
    """Write the environment over the tree, and return the variable of each changed place.

    Raises: ConfigurationError for a variable of one plant if there are several.
    """
    # A secret that was piped into its store often ends with a line break.
    environ = {name: value.strip() for name, value in environ.items()}
    origins: dict[Place, str] = {}
    plants = mapping(tree, "plants")
    for variable in ENVIRONMENT:
        if environ.get(variable) and (place := _place_of(variable, plants)) not in origins:
            put(tree, place, parsed(variable, environ[variable]))
            origins[place] = variable
    return (
        origins
        | _overlay_passwords(tree, environ, origins)
        | _overlay_channel_secrets(tree, environ)
        | _overlay_series_keys(tree, environ)
    )


def _overlay_passwords(
    tree: Tree, environ: Mapping[str, str], origins: Mapping[Place, str]
) -> dict[Place, str]:
    shared = read_passwords(environ.get(PASSWORDS, ""))
    found: dict[Place, str] = {}
    for key in mapping(tree, "plants"):
        place = ("plants", key, "sql_server", "password")
        if password := environ.get(password_variable(key)):
            found[place] = password_variable(key)
        elif place not in origins and (password := shared.get(str(key))):
            found[place] = PASSWORDS
        if password and place in found:
            put(tree, place, password)
    return found


def _overlay_channel_secrets(tree: Tree, environ: Mapping[str, str]) -> dict[Place, str]:
    shared = read_channel_secrets(environ.get(CHANNEL_SECRETS, ""))
    found: dict[Place, str] = {}
    for key, channel in mapping(tree, "channels").items():
        own = channel_secret_variable(key)
        secret = environ.get(own) or shared.get(str(key), "").strip()
        if secret and isinstance(channel, dict):
            place = ("channels", str(key), "secret")
            channel["secret"] = secret
            found[place] = own if environ.get(own) else CHANNEL_SECRETS
    return found


def _overlay_series_keys(tree: Tree, environ: Mapping[str, str]) -> dict[Place, str]:
    """Write the publishers' keys, where series are collected."""
    if tree.get("series") is None:
        return {}
    shared = read_series_keys(environ.get(SERIES_KEYS, ""))
    found: dict[Place, str] = {}
    for publisher, variable in KEY_VARIABLES.items():
        if key := environ.get(variable) or shared.get(publisher, "").strip():
            place = ("series", publisher, "key")
            put(tree, place, key)
            found[place] = variable if environ.get(variable) else SERIES_KEYS
    return found


def is_overriding(variable: str, text: str, tree: Tree) -> bool:
    """Say whether a variable differs from the tree. Raises: as `overlay` does."""
    value: Any = tree
    for part in _place_of(variable, mapping(tree, "plants")):
        value = value.get(part) if isinstance(value, dict) else None
    told = parsed(variable, text.strip())
    if isinstance(value, bool):
        return str(told).lower() != str(value).lower()
    return bool(told != value and str(told) != str(value))


def _place_of(variable: str, plants: Tree) -> Place:
    pattern = ENVIRONMENT[variable]
    if "*" in pattern and len(plants) != 1:
        instead = "set MSSQL_PASSWORD__<PLANT>" if pattern[-1] == "password" else "set it in plantpulse.yaml"
        raise ConfigurationError(f"{variable} is for a single plant; with several, {instead}")
    return tuple(next(iter(plants)) if part == "*" else part for part in pattern)


def parsed(variable: str, text: str) -> Any:
    """Return the value of a variable's text: codes as a mapping, providers as a list, or the text."""
    if variable == OAUTH_PROVIDERS:
        return [name.strip() for name in text.split(",") if name.strip()]
    if variable != "SAFETY_REASON_CODES":
        return text
    codes: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        code, _, severity = part.rpartition("=")
        code, severity = (code.strip(), severity.strip()) if "=" in part else (part.strip(), "critical")
        if codes.setdefault(code, severity) != severity:
            raise ConfigurationError(f"{variable}: {code} is written twice, with two severities")
    if not codes or "" in codes:
        raise ConfigurationError(
            f"{variable}: must be codes with severities, such as Fire=critical, Spill=low"
        )
    return codes
