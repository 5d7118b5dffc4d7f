"""The providers that a deployment takes: pinned, and locked with checksums of every platform's package."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "infra" / "terraform"
_REQUIRED = re.compile(r'source  = "([a-z]+/[a-z]+)"\n +version = "([^"]+)"')
_LOCKED = re.compile(
    r'^provider "registry\.terraform\.io/([^"]+)" \{\n'
    r'  version     = "([^"]+)"\n  constraints = "([^"]+)"\n  hashes = \[\n(.*?)  \]\n\}$',
    re.MULTILINE | re.DOTALL,
)
# A package for each platform that the registry has one for; one of the sums is of a manifest.
_LEAST_PACKAGES = {"hashicorp/aws": 14, "hashicorp/google": 12, "hashicorp/time": 12}


def lock_of(root: str) -> list[tuple[str, str, str, str]]:
    return _LOCKED.findall((ROOT / root / ".terraform.lock.hcl").read_text(encoding="utf-8"))


@pytest.mark.parametrize("root", ["gcp", "aws"])
def test_the_lock_names_exactly_the_pinned_versions(root: str) -> None:
    pinned = dict(_REQUIRED.findall((ROOT / root / "versions.tf").read_text(encoding="utf-8")))

    locked = lock_of(root)

    assert {name: version for name, version, _, _ in locked} == pinned
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in pinned.values())
    assert all(version == constraints for _, version, constraints, _ in locked)


@pytest.mark.parametrize("root", ["gcp", "aws"])
def test_the_lock_has_a_checksum_of_every_platform_s_package(root: str) -> None:
    for name, _, _, hashes in lock_of(root):
        lines = hashes.splitlines()
        packages = [line for line in lines if re.fullmatch(r'    "zh:[0-9a-f]{64}",', line)]
        contents = [line for line in lines if re.fullmatch(r'    "h1:[A-Za-z0-9+/]{43}=",', line)]

        assert len(set(packages)) >= _LEAST_PACKAGES[name]
        assert contents
        assert sorted(lines) == lines
        assert len(packages) + len(contents) == len(lines)


def test_both_roots_lock_what_they_share_alike() -> None:
    by_root = [
        {name: rest for name, *rest in lock_of(root) if name == "hashicorp/time"} for root in ("gcp", "aws")
    ]

    assert by_root[0] == by_root[1] != {}
