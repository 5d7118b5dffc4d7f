"""The users and passwords of devices."""

import json
from pathlib import Path

import pytest

from plantpulse.cli.config import values_in
from plantpulse.cli.schema import schema_of_file
from plantpulse.errors import ConfigurationError, NotConfigured
from plantpulse.settings import Settings, carried, config
from plantpulse.settings.config import load_with_origins
from plantpulse.settings.tags import check_logins
from plantpulse.settings.validation import as_tree
from plantpulse.tags.credentials import credentials_in
from plantpulse.tags.link import Credentials

TWO_PLANTS = "plants: {north: {time_zone: UTC}, south: {time_zone: UTC}}\ntags: {}"
KNOWN = json.dumps({"press": {"user": "anna", "password": "hunter2 "}, "oven": {"user": "", "password": ""}})


def settings_of(tmp_path: Path, text: str = "plants: {}\ntags: {}", **environ: str) -> Settings:
    file = tmp_path / "plantpulse.yaml"
    file.write_text(text)
    return config.load(environ, file=file)


def test_a_name_has_a_user_and_a_password(tmp_path: Path) -> None:
    find = credentials_in(settings_of(tmp_path, TAG_CREDENTIALS=f" {KNOWN}\n"), "north")

    assert find("press") == Credentials("anna", "hunter2 ")
    assert find("oven") == Credentials("", "")


def test_a_name_may_have_a_certificate_beside_a_user_or_alone(tmp_path: Path) -> None:
    pair = {"certificate": "hunter2", "private_key": "hunter3"}
    logins = {"oven": pair, "press": {"user": "anna", "password": "hunter2 "} | pair}
    find = credentials_in(settings_of(tmp_path, TAG_CREDENTIALS=json.dumps(logins)), "north")

    assert find("oven") == Credentials(None, None, "hunter2", "hunter3")
    assert find("press") == Credentials("anna", "hunter2 ", "hunter2", "hunter3")
    assert "hunter" not in repr(find("oven"))


@pytest.mark.parametrize("environ", [{}, {"TAG_CREDENTIALS": KNOWN}, {"TAG_CREDENTIALS": " "}])
def test_a_missing_name_is_named_with_what_to_add(tmp_path: Path, environ: dict[str, str]) -> None:
    find = credentials_in(settings_of(tmp_path, **environ), "north")

    with pytest.raises(NotConfigured) as refused:
        find("mixer")

    assert str(refused.value) == (
        "there are no credentials mixer: add them to TAG_CREDENTIALS, "
        '{"mixer": {"user": "...", "password": "..."}}'
    )


FORM = (
    'must be a JSON object of users and passwords by name, {"press": {"user": "...", "password": "..."}}; '
    'of several plants by plant and name, {"north": {"press": {"user": "...", "password": "..."}}}'
)


@pytest.mark.parametrize("text", ["hunter2", "[]", "5", '"hunter2"', "[" * 100_000])
def test_what_is_no_object_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings_of(tmp_path, TAG_CREDENTIALS=text)

    assert str(refused.value) == f"TAG_CREDENTIALS: {FORM}"
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "login",
    [
        '"hunter2"',
        '["anna", "hunter2"]',
        "null",
        '{"user": "anna"}',
        '{"password": "hunter2"}',
        '{"user": "anna", "password": 5}',
        '{"user": "anna", "password": "hunter2", "realm": "x"}',
        r'{"user": "anna", "password": "hunter2\ud800"}',
        '{"certificate": "hunter2"}',
        '{"user": "anna", "password": "hunter2", "private_key": "hunter2"}',
        '{"certificate": "hunter2", "private_key": ["hunter2"]}',
        "{}",
    ],
)
def test_a_wrong_login_is_its_own_groups_matter_and_is_not_shown(tmp_path: Path, login: str) -> None:
    good = '{"user": "anna", "password": "hunter2"}'
    of_one = f'{{"press": {login}, "oven": {good}}}'
    of_two = f'{{"south": {{"press": {login}, "oven": {good}}}, "north": {{"press": {good}}}}}'
    one = credentials_in(settings_of(tmp_path, TAG_CREDENTIALS=of_one), "south")
    settings = settings_of(tmp_path, TWO_PLANTS, TAG_CREDENTIALS=of_two)
    south, north = credentials_in(settings, "south"), credentials_in(settings, "north")

    assert one("oven") == south("oven") == north("press") == Credentials("anna", "hunter2")
    with pytest.raises(NotConfigured) as refused:
        one("press")
    assert str(refused.value) == (
        "the credentials press are not complete: write them in TAG_CREDENTIALS as "
        '{"press": {"user": "...", "password": "..."}}'
    )
    assert refused.value.__context__ is None
    with pytest.raises(NotConfigured) as refused:
        south("press")
    assert str(refused.value) == (
        "the credentials press of south are not complete: write them in TAG_CREDENTIALS as "
        '{"south": {"press": {"user": "...", "password": "..."}}}'
    )
    for text in (of_one, of_two):  # nobody deploys it
        with pytest.raises(ValueError, match="must be a JSON object of users") as wrong:
            check_logins(text)
        assert str(wrong.value) == FORM


def test_a_plant_that_is_wrong_harms_no_other(tmp_path: Path) -> None:
    text = '{"south": "hunter2", "north": {"press": {"user": "anna", "password": "hunter2"}}}'
    settings = settings_of(tmp_path, TWO_PLANTS, TAG_CREDENTIALS=text)

    assert credentials_in(settings, "north")("press") == Credentials("anna", "hunter2")
    with pytest.raises(NotConfigured, match="there are no credentials press of south: add them"):
        credentials_in(settings, "south")("press")


BY_PLANT = json.dumps(
    {
        "north": {"press": {"user": "anna", "password": "hunter2"}},
        "south": {"press": {"user": "ben", "password": "hunter3"}, "oven": {"user": "eve", "password": "4"}},
        "mixer": {"user": "of nobody", "password": "hunter5"},
    }
)


def test_a_plant_has_its_own_credentials_and_no_others(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, TWO_PLANTS, TAG_CREDENTIALS=BY_PLANT)
    of_north, of_south = credentials_in(settings, "north"), credentials_in(settings, "south")

    assert of_north("press") == Credentials("anna", "hunter2")
    assert of_south("press") == Credentials("ben", "hunter3")
    assert of_south("oven") == Credentials("eve", "4")
    for name in ("oven", "mixer", "south"):
        with pytest.raises(NotConfigured) as refused:
            of_north(name)
        assert str(refused.value) == (
            f"there are no credentials {name} of north: add them to TAG_CREDENTIALS, "
            f'{{"north": {{"{name}": {{"user": "...", "password": "..."}}}}}}'
        )


def test_a_single_plant_has_those_that_name_no_plant_too(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "plants: {north: {time_zone: UTC}}\ntags: {}", TAG_CREDENTIALS=BY_PLANT)
    find = credentials_in(settings, "north")

    assert find("press") == Credentials("anna", "hunter2")
    assert find("mixer") == Credentials("of nobody", "hunter5")
    with pytest.raises(NotConfigured):
        find("oven")


def test_no_credentials_stand_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="tag_credentials: only the environment may set it; use TAG"):
        settings_of(tmp_path, "plants: {}\ntag_credentials: hunter2")


def test_nothing_shows_them(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, TAG_CREDENTIALS=KNOWN)
    _, origins = load_with_origins({"TAG_CREDENTIALS": KNOWN}, file=tmp_path / "plantpulse.yaml")

    shown = [repr(settings), json.dumps(as_tree(settings)), repr([*values_in(settings)]), repr(origins)]

    assert not [text for text in shown if "hunter2" in text or "anna" in text]
    assert "hunter2" not in repr(credentials_in(settings, "north")("press"))
    assert origins["tag_credentials"] == "TAG_CREDENTIALS"
    assert "tag_credentials" not in as_tree(settings)
    assert "tag_credentials" not in schema_of_file()["properties"]


def test_a_bundle_takes_them_from_the_environment(tmp_path: Path) -> None:
    written: dict[str, object] = {"plants": {}, "tags": {}}
    document = carried.document_of(as_tree(settings_of(tmp_path)), written, "0" * 64)
    bundled = tmp_path / carried.FILE_NAME
    bundled.write_text(json.dumps(document))

    settings = carried.read(bundled, {"TAG_CREDENTIALS": KNOWN})

    assert credentials_in(settings, "north")("press") == Credentials("anna", "hunter2 ")
    assert carried.read(bundled, {}).tag_credentials is None
    with pytest.raises(ConfigurationError, match=r"^TAG_CREDENTIALS: must be a JSON object"):
        carried.read(bundled, {"TAG_CREDENTIALS": "hunter2"})
