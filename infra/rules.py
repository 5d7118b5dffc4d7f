"""The rules of plantpulse.yaml in a form that Terraform can apply, for `modules/plan`.

Terraform must refuse what the code would refuse, in the same words, before anything is deployed, and it
cannot ask Python. So the rules are read off the models, and the words are heard from them: each kind of
mistake is made once and what the code says of it is written down. `python -m infra.rules` writes the
files, `--check` ends with code 1 when one is stale.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationError
from tzlocal.windows_tz import win_tz

from plantpulse import settings as models
from plantpulse.errors import ConfigurationError
from plantpulse.settings import Settings, TimeOfDay, config

_PLAN = Path(__file__).parent / "terraform" / "modules" / "plan"
RULES_FILE = _PLAN / "rules.json"
ZONES_FILE = _PLAN / "time_zones.txt"

# Settings that come from the environment alone, or are computed.
_NOT_IN_THE_FILE = {"supabase", "password", "missing_settings", "cloud_run_service"}
_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "minLength": "min_length",
    "minProperties": "min_items",
    "pattern": "pattern",
    "enum": "choices",
    "default": "default",
}
_SERVER = "time_zone: UTC, sql_server: {host: h, user: u, database: d"
_CODES = ", ".join(f"{'x' * 500}{number}: low" for number in range(8))
# What no single field's schema says: one file for each mistake. `modules/plan/faults.tf` has the condition.
_MISTAKES = {
    "not_a_mapping": "just text",
    "not_yaml": "a: [1, 2",
    "supabase": "plants: {a: {time_zone: UTC}}\nsupabase: {}",
    "password": f"plants: {{a: {{{_SERVER}, password: x}}}}}}",
    "time_zone": "plants: {a: {time_zone: nowhere}}",
    "time_of_day": "plants: {a: {time_zone: UTC}}\nmorning_report: {at: noon}",
    "every_minutes": "plants: {a: {time_zone: UTC}}\nlive_pulse: {every_minutes: 7, window_minutes: 7}",
    "window_minutes": "plants: {a: {time_zone: UTC}}\nlive_pulse: {every_minutes: 15, window_minutes: 20}",
    "ca_file_encryption": f"plants: {{a: {{{_SERVER}, ca_file: f, encryption: request}}}}}}",
    "ca_file_instance": f"plants: {{a: {{{_SERVER}, ca_file: f, host: 'h\\i'}}}}}}",
    "reason_code": "plants: {a: {time_zone: UTC, safety_reason_codes: {' ': low}}}",
    "reason_codes": f"plants: {{a: {{time_zone: UTC, safety_reason_codes: {{{_CODES}}}}}}}",
}


class _Probe(BaseModel, extra="forbid"):
    """One field of every kind, to hear what pydantic says of a value that is none."""

    integer: int = Field(7, ge=7, le=7)
    number: float = 0
    text: str = Field("7", min_length=1, pattern="^7$")
    path: Path = Path()
    boolean: bool = False
    codes: dict[str, str] = Field({"7": ""}, min_length=1)
    texts: tuple[str, ...] = ()
    needed: str


_PROBES: dict[str, dict[str, Any]] = {
    "integer": {"integer": []},
    "integer_text": {"integer": "soon"},
    "integer_fraction": {"integer": 7.5},
    "number": {"number": []},
    "number_text": {"number": "soon"},
    "text": {"text": []},
    "path": {"path": []},
    "boolean": {"boolean": []},
    "boolean_text": {"boolean": "perhaps"},
    "codes": {"codes": []},
    "texts": {"texts": 7},
    "minimum": {"integer": 6},
    "maximum": {"integer": 8},
    "min_length": {"text": ""},
    "pattern": {"text": "8"},
    "min_items": {"codes": {}},
    "unknown": {"colour": "red"},
}


def rules() -> dict[str, Any]:
    """Return the sections of the file with their fields, the words, the variables and Windows' time zones."""
    return {
        "sections": dict(_sections(Settings.model_json_schema())),
        "told": _wording() | {name: _told_of(text) for name, text in _MISTAKES.items()},
        "environment": {
            variable: list(place)
            for variable, place in config.ENVIRONMENT.items()
            if not _NOT_IN_THE_FILE & set(place)
        },
        "windows_time_zones": _windows_zones(),
    }


def _sections(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping in the file by its place (`plants.*.sql_server`), with its fields."""

    def walk(place: str, section: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        fields: dict[str, dict[str, Any]] = {}
        below: list[tuple[str, dict[str, Any]]] = []
        for name, field in section["properties"].items():
            if name in _NOT_IN_THE_FILE:
                continue
            inner, is_nullable = _unwrapped(field)
            path = f"{place}.{name}".lstrip(".")
            if "$ref" in inner:
                below.append((path, schema["$defs"][inner["$ref"].rpartition("/")[2]]))
                fields[name] = {"type": "section"}
            elif "patternProperties" in inner:
                pattern, entry = next(iter(inner["patternProperties"].items()))
                below.append((f"{path}.*", schema["$defs"][entry["$ref"].rpartition("/")[2]]))
                fields[name] = {"type": "entries", "key_pattern": pattern} | _bounds_of(inner)
            else:
                fields[name] = {"type": _type_of(inner)} | _bounds_of(inner) | _choices_of(inner)
                fields[name] |= _peculiarities_of(section["title"], name)
            fields[name]["nullable"] = is_nullable
            fields[name]["required"] = name in section.get("required", ())
        yield place, {"model": section["title"], "fields": fields}
        for deeper_place, deeper in below:
            yield from walk(deeper_place, deeper)

    yield from walk("", schema)


def _unwrapped(field: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return what a field holds besides null, and whether it may be null."""
    options = field.get("anyOf", [field])
    some = [option for option in options if option.get("type") != "null"]
    if len(some) != 1:
        raise NotImplementedError(f"a setting of several types cannot be told to Terraform: {field}")
    bounds = {name: value for name, value in field.items() if name in _BOUNDS}
    return some[0] | bounds, len(some) < len(options)


def _type_of(field: dict[str, Any]) -> str:
    if field.get("format") == "path":
        return "path"
    kind = {
        "integer": "integer",
        "number": "number",
        "string": "text",
        "boolean": "boolean",
        "object": "codes",
        "array": "texts",
    }
    if field.get("type") not in kind or "format" in field:
        raise NotImplementedError(f"a setting of this type cannot be told to Terraform yet: {field}")
    return kind[field["type"]]


def _peculiarities_of(model: str, name: str) -> dict[str, Any]:
    """Return what a field's validators say and its schema does not."""
    field = getattr(models, model).model_fields[name]
    if any(marker in field.metadata for marker in get_args(TimeOfDay)[1:]):
        return {"type": "time_of_day"}
    takes_false = "off" in (choices := get_args(field.annotation)) and "false" not in choices
    return {"false_is_off": True} if takes_false else {}


def _bounds_of(field: dict[str, Any]) -> dict[str, Any]:
    bounds = field | field.get("items", {}) if field.get("type") == "array" else field
    return {ours: bounds[theirs] for theirs, ours in _BOUNDS.items() if bounds.get(theirs) is not None}


def _choices_of(field: dict[str, Any]) -> dict[str, Any]:
    """Return the words for a value outside of a choice, for the field or for a mapping's values."""
    values = field.get("additionalProperties")
    choices = (values if isinstance(values, dict) else field).get("enum")
    if not choices:
        return {}

    class Chosen(BaseModel):
        value: Literal[tuple(choices)]  # type: ignore[valid-type]

    return {"choices": choices, "told": _first_message(Chosen, {"value": []})}


def _wording() -> dict[str, str]:
    """Return what pydantic says of each kind of mistake, with %s where a bound stands."""
    bounds = {"minimum": "7", "maximum": "7", "min_length": "1", "min_items": "1", "pattern": "^7$"}
    told = {name: _first_message(_Probe, {"needed": ""} | bad) for name, bad in _PROBES.items()}
    told["required"] = _first_message(_Probe, {})
    told["section"] = _first_message(Settings, {"plants": {"a": 1}}).replace("PlantSettings", "%s")
    return {name: text.replace(bounds.get(name, "%s"), "%s") for name, text in told.items()}


def _first_message(model: type[BaseModel], value: dict[str, Any]) -> str:
    try:
        model.model_validate(value)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    raise AssertionError(f"{value} is no mistake")


def _told_of(text: str) -> str:
    """Return what the code says of a file, without the place and with the file's name left open."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / config.FILE_NAME
        path.write_text(text, encoding="utf-8")
        try:
            config.load({config.CONFIG_FILE_VARIABLE: str(path), "MSSQL_PASSWORD": "x"})
        except ConfigurationError as error:
            message = str(error)
    _, colon, reason = message.partition(": ")
    if not colon:
        return message.replace(config.FILE_NAME, "%s").partition(" (line")[0]
    return reason.replace("MSSQL_PASSWORD__A", "%s")


def _iana_zones() -> list[str]:
    """Return the names of tzdata, the package that stands behind `zoneinfo` wherever the code runs."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return sorted(names.split())


def _windows_zones() -> dict[str, str]:
    known = set(_iana_zones())
    return {name: iana for name, iana in sorted(win_tz.items()) if iana in known}


def files() -> dict[Path, str]:
    """Return the generated files with their content."""
    return {
        RULES_FILE: json.dumps(rules(), indent=1, ensure_ascii=False) + "\n",
        ZONES_FILE: "\n".join(_iana_zones()) + "\n",
    }


def main(arguments: list[str]) -> int:
    """Write the files, or with --check compare them; return the exit code."""
    stale = [path for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text]
    if arguments == ["--check"] and stale:
        print(f"{', '.join(path.name for path in stale)}: stale, run `make infra`")
        return 1
    for path in stale:
        path.write_text(files()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
