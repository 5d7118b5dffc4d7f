"""Settings in any form, of a file and of the environment: settings, or what is wrong with them in words."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from plantpulse.dashboard.page_settings import read_page_settings
from plantpulse.errors import ConfigurationError
from plantpulse.settings import Settings, config
from plantpulse.settings.variables import ENVIRONMENT
from tests.hostile.values import REPEATABLE, check_told, damaged, documents, objects, texts

ROOT: Final = Path(__file__).parents[2]
FILES: Final = [
    path.read_bytes()
    for path in (ROOT / "plantpulse.yaml", *sorted((ROOT / "examples").glob("**/plantpulse.yaml")))
]
SECTIONS: Final = (
    "plants",
    "live_pulse",
    "cleanup",
    "morning_report",
    "health",
    "alerts",
    "channels",
    "series",
    "tags",
    "dashboard",
    "manual_calls",
    "messages",
    "commodity_prices",
)
KEYS: Final = (
    "north",
    "time_zone",
    "sql_server",
    "host",
    "port",
    "every_minutes",
    "enabled",
    "at",
    "kind",
    "url",
    "safety_reason_codes",
    "rules",
    "areas",
    "commodities",
    "networks",
    "allowed_origins",
    "recipients",
    "ca_file",
    "queries",
    "to",
    "name",
)
TREES: Final = objects(*SECTIONS, values=objects(*KEYS, values=objects(*KEYS) | documents) | documents)
BOMBS: Final = {
    "nested": b"[" * 20_000,
    "mappings": b"".join(b" " * depth + b"a:\n" for depth in range(1_000)),
    "laughs": b"a0: &a0 {x: 1}\n"
    + b"".join(b"a%d: &a%d {b: *a%d, c: *a%d}\n" % (n, n, n - 1, n - 1) for n in range(1, 40)),
    "laughing lists": b"a0: &a0 [x, x]\n"
    + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 40)),
    "plants of plants": b"plants: &a\n  north: *a\n",
    "itself": b"plants: {north: &a {sql_server: *a}}",
    "a day that is none": b"plants: {north: {time_zone: 2026-13-45}}",
    "a time that is none": b"plants: {north: {time_zone: 2026-01-01 25:61:61}}",
    "a number of a kind": b"plants: !!int x",
    "a number that is none": b"plants: !!float x",
    "half a character": b'plants: "\\ud800"',
    "bytes": b"plants: !!binary x",
    "python": b"plants: !!python/object/apply:os.system [true]",
    "a set": b"plants: !!set {north}",
    "pairs": b"plants: !!omap [north: 1]",
    "an anchor that is none": b"plants: *a",
    "merged": b"plants: {<<: [1]}",
    "two documents": b"plants: {}\n---\nplants: {}",
    "a null byte": b"plants: \0",
    "many digits": b"plants: " + b"9" * 5_000,
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings") / "plantpulse.yaml"


def judge(file: Path, content: bytes, environ: dict[str, str] | None = None) -> None:
    """Load a file, and check that whatever is wrong is said in one line, without a value."""
    file.write_bytes(content)
    try:
        loaded = config.load(environ or {}, file=file)
    except ConfigurationError as error:
        check_told(error)
    else:
        assert isinstance(loaded, Settings)


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS.keys())
def test_a_file_that_is_made_to_harm_is_refused_in_words(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(ConfigurationError) as refused:
        config.load({}, file=file)

    check_told(refused.value)


@REPEATABLE
@given(content=st.binary(max_size=120) | st.text(max_size=120).map(str.encode))
def test_any_bytes_are_settings_or_refused_in_words(file: Path, content: bytes) -> None:
    judge(file, content)


@REPEATABLE
@given(content=damaged(st.sampled_from(FILES)))
def test_a_file_with_accidents_is_settings_or_refused_in_words(file: Path, content: bytes) -> None:
    judge(file, content)


@REPEATABLE
@given(tree=TREES)
def test_any_tree_is_settings_or_refused_in_words(file: Path, tree: Any) -> None:
    judge(file, json.dumps(tree).encode())
    judge(file, yaml.safe_dump(json.loads(json.dumps(tree)), allow_unicode=True).encode("utf-8", "replace"))


VARIABLES: Final = (
    *ENVIRONMENT,
    "MSSQL_PASSWORDS",
    "CHANNEL_SECRETS",
    "SERIES_KEYS",
    "MSSQL_PASSWORD__NORTH",
)
BOMB: Final = "[" * 60_000


@REPEATABLE
@given(
    environ=st.dictionaries(
        st.sampled_from(VARIABLES),
        texts
        | documents.map(json.dumps)
        | st.sampled_from(["15", "true", "https://abc.supabase.co", "north", BOMB]),
        max_size=4,
    )
)
@example(environ={"SERIES_KEYS": BOMB})
@example(environ={"MSSQL_PASSWORDS": BOMB})
@example(environ={"TAG_CREDENTIALS": BOMB})
def test_any_environment_is_settings_or_refused_in_words(file: Path, environ: dict[str, str]) -> None:
    judge(file, b"plants: {north: {time_zone: UTC}}\nseries: {}\ntags: {}", environ)


PAGES: Final = (
    "SUPABASE_URL",
    "DASHBOARD_PUBLISHABLE_KEY",
    "DASHBOARD_OAUTH_PROVIDERS",
    "DASHBOARD_SSO_DOMAIN",
    "DASHBOARD_TAGS_URL",
)


@REPEATABLE
@given(
    environ=st.dictionaries(
        st.sampled_from(PAGES),
        texts
        | st.sampled_from(
            ["https://abc.supabase.co", "sb_publishable_abc", "eyJ.eyJ.x", "google,azure", "https://[", "a.b"]
        ),
        max_size=5,
    )
)
def test_any_environment_of_the_board_is_its_settings_or_refused_in_words(environ: dict[str, str]) -> None:
    try:
        script = read_page_settings(environ).script("1")
    except ConfigurationError as error:
        check_told(error)
    else:
        assert script.startswith("window.PLANTPULSE = {")
