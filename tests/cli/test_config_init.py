"""`plantpulse config init`: a first settings file, and what somebody without one is told."""

from pathlib import Path

import pytest
import yaml

from plantpulse.settings import config
from tests.cli.conftest import CommandLine

ROOT = Path(__file__).parents[2]
OPTIONS = ("config", "init", "--plant", "south", "--time-zone", "Europe/Berlin")


def test_without_settings_every_command_says_where_to_run_it_and_how_to_begin(bare: CommandLine) -> None:
    told = (
        f"there is no plantpulse.yaml in {bare.folder}: run this in the folder that has it, or name the file "
        "(`plantpulse --config FILE`, PLANTPULSE_CONFIG); `plantpulse config init` writes one, "
        "and MSSQL_TIMEZONE is enough for a plant without a file"
    )

    for command in (["status"], ["runs"], ["check"], ["config", "show"], ["run", "live-pulse"], ["assets"]):
        result = bare(*command, "--json")
        assert (result.exit_code, result.json["error"]["message"]) == (3, told)


def test_options_make_a_commented_file_that_loads(bare: CommandLine) -> None:
    result = bare(*OPTIONS, "--host", "sql.south.example", "--user", "reader", "--database", "mes")

    text = (bare.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    settings = config.load({"MSSQL_PASSWORD": "x"}, file=bare.folder / "plantpulse.yaml")
    assert result.exit_code == 0
    assert result.out.splitlines() == [
        "written: plantpulse.yaml",
        "set in the environment: SUPABASE_URL, SUPABASE_SECRET_KEY, MSSQL_PASSWORD",
        "then: plantpulse check",
    ]
    assert settings.plants["south"].time_zone == "Europe/Berlin"
    server = settings.plants["south"].sql_server
    assert server is not None
    assert (server.host, server.user, server.database) == ("sql.south.example", "reader", "mes")
    assert text.count("#") >= 8


def test_what_is_not_known_yet_is_a_commented_line_and_named(bare: CommandLine) -> None:
    result = bare(*OPTIONS)

    assert "fill in there: sql_server with host, user, database" in result.out
    text = (bare.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    assert "    # sql_server:\n    #   host:  # name or address" in text
    assert yaml.safe_load(text)["plants"]["south"].keys() == {"time_zone", "safety_reason_codes"}
    commented = text.replace("    # sql_server:", "    sql_server:").replace("    #   ", "      ")
    assert yaml.safe_load(commented)["plants"]["south"]["sql_server"].keys() >= {"host", "user", "database"}


def test_series_are_a_commented_section_as_in_the_repository(bare: CommandLine) -> None:
    bare(*OPTIONS)

    text = (bare.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    _, begin, section = text.partition("# series:\n")
    (bare.folder / "plantpulse.yaml").write_text(
        text.replace(begin + section, (begin + section).replace("# ", "")), encoding="utf-8"
    )
    settings = config.load({}, file=bare.folder / "plantpulse.yaml")
    assert settings.series is not None
    assert list(settings.series.areas) == ["DE", "FR", "NL"]
    assert list(settings.series.commodities) == ["WTI", "Brent", "Henry Hub"]
    assert begin + section in (ROOT / "plantpulse.yaml").read_text(encoding="utf-8")


def test_a_file_is_never_overwritten(bare: CommandLine) -> None:
    bare.write("plantpulse.yaml", "plants: {}")

    result = bare(*OPTIONS, "--json")

    assert result.exit_code == 2
    assert result.json["error"]["message"] == "plantpulse.yaml exists, and is never overwritten"
    assert (bare.folder / "plantpulse.yaml").read_text(encoding="utf-8") == "plants: {}"


def test_a_dangling_link_is_not_followed(bare: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "file"
    (bare.folder / "plantpulse.yaml").symlink_to(elsewhere)

    assert bare(*OPTIONS).exit_code == 2
    assert not elsewhere.exists()


def test_another_file_may_be_named(bare: CommandLine) -> None:
    result = bare("--config", "south.yaml", *OPTIONS, "--json")

    assert result.json == {
        "file": "south.yaml",
        "plant": "south",
        "variables": ["SUPABASE_URL", "SUPABASE_SECRET_KEY", "MSSQL_PASSWORD"],
    }
    assert [path.name for path in bare.folder.iterdir()] == ["south.yaml"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--time-zone", "UTC"], "is required where there is no terminal to ask on"),
        (["--plant", "south"], "is required where there is no terminal to ask on"),
        (
            ["--plant", "South Works", "--time-zone", "UTC"],
            "'South Works' must be small letters, digits and _, such as north",
        ),
        (["--plant", "south", "--time-zone", "Mars/Olympus"], "time_zone: must be an IANA time zone"),
    ],
)
def test_a_wrong_or_missing_answer_leaves_no_file(
    bare: CommandLine, options: list[str], message: str
) -> None:
    result = bare("config", "init", *options, "--json")

    assert result.exit_code in (2, 3)
    assert message in result.json["error"]["message"] + str(result.json["error"]["field"])
    assert list(bare.folder.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(bare: CommandLine) -> None:
    result = bare("--config", "nowhere/south.yaml", *OPTIONS)

    assert result.exit_code == 2
    assert "nowhere/south.yaml cannot be written: No such file or directory" in result.err


def test_values_stay_texts_whatever_yaml_takes_them_for(bare: CommandLine) -> None:
    bare(*OPTIONS, "--host", "10.0", "--user", "CORP\\reader", "--database", "no")

    server = yaml.safe_load((bare.folder / "plantpulse.yaml").read_text("utf-8"))["plants"]["south"][
        "sql_server"
    ]
    assert server == {"host": "10.0", "user": "CORP\\reader", "database": "no"}


@pytest.mark.parametrize("columns", [120, 80, 60])
def test_a_terminal_is_asked_for_what_no_option_says(bare: CommandLine, columns: int) -> None:
    result = bare.terminal(
        "config", "init", columns=columns, answer="south\nEurope/Berlin\nsql.example\n\n\n"
    )

    assert result.exit_code == 0, result.out
    for question in ("Key of the plant, such as north:", "Its time zone", "Database there (Enter: later):"):
        assert question in result.out
    assert "fill in there: sql_server with user, database" in result.out
    tree = yaml.safe_load(Path(bare.folder, "plantpulse.yaml").read_text(encoding="utf-8"))
    assert tree["plants"]["south"]["sql_server"] == {"host": "sql.example"}


def test_a_question_without_an_answer_leaves_no_file(bare: CommandLine) -> None:
    result = bare.terminal("config", "init", answer="south\n\x04")

    assert result.exit_code == 130
    assert list(bare.folder.iterdir()) == []
