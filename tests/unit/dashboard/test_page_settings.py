"""What pages are told of their project; a secret key is never among it."""

import base64
import json

import pytest

from plantpulse.dashboard.page_settings import read_page_settings
from plantpulse.errors import ConfigurationError

PROJECT = {"SUPABASE_URL": "https://abc.supabase.co", "DASHBOARD_PUBLISHABLE_KEY": "sb_publishable_abc-1_2"}


def legacy_key(role: object) -> str:
    parts = ({"alg": "HS256"}, {"role": role})
    head, payload = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    return f"{head}.{payload}.c2lnbmF0dXJl"


def test_the_script_names_project_key_functions_and_version() -> None:
    environ = PROJECT | {
        "DASHBOARD_LIVE_PULSE_URL": "https://pulse-xyz.a.run.app/",
        "DASHBOARD_TAGS_URL": " https://tags.example.com/read ",
    }

    settings = read_page_settings(environ)

    assert settings.script("1a2b3c4d") == (
        'window.PLANTPULSE = {"functions": {"live_pulse": "https://pulse-xyz.a.run.app",'
        ' "tags": "https://tags.example.com/read"}, "key": "sb_publishable_abc-1_2",'
        ' "sign_in": {"providers": []}, "url": "https://abc.supabase.co", "version": "0.1.0+1a2b3c4d"};\n'
    )
    assert settings.connects_to == [
        "https://abc.supabase.co",
        "wss://abc.supabase.co",
        "https://pulse-xyz.a.run.app",
        "https://tags.example.com",
    ]


def test_functions_that_are_not_configured_are_not_named() -> None:
    settings = read_page_settings(PROJECT | {"DASHBOARD_TAGS_URL": ""})

    assert settings.functions == {}
    assert settings.connects_to == ["https://abc.supabase.co", "wss://abc.supabase.co"]


def test_the_legacy_anon_key_is_public() -> None:
    assert read_page_settings(PROJECT | {"DASHBOARD_PUBLISHABLE_KEY": legacy_key("anon")}).key


def test_the_script_names_where_else_people_sign_in() -> None:
    environ = PROJECT | {
        "DASHBOARD_OAUTH_PROVIDERS": " azure, google ,",
        "DASHBOARD_SSO_DOMAIN": "Example.com",
    }

    script = read_page_settings(environ).script("1a2b3c4d")

    assert '"sign_in": {"providers": ["azure", "google"], "sso_domain": "example.com"}' in script


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DASHBOARD_OAUTH_PROVIDERS", "azure;google"),
        ("DASHBOARD_OAUTH_PROVIDERS", "../settings"),
        ("DASHBOARD_OAUTH_PROVIDERS", "x" * 64),
        ("DASHBOARD_SSO_DOMAIN", "localhost"),
        ("DASHBOARD_SSO_DOMAIN", "https://example.com"),
        ("DASHBOARD_SSO_DOMAIN", "-a.example"),
    ],
)
def test_a_provider_and_a_domain_are_checked(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{variable}: must be"):
        read_page_settings(PROJECT | {variable: text})


@pytest.mark.parametrize("key", ["sb_secret_abc", legacy_key("service_role")])
def test_a_secret_key_is_refused_loudly_and_never_quoted(key: str) -> None:
    with pytest.raises(ConfigurationError, match="this is a secret key") as refused:
        read_page_settings(PROJECT | {"DASHBOARD_PUBLISHABLE_KEY": key})

    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "anything",
        "sb_publishable_",
        'sb_publishable_"};alert(1)//',
        legacy_key("authenticated"),
        legacy_key(["anon"]),
        legacy_key(None),
        "a.b.c",
        "a.bnVsbA.c",
    ],
)
def test_what_is_no_public_key_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match="must be the project's publishable key"):
        read_page_settings(PROJECT | {"DASHBOARD_PUBLISHABLE_KEY": key})


@pytest.mark.parametrize("variable", ["SUPABASE_URL", "DASHBOARD_LIVE_PULSE_URL", "DASHBOARD_TAGS_URL"])
@pytest.mark.parametrize(
    "address",
    [
        "http://abc.supabase.co",
        "ftp://abc.supabase.co",
        "https://abc.supabase.co; script-src *",
        "https://abc.supabase.co\r\nX-Evil: 1",
        "https://*",
        "https://user:password@abc.supabase.co",
        "https://abc.supabase.co/?q",
        "https://abc.supabase.co/</script>",
        "http://127.0.0.1.example.com",
        "//abc.supabase.co",
    ],
)
def test_an_address_that_is_more_or_less_than_one_is_refused(variable: str, address: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{variable}: must be an address"):
        read_page_settings(PROJECT | {variable: address})


def test_the_project_has_no_path_and_may_be_on_this_machine() -> None:
    with pytest.raises(ConfigurationError, match="must have no path"):
        read_page_settings(PROJECT | {"SUPABASE_URL": "https://abc.supabase.co/rest/v1"})

    local = read_page_settings(PROJECT | {"SUPABASE_URL": "http://127.0.0.1:54321"})
    assert local.connects_to == ["http://127.0.0.1:54321", "ws://127.0.0.1:54321"]


def test_a_missing_project_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^SUPABASE_URL: "):
        read_page_settings({"DASHBOARD_PUBLISHABLE_KEY": "sb_publishable_abc"})
