"""What a function's imports lead to."""

from pathlib import Path

import pytest

from bundle.reach import PACKAGE_FOLDER, reach_of
from bundle.refusal import BundleRefused
from bundle.targets import FUNCTIONS, distributions_for, function_names

OF_EVERY_FUNCTION = {
    "boto3",
    "botocore",
    "pydantic",
    "pydantic-core",
    "pyyaml",
    "tenacity",
    "tzlocal",
    # What the channels of alerts need.
    "apprise",
    "certifi",
    "requests",
}


def reached(folder: Path, source: str) -> tuple[set[str], frozenset[str]]:
    """Return the files and distributions that a function with this main.py reaches."""
    (folder / "main.py").write_text(source, encoding="utf-8")
    reach = reach_of(folder)
    return {file.as_posix() for file in reach.files}, reach.distributions


def test_live_pulse_reaches_its_driver_and_its_query_files() -> None:
    reach = reach_of(FUNCTIONS / "live_pulse")

    assert reach.distributions == OF_EVERY_FUNCTION | {"pyjwt", "pymssql"}
    assert Path("source/queries/safety.sql") in reach.files
    assert Path("source/sqlserver.py") in reach.files


def test_health_reaches_no_driver_and_no_other_pipeline() -> None:
    reach = reach_of(FUNCTIONS / "health")

    assert "pymssql" not in reach.distributions
    assert reach.distributions == OF_EVERY_FUNCTION | {"jinja2", "prometheus-client"}
    folders = {file.parts[0] for file in reach.files if len(file.parts) > 1}
    assert folders == {
        "alerts",
        "clouds",
        "database",
        "entry",
        "health",
        "plant",
        "report_mail",
        "runs",
        "schedules",
        "settings",
    }
    of_a_plant = {file.name for file in reach.files if file.parts[0] == "plant"}
    # Settings compare reason codes by their keys; the mail of a morning report rounds for people.
    assert of_a_plant == {"__init__.py", "rounding.py", "text.py"}


def test_the_board_reaches_next_to_nothing() -> None:
    reach = reach_of(FUNCTIONS / "dashboard")

    assert reach.distributions == frozenset()
    assert [file.as_posix() for file in reach.files] == [
        "__init__.py",
        "dashboard/__init__.py",
        "dashboard/answers.py",
        "dashboard/page_settings.py",
        "dashboard/service.py",
        "dashboard/site.py",
        "errors.py",
        "http_requests.py",
        "logs.py",
        "published.py",
    ]


OF_SERIES = (
    "commodity_prices",
    "energy_actuals",
    "energy_forecasts",
    "series_backfill",
    "series_gaps",
)


@pytest.mark.parametrize("function", OF_SERIES)
def test_what_collects_series_reaches_publishers_and_nothing_big(function: str) -> None:
    reach = reach_of(FUNCTIONS / function)

    # The report of a night is also a mail, and its words are those of the morning report's.
    of_reports = {"jinja2"} if function == "series_backfill" else set()
    assert reach.distributions == OF_EVERY_FUNCTION | {"httpx"} | of_reports
    assert {"pandas", "numpy", "lxml", "pyarrow"}.isdisjoint(reach.distributions)
    folders = {file.parts[0] for file in reach.files if len(file.parts) > 1}
    assert "series" in folders
    assert {"source", "live_pulse", "morning_report", "health", "cli"}.isdisjoint(folders)


def test_only_what_collects_series_carries_its_code() -> None:
    for function in set(function_names()) - set(OF_SERIES):
        assert not any(file.parts[0] == "series" for file in reach_of(FUNCTIONS / function).files)


OF_DRIVERS = {"asyncua", "plc-comm-slmp", "pylogix", "pymodbus", "python-snap7"}


def test_only_the_function_of_tags_carries_drivers_of_machines() -> None:
    for function in set(function_names()) - {"tags"}:
        reach = reach_of(FUNCTIONS / function)

        assert not any(file.parts[:2] == ("tags", "drivers") for file in reach.files)
        assert OF_DRIVERS.isdisjoint(reach.distributions)


def test_the_function_of_tags_carries_no_driver_of_a_sql_server() -> None:
    reach = reach_of(FUNCTIONS / "tags")

    assert "pymssql" not in reach.distributions
    assert not any(file.parts[0] == "source" for file in reach.files)


def test_a_driver_that_is_imported_by_its_name_comes_along(tmp_path: Path) -> None:
    files, _ = reached(tmp_path, "from plantpulse.tags.drivers import driver_of\n")

    folder = PACKAGE_FOLDER / "tags" / "drivers"
    there = {path.parent.name for path in folder.glob("*/__init__.py")}
    carried = {name.split("/")[2] for name in files if name.startswith("tags/drivers/")} - {"__init__.py"}
    assert carried == there


def test_a_function_without_a_sql_server_has_no_driver_for_one(tmp_path: Path) -> None:
    files, distributions = reached(tmp_path, "from plantpulse import database\n")

    assert "pymssql" not in distributions
    assert {"certifi", "tenacity"} <= distributions
    assert {"postgrest", "httpx"}.isdisjoint(distributions)  # they are for what people run
    assert "database/store.py" in files
    assert "database/transport.py" in files
    assert "database/tables.py" not in files
    assert "source/sqlserver.py" not in files


@pytest.mark.parametrize("function", ["cleanup", "morning_report"])
def test_only_a_function_that_takes_users_tokens_carries_a_library_for_them(function: str) -> None:
    assert "pyjwt" not in reach_of(FUNCTIONS / function).distributions


def test_an_import_inside_a_function_counts(tmp_path: Path) -> None:
    _, distributions = reached(tmp_path, "def late():\n    from plantpulse.settings import Settings\n")

    assert distributions == {"pydantic-core", "tzlocal"}  # both are imported inside functions of settings


def test_the_packages_that_a_module_lies_in_come_along(tmp_path: Path) -> None:
    files, _ = reached(tmp_path, "import plantpulse.plant.text\n")

    assert files == {"__init__.py", "plant/__init__.py", "plant/text.py"}


def test_what_nothing_installed_has_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="no installed distribution has nowhere_to_be_found"):
        reached(tmp_path, "import nowhere_to_be_found\n")


def test_the_clouds_differ_in_what_serves_the_function() -> None:
    imported = {"pymssql", "boto3"}

    assert distributions_for("gcp", imported) == {"pymssql", "tzdata", "functions-framework"}
    assert distributions_for("aws", imported) == {"pymssql", "tzdata"}


def test_a_function_that_sends_reaches_every_kind_of_channel(tmp_path: Path) -> None:
    files, distributions = reached(tmp_path, "from plantpulse.alerts import channels\n")

    kinds = ("email", "slack", "pagerduty", "webhook", "apprise", "sns")
    assert {f"alerts/channels/{kind}.py" for kind in kinds} <= files
    assert {"apprise", "certifi", "requests"} <= distributions


def test_apprise_is_in_a_bundle_only_if_a_channel_needs_it() -> None:
    imported = {"apprise", "certifi", "requests"}

    assert distributions_for("aws", imported) == {"certifi", "tzdata"}
    assert distributions_for("aws", imported, has_apprise=True) == {*imported, "tzdata"}
