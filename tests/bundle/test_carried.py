"""The settings that travel with a bundle."""

from pathlib import Path

import pytest
import trustme

from bundle.carried import carry, check
from bundle.refusal import BundleRefused
from plantpulse.settings import config

QUERY = "select top (@limit) name as asset, 0 as bucket, 1 as units, null as last_at from pieces\n"
SERVER = "host: sql.example, user: reader, database: mes"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with query files and an authority, in which a test writes plantpulse.yaml."""
    (tmp_path / "home" / "queries" / "north").mkdir(parents=True)
    (tmp_path / "home" / "queries" / "north" / "output.sql").write_text(QUERY, encoding="utf-8")
    (tmp_path / "home" / "queries" / "north" / "README.txt").write_text(
        "not for SQL Server", encoding="utf-8"
    )
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "home" / "ca.pem"))
    return tmp_path / "home"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle that has its code and no settings yet."""
    (tmp_path / "bundle" / "plantpulse").mkdir(parents=True)
    (tmp_path / "bundle" / "main.py").touch()
    return tmp_path / "bundle"


def write(home: Path, north: str) -> Path:
    """Write plantpulse.yaml with one plant; return its path."""
    file = home / "site.yaml"
    file.write_text(f"plants: {{north: {{time_zone: America/Chicago, {north}}}}}\n", encoding="utf-8")
    return file


def files_in(bundle: Path) -> set[str]:
    return {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}


def test_the_files_that_the_settings_name_come_along_and_no_others(home: Path, bundle: Path) -> None:
    file = write(home, f"queries_dir: queries/north, sql_server: {{{SERVER}, ca_file: ca.pem}}")

    carry(file, bundle)

    assert files_in(bundle) == {"main.py", "plantpulse.json", "queries/north/output.sql", "ca.pem"}


def test_the_function_finds_them_from_whatever_folder_it_is_started_in(
    home: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry(write(home, f"queries_dir: queries/north, sql_server: {{{SERVER}, ca_file: ca.pem}}"), bundle)
    monkeypatch.chdir(tmp_path)

    plant = config.load(
        {"PLANTPULSE_CONFIG": str(bundle / "plantpulse.json"), "MSSQL_PASSWORD": "as the cloud sets it"}
    ).plants["north"]

    assert plant.queries_dir == bundle / "queries" / "north"
    assert plant.sql_server is not None
    assert plant.sql_server.ca_file == bundle / "ca.pem"


@pytest.mark.parametrize(
    ("north", "told"),
    [
        ("source_lag_s: -1", "plants.north.source_lag_s: must be a whole number from 0 to 3600"),
        (
            f"sql_server: {{{SERVER}, port: 0}}",
            "plants.north.sql_server.port: must be a whole number from 1 to 65535",
        ),
        (f"sql_server: {{{SERVER}, password: pw}}", "no secret belongs here; set MSSQL_PASSWORD__NORTH"),
        ("queries_dir: nowhere", "queries_dir: .*nowhere is not a folder"),
        (
            f"sql_server: {{{SERVER}, ca_file: none.pem}}",
            r"sql_server.ca_file .* cannot be read \(No such file",
        ),
        (f"sql_server: {{{SERVER}, ca_file: site.yaml}}", "it has no certificate in PEM form"),
    ],
)
def test_what_a_function_would_refuse_is_refused_in_its_own_words(home: Path, north: str, told: str) -> None:
    with pytest.raises(BundleRefused, match=told):
        check(write(home, north))


def test_all_mistakes_are_told_at_once(home: Path) -> None:
    with pytest.raises(BundleRefused) as refused:
        check(write(home, f"oee_scale: per_mille, sql_server: {{{SERVER}, encryption: maybe, port: 99999}}"))

    assert "plants.north.oee_scale: must be percent or fraction" in str(refused.value)
    assert "plants.north.sql_server.encryption: must be require, request or off" in str(refused.value)
    assert "plants.north.sql_server.port: must be a whole number from 1 to 65535" in str(refused.value)


def test_a_query_file_that_replaces_nothing_is_refused(home: Path) -> None:
    (home / "queries" / "north" / "outptu.sql").write_text(QUERY, encoding="utf-8")

    with pytest.raises(BundleRefused, match=r"outptu\.sql replaces nothing"):
        check(write(home, "queries_dir: queries/north"))


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="PLANTPULSE_CONFIG names a file that does not exist"):
        check(tmp_path / "nowhere.yaml")


def test_what_is_named_by_its_whole_path_is_found_in_the_bundle(home: Path, bundle: Path) -> None:
    carry(write(home, f"queries_dir: {home / 'queries' / 'north'}"), bundle)

    settings = config.load({"PLANTPULSE_CONFIG": str(bundle / "plantpulse.json")})

    assert settings.plants["north"].queries_dir == bundle / "queries" / "north"


def test_what_could_not_be_found_in_the_cloud_is_refused(home: Path, bundle: Path) -> None:
    elsewhere = home.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "output.sql").write_text(QUERY, encoding="utf-8")

    file = write(home, "queries_dir: ../elsewhere")
    for step in (lambda: check(file), lambda: carry(file, bundle)):
        with pytest.raises(BundleRefused, match=r"must lie below the folder of plantpulse\.yaml, to travel"):
            step()


def test_settings_cannot_take_the_place_of_code(home: Path, bundle: Path) -> None:
    (home / "queries").rename(home / "plantpulse")

    with pytest.raises(
        BundleRefused, match=r"plantpulse/north/output\.sql: the functions' code has something of"
    ):
        carry(write(home, "queries_dir: plantpulse/north"), bundle)


def test_a_plant_that_has_no_sql_server_yet_may_be_deployed(home: Path, bundle: Path) -> None:
    carry(write(home, "oee_scale: fraction"), bundle)

    assert files_in(bundle) == {"main.py", "plantpulse.json"}
