"""build/deployment.json, as `make bundle` writes it."""

import hashlib
import json
from pathlib import Path

import pytest

from bundle.__main__ import main
from bundle.deployment import describe, write
from bundle.refusal import BundleRefused
from bundle.targets import REPOSITORY, function_names, python_version

FILES = [REPOSITORY / "plantpulse.yaml", REPOSITORY / "examples" / "several_plants.yaml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_is_of_one_file_and_always_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = describe(file)
    monkeypatch.setenv("POLL_INTERVAL_MINUTES", "5")
    monkeypatch.setenv("MSSQL_PASSWORD", "hunter2")

    assert describe(file) == first
    assert json.loads(first)["settings_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert json.loads(first)["python_version"] == python_version()
    assert list(json.loads(first)) == sorted(json.loads(first))


def test_every_function_there_is_is_deployed_where_plants_series_and_tags_are(tmp_path: Path) -> None:
    file = tmp_path / "plantpulse.yaml"
    board = "dashboard: {enabled: true, publishable_key: sb_publishable_abc}\n"
    board += "manual_calls: {accept: supabase_user}\n"
    file.write_text("plants: {north: {time_zone: UTC}}\nseries: {}\ntags: {}\n" + board, encoding="utf-8")

    deployment = json.loads(describe(file))

    assert sorted([*deployment["functions"], "dashboard"]) == deployment["function_names"]
    assert sorted(write(file, tmp_path / "deployment.json")) == function_names()
    assert deployment["dashboard"]["environment"] == {"DASHBOARD_PUBLISHABLE_KEY": "sb_publishable_abc"}
    assert "DASHBOARD_PUBLISHABLE_KEY" not in deployment["functions"]["health"]["environment"]


def test_no_board_is_deployed_where_none_is_wanted() -> None:
    assert json.loads(describe(FILES[0]))["dashboard"] is None


def test_make_bundle_writes_it_beside_the_bundles(tmp_path: Path) -> None:
    status = main(["--deployment-only", "--config", str(FILES[0]), "--out", str(tmp_path / "bundles")])

    assert status == 0
    assert (tmp_path / "deployment.json").read_text(encoding="utf-8") == describe(FILES[0])
    assert not (tmp_path / "bundles").exists()


def test_a_file_that_is_refused_leaves_the_last_one(tmp_path: Path) -> None:
    bad = tmp_path / "plantpulse.yaml"
    bad.write_text("plants: {north: {time_zone: Mars/Olympus}}", encoding="utf-8")
    (tmp_path / "deployment.json").write_text("the last one", encoding="utf-8")

    status = main(["--deployment-only", "--config", str(bad), "--out", str(tmp_path / "bundles")])

    assert status == 1
    assert (tmp_path / "deployment.json").read_text(encoding="utf-8") == "the last one"
    with pytest.raises(BundleRefused, match=r"^plants\.north\.time_zone: must be an IANA time zone"):
        describe(bad)
