"""The board's function: there where it is wanted, and told what everybody may know."""

import pytest

from plantpulse.errors import ConfigurationError
from tests.unit.deployment.conftest import Deploy

PLANT = "plants: {north: {time_zone: UTC}}\n"


def test_there_is_none_where_it_is_not_wanted(deploy: Deploy) -> None:
    assert deploy(PLANT).dashboard is None
    assert deploy(PLANT + "dashboard: {publishable_key: sb_publishable_abc}").dashboard is None


def test_it_is_told_its_own_settings_and_the_other_functions_are_not(deploy: Deploy) -> None:
    deployment = deploy(
        PLANT + "live_pulse: {timeout_s: 90}\n"
        "dashboard: {enabled: true, publishable_key: sb_publishable_abc, tags_url: 'https://tags.example.com/',"
        " oauth_providers: [azure, google], sso_domain: example.com}"
    )

    assert deployment.dashboard is not None
    assert deployment.dashboard.environment == {
        "DASHBOARD_PUBLISHABLE_KEY": "sb_publishable_abc",
        "DASHBOARD_TAGS_URL": "https://tags.example.com",
        "DASHBOARD_OAUTH_PROVIDERS": "azure,google",
        "DASHBOARD_SSO_DOMAIN": "example.com",
    }
    assert deployment.functions["health"].environment == {
        "PLANTPULSE_CONFIG": "plantpulse.json",
        "POLL_TIMEOUT_SECONDS": "90",
    }


def test_nothing_calls_it_on_schedule_and_no_alarm_waits_for_it(deploy: Deploy) -> None:
    deployment = deploy(PLANT + "dashboard: {enabled: true, publishable_key: sb_publishable_abc}")

    assert "dashboard" in deployment.function_names
    assert "dashboard" not in deployment.functions
    assert not any(call.function == "dashboard" for call in deployment.schedules.values())
    assert not any(rhythm.function == "dashboard" for rhythm in deployment.rhythms.values())


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ("{enabled: true}", r"publishable_key: the board needs the project's publishable key"),
        ("{enabled: true, publishable_key: sb_secret_abc}", r"this is a secret key, .* is not published"),
        ("{publishable_key: sb_secret_abc}", r"this is a secret key"),
        ("{live_pulse_url: 'http://pulse.example.com'}", r"must be an address"),
        ("{oauth_providers: [Azure AD]}", r"oauth_providers.*must be the name of a provider"),
        ("{sso_domain: 'https://example.com'}", r"sso_domain.*must be a domain"),
        ("{enabled: true, url: x}", r"dashboard\.url"),
    ],
)
def test_a_section_that_cannot_be_served_is_refused_without_the_key(
    deploy: Deploy, section: str, why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why) as refused:
        deploy(f"{PLANT}dashboard: {section}")

    assert "sb_secret_abc" not in str(refused.value)
