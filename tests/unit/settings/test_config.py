"""Reading plantpulse.yaml and the environment."""

import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError
from tzlocal.windows_tz import win_tz

from plantpulse.errors import ConfigurationError
from plantpulse.settings import TimeOfDay, config, validation

SQL_SERVER = {
    "MSSQL_HOST": "sql.example",
    "MSSQL_USER": "reader",
    "MSSQL_PASSWORD": "hunter2-hunter2",
    "MSSQL_DATABASE": "mes",
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> None:
    Path("plantpulse.yaml").write_text(text, encoding="utf-8")


def test_the_environment_alone_describes_one_plant() -> None:
    settings = config.load(SQL_SERVER | {"MSSQL_TIMEZONE": "Europe/Berlin"})

    assert list(settings.plants) == ["plant"]
    assert settings.plants["plant"].time_zone == "Europe/Berlin"
    server = settings.plants["plant"].sql_server
    assert server is not None
    assert (server.host, server.port, server.encryption) == ("sql.example", 1433, "require")
    assert server.password.reveal() == "hunter2-hunter2"


def test_encryption_off_is_understood_without_quotes() -> None:
    write("plants: {north: {time_zone: UTC, sql_server: {encryption: off}}}")

    server = config.load(SQL_SERVER).plants["north"].sql_server

    assert server is not None
    assert server.encryption == "off"


def test_every_setting_tells_where_it_comes_from() -> None:
    write(
        "plants: {north: {time_zone: UTC, sql_server: {host: other, port: 1500}}}\nlive_pulse: {row_limit: 9}"
    )

    _, origins = config.load_with_origins(SQL_SERVER)

    assert origins == {
        "plants.north.time_zone": "plantpulse.yaml",
        "plants.north.sql_server.host": "MSSQL_HOST",
        "plants.north.sql_server.port": "plantpulse.yaml",
        "plants.north.sql_server.user": "MSSQL_USER",
        "plants.north.sql_server.password": "MSSQL_PASSWORD",
        "plants.north.sql_server.database": "MSSQL_DATABASE",
        "live_pulse.row_limit": "plantpulse.yaml",
    }


def test_a_file_can_be_named_by_the_caller(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text("plants: {south: {time_zone: UTC}}", encoding="utf-8")

    assert list(config.load({"PLANTPULSE_CONFIG": "nowhere.yaml"}, file=elsewhere).plants) == ["south"]


def test_who_may_call_is_set_once_for_all_and_otherwise_for_one_function() -> None:
    write(
        "plants: {north: {time_zone: UTC}}\n"
        "manual_calls: {accept: platform, allowed_origins: ['https://pulse.example']}\n"
    )

    common, own = (
        config.load({}),
        config.load({"MANUAL_CALLS": "supabase_user", "K_SERVICE": "pulse-browser"}),
    )

    assert (common.manual_calls.accept, common.manual_calls.cloud_run_service) == ("platform", None)
    assert (own.manual_calls.accept, own.manual_calls.cloud_run_service) == ("supabase_user", "pulse-browser")
    assert own.manual_calls.allowed_origins == ("https://pulse.example",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("accept: everybody", "manual_calls.accept: must be platform or supabase_user"),
        ("allowed_origins: ['*']", "manual_calls.allowed_origins.0: must be an origin without a path"),
        (
            "allowed_origins: ['https://pulse.example/']",
            "manual_calls.allowed_origins.0: must be an origin without a path",
        ),
    ],
)
def test_a_mistake_in_who_may_call_opens_nothing(text: str, told: str) -> None:
    write(f"plants: {{north: {{time_zone: UTC}}}}\nmanual_calls: {{{text}}}\n")

    with pytest.raises(ConfigurationError, match=re.escape(told)):
        config.load({})


def test_the_legacy_secret_of_users_tokens_comes_with_the_project_or_not_at_all() -> None:
    project = {"SUPABASE_URL": "https://p.supabase.co", "SUPABASE_SECRET_KEY": "sb_secret_" + "x" * 20}
    secret = {"SUPABASE_JWT_SECRET": "s" * 32}
    zone = {"MSSQL_TIMEZONE": "UTC"}

    with_both = config.load(project | secret | zone).require_supabase()

    assert with_both.jwt_secret is not None
    assert with_both.jwt_secret.reveal() == "s" * 32
    assert config.load(project | zone).require_supabase().jwt_secret is None
    assert config.load(secret | zone).supabase is None


@pytest.mark.parametrize(
    ("name", "iana_name"),
    [
        ("America/Chicago", "America/Chicago"),
        ("Central Standard Time", "America/Chicago"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Cen. Australia Standard Time", "Australia/Adelaide"),
        ("India Standard Time", "Asia/Calcutta"),  # the old name of Asia/Kolkata
        ("UTC", "UTC"),
    ],
)
def test_a_time_zone_may_have_its_iana_or_its_windows_name(name: str, iana_name: str) -> None:
    write(f"plants: {{north: {{time_zone: {name}}}}}")

    from_the_file = config.load({})
    from_the_environment = config.load({"MSSQL_TIMEZONE": name})

    assert from_the_file.plants["north"].time_zone == iana_name
    assert from_the_environment.plants["north"].time_zone == iana_name


@pytest.mark.parametrize("name", sorted(win_tz))
def test_every_zone_that_windows_knows_is_a_time_zone_here(name: str) -> None:
    settings = config.load({"MSSQL_TIMEZONE": name})

    assert ZoneInfo(settings.plants["plant"].time_zone)


def test_an_iana_name_does_not_cost_the_import_of_the_windows_names() -> None:
    code = (
        "import sys; from plantpulse.settings import config;"
        " config.load({'MSSQL_TIMEZONE': 'Europe/Berlin'}); print('tzlocal' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout == "False\n"


@pytest.mark.parametrize("written", ["06:00", '"06:00"', "'16:30'", "00:00"])
def test_a_time_of_day_is_hours_and_minutes(written: str) -> None:
    assert TypeAdapter(TimeOfDay).validate_python(yaml.safe_load(written)) == written.strip("\"'")


# The last two are numbers to YAML 1.1; in plantpulse.yaml they are texts (settings/yaml_file.py).
@pytest.mark.parametrize("written", ['"6:00"', '"24:00"', '"06:60"', '"06:00:00"', '"six"', "16:00", "23:59"])
def test_every_other_time_of_day_is_refused(written: str) -> None:
    with pytest.raises(ValidationError, match="a time of day such as 06:00"):
        TypeAdapter(TimeOfDay).validate_python(yaml.safe_load(written))


def test_defaults_are_those_of_the_requirements() -> None:
    settings = config.load({"MSSQL_TIMEZONE": "UTC"})

    assert settings.live_pulse.every_minutes == 15
    assert settings.live_pulse.window_minutes == 30
    assert settings.live_pulse.timeout_s == 60
    assert settings.live_pulse.warn_after_s == 45
    assert settings.live_pulse.safety_look_back_hours == 24
    assert settings.plants["plant"].safety_reason_codes == {"Safety Issue": "critical"}


def test_the_environment_wins_over_the_file() -> None:
    write(
        "plants: {north: {time_zone: Europe/Berlin}}\nlive_pulse: {every_minutes: 30, window_minutes: 60}\n"
    )

    settings = config.load({"POLL_INTERVAL_MINUTES": "20"})

    assert settings.live_pulse.every_minutes == 20
    assert settings.live_pulse.window_minutes == 60


def test_a_file_named_by_the_environment_is_read(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("plants: {south: {time_zone: Asia/Kolkata}}", encoding="utf-8")

    settings = config.load({"PLANTPULSE_CONFIG": str(tmp_path / "other.yaml")})

    assert settings.plants["south"].time_zone == "Asia/Kolkata"


def test_the_files_that_the_file_names_are_looked_for_beside_it(tmp_path: Path) -> None:
    (tmp_path / "deployed").mkdir()
    (tmp_path / "deployed" / "plantpulse.yaml").write_text(
        "plants:\n"
        "  north:\n"
        "    time_zone: UTC\n"
        "    queries_dir: queries/north\n"
        "    sql_server: {host: sql, user: reader, database: mes, ca_file: ca/north.pem}\n"
        "  south: {time_zone: UTC, queries_dir: /srv/queries}\n",
        encoding="utf-8",
    )

    settings = config.load({"PLANTPULSE_CONFIG": "deployed/plantpulse.yaml", "MSSQL_PASSWORD__NORTH": "pw"})

    north = settings.plants["north"]
    assert north.queries_dir == Path("deployed/queries/north")
    assert north.sql_server is not None
    assert north.sql_server.ca_file == Path("deployed/ca/north.pem")
    assert settings.plants["south"].queries_dir == Path("/srv/queries")


def test_the_operating_systems_time_zones_are_not_used(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    berlin = resources.files("tzdata") / "zoneinfo" / "America" / "New_York"
    (tmp_path / "Europe" / "Berlin").write_bytes(berlin.read_bytes())
    code = (
        "from datetime import datetime; from zoneinfo import ZoneInfo;"
        "from plantpulse.settings import config;"
        "before = datetime(2026, 7, 1, tzinfo=ZoneInfo.no_cache('Europe/Berlin')).utcoffset();"
        "config.load({'MSSQL_TIMEZONE': 'Europe/Berlin'});"
        "print(before, datetime(2026, 7, 1, tzinfo=ZoneInfo('Europe/Berlin')).utcoffset())"
    )

    told = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONTZPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == "-1 day, 20:00:00 2:00:00\n"


def test_each_plant_has_a_password_of_its_own() -> None:
    server = "sql_server: {host: a, user: b, database: c}"
    write(f"plants:\n  north: {{time_zone: UTC, {server}}}\n  south_2: {{time_zone: UTC, {server}}}\n")

    settings = config.load({"MSSQL_PASSWORD__NORTH": "first", "MSSQL_PASSWORD__SOUTH_2": "second"})

    servers = [plant.sql_server for plant in settings.plants.values()]
    assert [server.password.reveal() for server in servers if server] == ["first", "second"]


SERVER = "sql_server: {host: a, user: b, database: c}"
TWO_PLANTS = f"plants:\n  north: {{time_zone: UTC, {SERVER}}}\n  south: {{time_zone: UTC, {SERVER}}}\n"


def passwords(environ: dict[str, str]) -> list[str | None]:
    servers = [plant.sql_server for plant in config.load(environ).plants.values()]
    return [server.password.reveal() if server else None for server in servers]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"MSSQL_PASSWORDS": '{"north": "first", "south": "second"}\n'}, ["first", "second"]),
        ({"MSSQL_PASSWORDS": '{"north": "first", "gone": "x"}'}, ["first", None]),
        ({"MSSQL_PASSWORDS": '{"north": "", "NORTH": "x", "south": " s "}'}, [None, " s "]),
        ({"MSSQL_PASSWORDS": '{"north": "first"}', "MSSQL_PASSWORD__NORTH": "own"}, ["own", None]),
        ({"MSSQL_PASSWORDS": "{}"}, [None, None]),
    ],
)
def test_the_passwords_of_several_plants_may_be_one_secret(
    environ: dict[str, str], expected: list[str | None]
) -> None:
    write(TWO_PLANTS)

    assert passwords(environ) == expected


def test_a_single_plant_has_a_name_of_its_own_before_it_is_one_of_several() -> None:
    write(f"plants: {{north: {{time_zone: UTC, {SERVER}}}}}")

    assert passwords({"MSSQL_PASSWORD": "own", "MSSQL_PASSWORDS": '{"north": "shared"}'}) == ["own"]


@pytest.mark.parametrize(
    "text", ["[" * 60_000, "hunter2", '["hunter2"]', '{"north": {"password": "hunter2"}}', '"hunter2"', "7"]
)
def test_passwords_that_are_no_object_of_texts_are_refused_without_showing_them(text: str) -> None:
    write(TWO_PLANTS)

    with pytest.raises(ConfigurationError, match=r"^MSSQL_PASSWORDS: must be a JSON object") as refused:
        config.load({"MSSQL_PASSWORDS": text})

    assert "hunter2" not in str(refused.value)


def test_what_one_of_several_plants_lacks_is_named_with_the_plant() -> None:
    write(TWO_PLANTS.replace("host: a, ", "", 1))

    plants = config.load({"MSSQL_PASSWORDS": '{"north": "first"}'}).plants

    assert plants["north"].missing_settings == ("plants.north.sql_server.host",)
    assert plants["south"].missing_settings == ("MSSQL_PASSWORD__SOUTH",)


def test_a_single_plant_variable_is_refused_with_several_plants() -> None:
    write("plants: {north: {time_zone: UTC}, south: {time_zone: UTC}}")

    with pytest.raises(ConfigurationError, match="MSSQL_HOST is for a single plant"):
        config.load({"MSSQL_HOST": "sql.example"})


def test_what_an_unfinished_sql_server_lacks_is_named() -> None:
    settings = config.load({"MSSQL_HOST": "sql.example", "MSSQL_USER": "reader", "MSSQL_TIMEZONE": "UTC"})

    assert settings.plants["plant"].sql_server is None
    assert settings.plants["plant"].missing_settings == ("MSSQL_PASSWORD", "MSSQL_DATABASE")


@pytest.mark.parametrize(
    "url",
    [
        "https://abc.supabase.co",
        "http://127.0.0.1:65535",
        "http://localhost:54321",
        "http://[::1]:54321",
        "https://supa-base.plant-1.example",
    ],
)
def test_every_address_of_a_project_is_taken(url: str) -> None:
    variables = {"MSSQL_TIMEZONE": "UTC", "SUPABASE_URL": url, "SUPABASE_SECRET_KEY": "sb_secret_" + "x" * 20}

    supabase = config.load(variables).supabase

    assert supabase is not None
    assert supabase.url == url


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("POLL_INTERVAL_MINUTES", "7", "must divide a day"),
        ("POLL_INTERVAL_MINUTES", "soon", "a whole number from 1 to 1440"),
        ("POLL_INTERVAL_MINUTES", "-77", "a whole number from 1 to 1440"),
        ("POLL_WINDOW_MINUTES", "40", "whole multiple of every_minutes"),
        ("POLL_TIMEOUT_SECONDS", "10", "a whole number from 20 to 900"),
        ("SAFETY_REASON_CODES", "Lock|Out", "must not contain a"),
        ("MSSQL_TIMEZONE", "Mars/Olympus", "an IANA time zone such as .* or a Windows one such as"),
        ("MSSQL_TIMEZONE", "Central Standard Time_dstoff", "an IANA time zone"),
        ("MSSQL_TIMEZONE", "../../etc/passwd", "an IANA time zone"),
        ("MSSQL_ENCRYPTION", "sometimes", "must be require, request or off"),
        ("MSSQL_PORT", "99999", "a whole number from 1 to 65535"),
        ("SAFETY_REASON_CODES", "Fire=awful", "must be low, medium, high or critical"),
        ("SUPABASE_URL", "ftp://somewhere", "must be the project's URL without a path"),
        ("SUPABASE_URL", "http://127.0.0.1:99999", "must be the project's URL without a path"),
        ("SUPABASE_URL", "http://a:b:80", "must be the project's URL without a path"),
        ("SUPABASE_URL", "http://[::1:80", "must be the project's URL without a path"),
        ("SUPABASE_URL", "http://[1:2]:80", "must be the project's URL without a path"),
        ("SUPABASE_URL", "https://a..example", "must be the project's URL without a path"),
        ("SUPABASE_URL", "https://:443", "must be the project's URL without a path"),
    ],
)
def test_a_mistake_is_told_with_its_allowed_form_but_not_its_value(
    variable: str, value: str, allowed: str
) -> None:
    environ = SQL_SERVER | {
        "MSSQL_TIMEZONE": "UTC",
        "SUPABASE_URL": "http://x",
        "SUPABASE_SECRET_KEY": "k" * 30,
    }

    with pytest.raises(ConfigurationError, match=allowed) as raised:
        config.load(environ | {variable: value})

    assert value not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_mistake_in_a_variable_is_told_by_the_variables_name() -> None:
    with pytest.raises(ConfigurationError, match=r"^MSSQL_TIMEZONE: "):
        config.load({"MSSQL_TIMEZONE": "Mars/Olympus"})


def test_a_mistake_in_the_file_is_told_by_its_place() -> None:
    write("plants: {north: {time_zone: Mars/Olympus}}")

    with pytest.raises(ConfigurationError, match=r"^plants\.north\.time_zone: must be an IANA"):
        config.load({})


def test_secrets_never_appear_in_an_error() -> None:
    with pytest.raises(ConfigurationError) as raised:
        config.load(
            SQL_SERVER
            | {"MSSQL_PORT": "no", "SUPABASE_SECRET_KEY": "sb_secret_short", "SUPABASE_URL": "http://x"}
        )

    assert "hunter2" not in str(raised.value)
    assert "sb_secret" not in str(raised.value)


def test_secrets_never_appear_in_the_printed_settings() -> None:
    settings = config.load(SQL_SERVER | {"MSSQL_TIMEZONE": "UTC"})

    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(validation.as_tree(settings))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plants: {north: {time_zone: UTC, sql_server: {password: x}}}", "set MSSQL_PASSWORD__NORTH"),
        ("plants: {north: {time_zone: UTC}}\nsupabase: {secret_key: x}", "only the environment may set it"),
        ("plants: {north: {time_zone: UTC, colour: red}}", "plants.north.colour: there is no such setting"),
        ("plants: {North: {time_zone: UTC}}", "plants.North: a plant's name has 1 to 40 characters"),
        ("plants:", "plants: must be a mapping"),
        ("plants: [north]", "plants: must be a mapping"),
        ("plants: {north: null}", "plants.north: must be a mapping of settings"),
        ("live_pulse: {}", "plants: must be set"),
        ("just text", "must hold a mapping"),
        ("a: [1, 2", "not valid YAML"),
        ("\tplants: 1", r"not valid YAML \(line 1\)"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(text: str, told: str) -> None:
    write(text)

    with pytest.raises(ConfigurationError, match=told):
        config.load({})


def test_a_named_file_that_is_missing_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="PLANTPULSE_CONFIG names a file that does not exist"):
        config.load({"PLANTPULSE_CONFIG": "nowhere.yaml"})


def test_reason_codes_carry_a_severity_or_are_critical() -> None:
    settings = config.load({"MSSQL_TIMEZONE": "UTC", "SAFETY_REASON_CODES": "Safety Issue, Near Miss = low"})

    assert settings.plants["plant"].safety_reason_codes == {"Safety Issue": "critical", "Near Miss": "low"}


def test_both_names_of_the_supabase_key_are_read_and_the_new_one_wins() -> None:
    both = {"SUPABASE_SECRET_KEY": "n" * 30, "SUPABASE_SERVICE_ROLE_KEY": "o" * 30}

    settings = config.load({"MSSQL_TIMEZONE": "UTC", "SUPABASE_URL": "https://x.example"} | both)

    assert settings.require_supabase().secret_key.reveal() == "n" * 30


def test_supabase_without_a_key_is_told_when_it_is_needed() -> None:
    settings = config.load({"MSSQL_TIMEZONE": "UTC", "SUPABASE_URL": "https://x.example"})

    with pytest.raises(ConfigurationError, match="set SUPABASE_URL and SUPABASE_SECRET_KEY"):
        settings.require_supabase()


def test_the_environment_says_how_long_snapshots_are_kept() -> None:
    write("plants: {north: {time_zone: UTC}}\ncleanup: {snapshot_retention_hours: 12}")

    assert config.load({}).cleanup.keep_hours()["live_snapshots"] == 12
    settings = config.load({"SNAPSHOT_RETENTION_HOURS": "48"})

    assert settings.cleanup.keep_hours() == {
        "live_snapshots": 48,
        "tag_samples": 24,
        "rejected_records": 720,
        "report_mails": 2160,
        "alerts": 9600,
        "silences": 9600,
        "collections": 9600,
        "failed_batches": 9600,
        "gaps": 9600,
        "series_readings": 720,
        "tag_minutes": 8760,
        "tag_commands": 720,
        "tag_triggers": 720,
        "pipeline_runs": 2160,
    }
    with pytest.raises(ConfigurationError, match=r"^SNAPSHOT_RETENTION_HOURS: .* from 1 to 87600"):
        config.load({"SNAPSHOT_RETENTION_HOURS": "0"})


def test_the_projects_own_file_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3]

    settings = config.load({"PLANTPULSE_CONFIG": str(root / "plantpulse.yaml")})

    assert settings.plants["northfield"].time_zone == "America/Chicago"


def test_a_plant_has_the_common_schedule_and_its_own_over_it() -> None:
    write(
        """
        plants:
          north: {time_zone: UTC}
          south: {time_zone: UTC, live_pulse: {every_minutes: 5, catch_up_hours: 48}}
        live_pulse: {window_minutes: 60, catch_up_hours: 12}
        """
    )

    settings = config.load({})

    north, south = settings.live_pulse_of("north"), settings.live_pulse_of("south")
    assert (north.every_minutes, north.window_minutes, north.catch_up_hours) == (15, 60, 12)
    assert (south.every_minutes, south.window_minutes, south.catch_up_hours) == (5, 60, 48)


def test_a_plants_own_schedule_wins_over_the_environments_common_one() -> None:
    write("plants: {north: {time_zone: UTC}, south: {time_zone: UTC, live_pulse: {every_minutes: 5}}}")

    settings = config.load({"POLL_INTERVAL_MINUTES": "10", "POLL_TIMEOUT_SECONDS": "90"})

    north, south = settings.live_pulse_of("north"), settings.live_pulse_of("south")
    assert (north.every_minutes, north.timeout_s) == (10, 90)
    assert (south.every_minutes, south.timeout_s) == (5, 90)


def test_a_plants_own_schedule_may_be_all_there_is() -> None:
    write("plants: {south: {time_zone: UTC, live_pulse: {every_minutes: 10}}}")

    settings = config.load({})

    assert settings.live_pulse.every_minutes == 15
    assert settings.live_pulse_of("south").every_minutes == 10


@pytest.mark.parametrize(
    ("own", "common", "message"),
    [
        ("{every_minutes: 7}", "{}", r"^plants\.south\.live_pulse: every_minutes must divide a day"),
        ("{every_minutes: 0}", "{}", r"^plants\.south\.live_pulse\.every_minutes: "),
        (
            "{evry_minutes: 5}",
            "{}",
            r"^plants\.south\.live_pulse\.evry_minutes: there is no such .* did you mean every_minutes\?",
        ),
        ("often", "{}", r"^plants\.south\.live_pulse: "),
        (
            "{every_minutes: 20}",
            "{window_minutes: 30}",
            r"^plants\.south\.live_pulse: window_minutes must be a whole multiple of every_minutes$",
        ),
        ("{every_minutes: 5}", "{row_limit: 0}", r"^live_pulse\.row_limit: [^;]*$"),
    ],
)
def test_a_mistake_in_a_schedule_is_named_where_it_was_made(own: str, common: str, message: str) -> None:
    south = f"{{time_zone: UTC, live_pulse: {own}}}"
    write(f"plants: {{north: {{time_zone: UTC}}, south: {south}}}\nlive_pulse: {common}")

    with pytest.raises(ConfigurationError, match=message):
        config.load({})


def test_a_mistake_in_a_variable_is_not_blamed_on_a_plant() -> None:
    write("plants: {south: {time_zone: UTC, live_pulse: {every_minutes: 5}}}")

    with pytest.raises(ConfigurationError, match=r"^POLL_TIMEOUT_SECONDS: [^;]*$"):
        config.load({"POLL_TIMEOUT_SECONDS": "soon"})


def test_a_plant_has_the_common_morning_report_with_its_own_over_it() -> None:
    write(
        """
        plants:
          north: {time_zone: UTC}
          south: {time_zone: UTC, morning_report: {day_starts_at: "22:00"}}
        morning_report: {at: "05:30", catch_up_days: 3}
        """
    )

    settings = config.load({})

    north, south = settings.morning_report_of("north"), settings.morning_report_of("south")
    assert (north.at, north.day_starts_at, north.catch_up_days) == ("05:30", "00:00", 3)
    assert (south.at, south.day_starts_at, south.catch_up_days) == ("05:30", "22:00", 3)


@pytest.mark.parametrize(
    ("own", "common", "told"),
    [
        ("{at: 24:00}", "{}", r"^plants\.south\.morning_report\.at: must be a time of day"),
        ("{every: week}", "{}", r"^plants\.south\.morning_report\.every: there is no such setting"),
        ('{at: "05:00"}', "{row_limit: 0}", r"^morning_report\.row_limit: [^;]*$"),
    ],
)
def test_a_mistake_in_a_morning_report_is_named_where_it_was_made(own: str, common: str, told: str) -> None:
    write(
        f"plants: {{south: {{time_zone: UTC, morning_report: {own}}}}}\nmorning_report: {common}",
    )

    with pytest.raises(ConfigurationError, match=told):
        config.load({})
