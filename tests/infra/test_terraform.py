"""The Terraform roots and modules: formatted, valid, and true to their own tests.

What is asserted stands in the `.tftest.hcl` files beside the configuration; here they are run, by the
real CLI.
"""

from pathlib import Path

import pytest

from tests.infra.conftest import ROOT, Terraform

INFRA = ROOT / "infra" / "terraform"
FOLDERS = sorted(str(path.parent.relative_to(INFRA)) for path in INFRA.rglob("versions.tf"))


def files_with_tests_of(folder: str) -> list[str]:
    return [path.name for path in (INFRA / folder / "tests").glob("*.tftest.hcl")]


def test_the_roots_and_modules_are_found() -> None:
    assert "modules/plan" in FOLDERS


def test_every_file_is_formatted(terraform: Terraform) -> None:
    done = terraform.run(terraform.folder, "fmt", "-check", "-recursive", "-diff")

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_configuration_is_valid(folder: str, terraform: Terraform) -> None:
    done = terraform.run_prepared(folder, "validate", "-no-color")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", FOLDERS)
def test_its_own_tests_pass(folder: str, terraform: Terraform) -> None:
    done = terraform.run_prepared(folder, "test", "-no-color")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Success! 0 passed" not in done.stdout
    assert all(f"tests/{name}... pass" in done.stdout for name in files_with_tests_of(folder))


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_has_tests(folder: str) -> None:
    assert files_with_tests_of(folder)
    assert not list(Path(INFRA / folder).glob("*.tfstate*"))
