"""`make bundle` as it is called."""

import re
from pathlib import Path

import pytest

from bundle.__main__ import main
from bundle.interpreter import find_python
from bundle.refusal import BundleRefused
from bundle.targets import FUNCTIONS, REPOSITORY, function_names


def test_a_file_that_the_functions_would_refuse_ends_it_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plantpulse.yaml"
    file.write_text("plants: {north: {time_zone: Mars/Olympus}}\n", encoding="utf-8")

    status = main(["--config", str(file), "--out", str(tmp_path / "out")])

    told = capsys.readouterr()
    assert (status, told.out) == (1, "")
    assert told.err == (
        "plants.north.time_zone: must be an IANA time zone such as Europe/Berlin or a Windows one such as"
        " W. Europe Standard Time\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("architecture", ["sparc", "amd64", ""])
def test_an_architecture_that_lambda_has_not_is_refused(
    architecture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--architecture", architecture])

    assert "x86_64" in capsys.readouterr().err


def test_every_folder_with_a_main_is_a_function() -> None:
    assert function_names() == sorted(
        path.name for path in FUNCTIONS.iterdir() if (path / "main.py").is_file()
    )
    assert "live_pulse" in function_names()


def test_a_python_that_is_nowhere_is_asked_for() -> None:
    with pytest.raises(BundleRefused, match=r"Python 3\.2 is needed, the version that the functions run on"):
        find_python("3.2")


def test_make_hands_the_settings_and_the_architecture_on() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")

    (recipe,) = re.findall(r"^bundle: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert "-m bundle --config $(CONFIG) --architecture $(ARCHITECTURE)" in recipe
    assert "$(if $(CLOUD),--cloud $(CLOUD))" in recipe


@pytest.mark.parametrize(
    ("settings", "built"),
    [
        ("plants: {}", ["cleanup", "health"]),
        (
            "plants: {}\nseries: {areas: {}}",
            ["cleanup", "commodity_prices", "health", "series_backfill", "series_gaps"],
        ),
    ],
    ids=["nothing", "prices alone"],
)
def test_what_the_settings_do_not_deploy_is_not_built(
    settings: str, built: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "plantpulse.yaml"
    file.write_text(settings, encoding="utf-8")

    assert main(["--cloud", "gcp", "--config", str(file), "--out", str(tmp_path / "bundles")]) == 0
    assert sorted(path.stem for path in (tmp_path / "bundles" / "gcp").iterdir()) == built


@pytest.mark.parametrize(
    ("asked", "status", "for_google"),
    [(["--cloud", "gcp"], 0, True), (["--cloud", "aws"], 1, False), ([], 1, True)],
)
def test_only_lambda_needs_wheels_and_each_cloud_is_built_for_alone(
    asked: list[str], status: int, for_google: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))  # no wheel can be had
    out = tmp_path / "bundles"

    assert main(["health", *asked, "--out", str(out)]) == status
    assert (out / "gcp" / "health.zip").is_file() is for_google
    assert not (out / "aws").exists()
