"""The settings that a bundle carries, read without pydantic and without YAML.

They were checked and completed when the bundle was built. The document has `settings`, which is complete, and
`written`, the content of plantpulse.yaml. Secrets come from the environment at every start. A variable may
still override a single setting. Then the written settings are checked again with it, because one setting can
affect others.
"""

import json
import zoneinfo
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from plantpulse.errors import ConfigurationError
from plantpulse.settings.filling import Refused, filled
from plantpulse.settings.secret_variables import with_secrets
from plantpulse.settings.settings import Settings
from plantpulse.settings.tree import Tree, anchor_paths, complete, mapping, without_half_a_supabase
from plantpulse.settings.variables import ENVIRONMENT, OF_THE_ENVIRONMENT, is_overriding, overlay

FILE_NAME: Final = "plantpulse.json"


def read(path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings of a bundle, with the environment over them.

    Raises: ConfigurationError that names the wrong variable; SecretRefused, SecretUnavailable.
    """
    zoneinfo.reset_tzpath(to=_zones())
    document = json.loads(path.read_bytes())
    settings, written = document["settings"], document["written"]
    values = with_secrets(dict(environ), mapping(settings, "plants"), mapping(settings, "channels"))
    given = {name: text for name in ENVIRONMENT if (text := values.get(name, "").strip())}
    overriding = [
        name
        for name, text in given.items()
        if name not in OF_THE_ENVIRONMENT and is_overriding(name, text, settings)
    ]
    if overriding:
        return _checked_anew(written, path, values)
    anchor_paths(settings, path.parent)
    origins = overlay(settings, _secrets_in(values))
    try:
        return filled(Settings, complete(without_half_a_supabase(settings)))
    except Refused as error:
        raise ConfigurationError(f"{origins.get(error.place, '.'.join(error.place))}: {error}") from None


def _zones() -> list[str]:
    """Return the folder of the locked tz database.

    `zoneinfo` would find it by itself, with `importlib.resources`, which takes 4 ms to import.
    """
    spec = find_spec("tzdata")
    return [str(Path(folder, "zoneinfo")) for folder in (spec and spec.submodule_search_locations) or ()]


def _secrets_in(values: Mapping[str, str]) -> dict[str, str]:
    settings = ENVIRONMENT.keys() - OF_THE_ENVIRONMENT
    return {name: text for name, text in values.items() if name not in settings}


def _checked_anew(written: Tree, path: Path, values: Mapping[str, str]) -> Settings:
    from plantpulse.settings.validation import validated_settings  # noqa: PLC0415 - 70 ms, seldom

    anchor_paths(written, path.parent)
    origins = overlay(written, values)
    return validated_settings(written, origins, path.name)


def document_of(settings: Tree, written: Tree, sha256: str) -> dict[str, Any]:
    """Return the document of a bundle: both trees have paths from the bundle's root, and no secrets.

    A SQL Server that is not configured yet stays as written: each start finds out what it lacks. `sha256` is
    that of plantpulse.yaml, so every change of the file, even of a comment, makes another bundle.
    """
    for key, plant in settings["plants"].items():
        plant["sql_server"] = plant["sql_server"] or mapping(mapping(written, "plants")[key], "sql_server")
        plant.pop("missing_settings", None)
    return {"plantpulse_yaml_sha256": sha256, "settings": settings, "written": written}
