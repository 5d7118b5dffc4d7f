"""What the code refuses in plantpulse.yaml, Terraform refuses at plan time, in the same words.

Every file below is read by both: by `plantpulse.settings.config` and, all of them in one run of the real
CLI, by `infra/terraform/modules/plan`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import rules
from plantpulse.errors import ConfigurationError
from plantpulse.settings import config
from plantpulse.settings.secret_variables import password_variable
from tests.infra.conftest import Terraform

_WRAPPER = """
variable "files" { type = map(string) }
module "plan" {
  source        = "%s"
  for_each      = var.files
  config_file   = each.value
  retry_waits_s = []
}
output "faults" { value = { for name, plan in module.plan : name => plan.faults } }
"""


def read_table(name: str) -> dict[str, str]:
    """Return the files of a table beside this module by their names."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    entries = (entry.partition("\n") for entry in text.split("### ")[1:])
    return {name: content for name, _, content in entries}


BAD = read_table("refused.txt")
GOOD = read_table("accepted.txt")

_NAMES_OF_A_SERVER = {"host", "user", "database"}
_VALUES: tuple[Any, ...] = (None, "soon", "", "7", -1, 1.5, 10_000_000, False, [], {"x": 1})


def every_field_with_every_value() -> Iterator[tuple[str, str]]:
    """Yield files where all settings of one section have a value that hardly any setting takes."""
    for place, section in rules.rules()["sections"].items():
        kinds = {name: field["type"] for name, field in section["fields"].items()}
        for value in _VALUES:
            names = {name for name, kind in kinds.items() if _is_tried(kind, value)}
            # A server without a name is none, so these three are tried by themselves.
            for group in (names - _NAMES_OF_A_SERVER, names & _NAMES_OF_A_SERVER):
                if group:
                    yield (
                        f"{place}: {sorted(group)[0]} ... = {json.dumps(value)}",
                        json.dumps(_tree(place, group, value)),
                    )


def _is_tried(kind: str, value: Any) -> bool:
    is_bool_for_number = isinstance(value, bool) and kind in {"integer", "number"}  # see below
    return kind not in {"section", "entries"} and not is_bool_for_number


def _tree(place: str, names: set[str], value: Any) -> dict[str, Any]:
    plant: dict[str, Any] = {"time_zone": "UTC", "sql_server": {"host": "h", "user": "u", "database": "d"}}
    tree: dict[str, Any] = {"plants": {"north": plant}}
    section = tree
    for part in place.replace("*", "north").split(".") if place else ():
        section = section.setdefault(part, {})
    return section.update(dict.fromkeys(names, value)) or tree


STRICTER = {"true for a number": "plants: {north: {time_zone: UTC}}\nlive_pulse: {every_minutes: true}"}

FILES = BAD | GOOD | dict(every_field_with_every_value())


def passwords_for(text: str) -> dict[str, str]:
    try:
        plants = yaml.safe_load(text)["plants"].items()
    except (yaml.YAMLError, AttributeError, TypeError, KeyError):
        return {}
    return {
        password_variable(key): "secret"
        for key, plant in plants
        if isinstance(plant, dict) and isinstance(plant.get("sql_server"), dict)
    }


def refusal_of_the_code(path: Path) -> set[str]:
    """Return what the code says of a file where every SQL Server's password is set."""
    try:
        config.load(
            {config.CONFIG_FILE_VARIABLE: str(path)} | passwords_for(path.read_text(encoding="utf-8"))
        )
    except ConfigurationError as error:
        return set(str(error).partition(" (line")[0].split("; "))
    return set()


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, files = tmp_path_factory.mktemp("files"), FILES | STRICTER
    paths = {name: folder / str(number) / "plantpulse.yaml" for number, name in enumerate(files)}
    for name, path in paths.items():
        path.parent.mkdir()
        path.write_text(files[name], encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def refused(terraform: Terraform, paths: dict[str, Path]) -> dict[str, set[str]]:
    """What Terraform refuses, by file."""
    directory = terraform.folder.parent / "refusals"
    directory.mkdir()
    (directory / "main.tf").write_text(_WRAPPER % "../terraform/modules/plan", encoding="utf-8")
    files = {str(number): str(path) for number, path in enumerate(paths.values())}
    faults = terraform.outputs(directory, files=files)["faults"]
    return {name: set("; ".join(faults[str(number)]).split("; ")) - {""} for number, name in enumerate(paths)}


@pytest.mark.parametrize("name", FILES)
def test_terraform_refuses_what_the_code_refuses_in_its_words(
    name: str, paths: dict[str, Path], refused: dict[str, set[str]]
) -> None:
    assert refused[name] == refusal_of_the_code(paths[name])


@pytest.mark.parametrize("name", BAD)
def test_the_table_of_bad_files_is_bad(name: str, refused: dict[str, set[str]]) -> None:
    assert refused[name]


@pytest.mark.parametrize("name", GOOD)
def test_the_table_of_good_files_is_good(name: str, refused: dict[str, set[str]]) -> None:
    assert refused[name] == set()


def test_a_refusal_reads_like_this(refused: dict[str, set[str]]) -> None:
    assert refused["seven minutes in one plant"] == {
        "plants.south.live_pulse: every_minutes must divide a day (1440 minutes) without a rest"
    }


def test_true_is_no_number_although_python_takes_it_for_one(refused: dict[str, set[str]]) -> None:
    assert refused["true for a number"] == {"live_pulse.every_minutes: Input should be a valid integer"}


def test_the_rules_are_those_of_the_models() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in rules.files()} == rules.files(), "make infra"
