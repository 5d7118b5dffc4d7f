"""Channels in plantpulse.yaml: their settings, their secrets, and what is refused."""

from datetime import time
from pathlib import Path

import pytest

from bundle.carried import carry
from bundle.refusal import BundleRefused
from plantpulse.errors import ConfigurationError
from plantpulse.settings import ChannelSettings, QuietHours, Secret, Settings, config
from plantpulse.settings.channels import FIELDS_OF

PLANTS = "plants: {north: {time_zone: UTC}, south: {time_zone: Asia/Tokyo}}\n"
CHANNELS = """\
channels:
  office:
    kind: email
    host: smtp.example.com
    user: plantpulse
    sender: Werk Süd <alerts@example.com>
    to: [ada@example.com, Grace <grace@example.com>]
    plants: [north]
    rules: [run_*, safety_event]
    quiet_hours: {starts_at: 22:00, ends_at: "06:00"}
    language: de
  relay: {kind: email, host: 10.0.0.5, encryption: off, sender: a@example.com, to: [b@example.com]}
  team: {kind: slack, least_severity: critical, most_per_hour: 5}
  on_call: {kind: pagerduty}
  own: {kind: webhook, url: "https://hooks.example.com/plantpulse", outcomes: [succeeded]}
  phones: {kind: apprise, repeat_hours: 8}
  topic: {kind: sns, topic_arn: "arn:aws:sns:eu-central-1:123456789012:plantpulse-alarms"}
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> Path:
    Path("plantpulse.yaml").write_text(text, encoding="utf-8")
    return Path("plantpulse.yaml")


def load(text: str, **environ: str) -> Settings:
    return config.load({"PLANTPULSE_CONFIG": str(write(text))} | environ)


def refusal_of(channel: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(f"{PLANTS}channels: {{office: {channel}}}")
    return str(refused.value)


def test_without_channels_there_are_none() -> None:
    assert load(PLANTS).channels == {}


def test_a_channel_has_what_is_written_and_defaults_for_the_rest() -> None:
    settings = load(PLANTS + CHANNELS)

    assert settings.channels["office"] == ChannelSettings(
        kind="email",
        host="smtp.example.com",
        user="plantpulse",
        sender="Werk Süd <alerts@example.com>",
        to=("ada@example.com", "Grace <grace@example.com>"),
        plants=("north",),
        rules=("run_*", "safety_event"),
        quiet_hours=QuietHours(starts_at="22:00", ends_at="06:00"),
        language="de",
        enabled=True,
        encryption="starttls",
        allow_internal=False,
        least_severity="warning",
        outcomes=("partial", "failed"),
        most_per_hour=30,
        repeat_hours=4,
    )


@pytest.mark.parametrize(("encryption", "port"), [("starttls", 587), ("tls", 465), ('"off"', 25)])
def test_the_port_follows_from_the_encryption(encryption: str, port: int) -> None:
    mail = f"{{kind: email, host: h, sender: a@b.c, to: [d@e.f], encryption: {encryption}}}"

    assert load(f"{PLANTS}channels: {{office: {mail}}}").channels["office"].smtp_port == port


def test_a_channel_without_its_secret_is_not_configured_and_stops_nothing() -> None:
    channels = load(PLANTS + CHANNELS).channels

    assert {name: channel.is_configured for name, channel in channels.items()} == {
        "office": False,
        "relay": True,
        "team": False,
        "on_call": False,
        "own": False,
        "phones": False,
        "topic": True,
    }


def test_secrets_come_from_the_environment_and_a_channels_own_variable_counts_first() -> None:
    channels = load(
        PLANTS + CHANNELS,
        CHANNEL_SECRETS='{"team": "https://hooks.slack.example/s", "on_call": "shared", "gone": "x"}',
        CHANNEL_SECRET__ON_CALL="own\n",
    ).channels

    assert channels["team"].secret == Secret("https://hooks.slack.example/s")
    assert channels["on_call"].secret == Secret("own")
    assert channels["office"].secret is None


def test_where_a_secret_comes_from_is_told_and_the_secret_is_not() -> None:
    file = write(PLANTS + CHANNELS)
    secrets = {"CHANNEL_SECRET__TEAM": "hunter2-hunter2", "CHANNEL_SECRETS": '{"own": "hunter2-hunter2"}'}

    settings, origins = config.load_with_origins({"PLANTPULSE_CONFIG": str(file)} | secrets)

    assert origins["channels.team.secret"] == "CHANNEL_SECRET__TEAM"
    assert origins["channels.own.secret"] == "CHANNEL_SECRETS"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("text", ["hunter2", "[]", '{"team": 1}'])
def test_secrets_that_are_no_object_of_texts_are_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ConfigurationError, match="CHANNEL_SECRETS: must be a JSON object") as refused:
        load(PLANTS + CHANNELS, CHANNEL_SECRETS=text)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        (
            "{kind: pager}",
            "channels.office.kind: must be email, slack, pagerduty, webhook, apprise, sns or healthchecks",
        ),
        ("{}", "channels.office.kind: must be set"),
        ("{kind: [slack]}", "channels.office.kind: must be email, slack"),
        ("{kind: {slack: 1}}", "channels.office.kind: must be email, slack"),
        (
            "{kind: slack, least_severity: high}",
            "channels.office.least_severity: must be info, warning or critical",
        ),
        (
            "{kind: slack, plants: [nroth]}",
            "channels.office.plants: there is no plant nroth; known plants: north, south",
        ),
        (
            "{kind: slack, host: h}",
            "channels.office: host is no setting of the kind slack; it has kind, enabled, ca_file, "
            "allow_internal, least_severity, plants, rules, outcomes, quiet_hours, language, most_per_hour, "
            "repeat_hours",
        ),
        ("{kind: slack, hots: h}", "channels.office: hots is no setting of the kind slack"),
        ("{kind: email, host: h}", "channels.office: the kind email needs sender, to"),
        ("{kind: webhook}", "channels.office: the kind webhook needs url"),
        ("{kind: sns}", "channels.office: the kind sns needs topic_arn"),
        ("{kind: sns, topic_arn: alarms}", "channels.office.topic_arn: must be a standard topic's ARN"),
        ("{kind: slack, outcomes: [success]}", "channels.office.outcomes.0: must be succeeded, partial"),
        ("{kind: slack, rules: ['a b']}", "channels.office.rules.0: must be the name of a rule, also"),
        ("{kind: slack, language: fr}", "channels.office.language: must be en or de"),
        ("{kind: slack, most_per_hour: 0}", "channels.office.most_per_hour: must be a whole number from 1"),
        (
            "{kind: slack, quiet_hours: {starts_at: 22:00, ends_at: 22:00}}",
            "channels.office.quiet_hours: starts_at and ends_at must differ",
        ),
        (
            "{kind: slack, quiet_hours: {starts_at: 25:00, ends_at: 06:00}}",
            "channels.office.quiet_hours.starts_at: must be a time of day such as 06:00",
        ),
        (
            "{kind: email, host: h, sender: a@b.c, to: [d@e.f], user: u, encryption: off}",
            "channels.office: a login needs TLS: set encryption to starttls or tls, or remove user",
        ),
        (
            "{kind: email, host: h, sender: a@b.c, to: [nobody]}",
            "channels.office.to.0: must be a mail address such as alerts@example.com",
        ),
        (
            '{kind: email, host: h, sender: "a@b.c\\nBcc: x@y.z", to: [d@e.f]}',
            "channels.office.sender: must be a mail address such as alerts@example.com",
        ),
        (
            "{kind: webhook, url: 'https://u:hunter2@hooks.example.com/'}",
            "channels.office.url: must be a URL without a user",
        ),
        ("{kind: webhook, url: 'ftp://hooks.example.com/'}", "channels.office.url: must be a URL"),
        ("{kind: webhook, url: 'https://hooks.example.com:99999/'}", "channels.office.url: must be a URL"),
        ("slack", "channels.office: must be a mapping of settings"),
    ],
)  # fmt: skip
def test_a_wrong_channel_is_refused_with_its_name_and_what_is_allowed(channel: str, told: str) -> None:
    message = refusal_of(channel)

    assert told in message
    assert "hunter2" not in message


@pytest.mark.parametrize("name", ["secret", "password", "token", "routing_key"])
def test_a_secret_in_the_file_is_refused_with_the_variable_for_it(name: str) -> None:
    message = refusal_of(f"{{kind: slack, {name}: hunter2}}")

    assert message == f"channels.office.{name}: no secret belongs here; set CHANNEL_SECRET__OFFICE"


def test_a_channels_name_must_fit_a_variable() -> None:
    with pytest.raises(ConfigurationError, match="a channel's name has 1 to 40 characters"):
        load(f"{PLANTS}channels: {{Office-1: {{kind: slack}}}}")


def test_each_kind_has_settings_that_exist() -> None:
    known = set(ChannelSettings.__dataclass_fields__)

    assert {name for names in FIELDS_OF.values() for name in names} <= known


@pytest.mark.parametrize(
    ("bounds", "covered", "free"),
    [
        (("22:00", "06:00"), ["22:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "21:59"]),
        (("12:00", "13:00"), ["12:00", "12:59"], ["11:59", "13:00", "00:00"]),
        (("00:00", "06:00"), ["00:00", "05:59"], ["06:00", "23:59"]),
        (("22:00", "00:00"), ["22:00", "23:59"], ["00:00", "21:59"]),
    ],
)
def test_quiet_hours_may_span_midnight_and_their_end_is_not_quiet(
    bounds: tuple[str, str], covered: list[str], free: list[str]
) -> None:
    quiet = QuietHours(starts_at=bounds[0], ends_at=bounds[1])

    assert [text for text in covered + free if quiet.cover(time.fromisoformat(text))] == covered


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CHANNEL_SECRET__TEAM": "t"},
        {"CHANNEL_SECRETS": '{"on_call": "k"}', "POLL_INTERVAL_MINUTES": "5"},
    ],
)
def test_a_bundle_carries_channels_without_secrets_and_means_the_same(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    file = write(PLANTS + CHANNELS)
    (tmp_path / "bundle").mkdir()
    carry(file, tmp_path / "bundle")
    carried = (tmp_path / "bundle" / "plantpulse.json").replace(tmp_path / "plantpulse.json")

    from_bundle = config.load({"PLANTPULSE_CONFIG": str(carried)} | environ)

    assert from_bundle == config.load({"PLANTPULSE_CONFIG": str(file)} | environ)
    assert "secret" not in carried.read_text(encoding="utf-8")


def test_a_channels_authority_is_read_from_the_files_folder_and_checked(tmp_path: Path) -> None:
    mail = "{kind: email, host: h, sender: a@b.c, to: [d@e.f], ca_file: ca.pem}"
    file = write(f"{PLANTS}channels: {{office: {mail}}}")
    (tmp_path / "bundle").mkdir()

    assert load(file.read_text(encoding="utf-8")).channels["office"].ca_file == Path("ca.pem")
    with pytest.raises(BundleRefused, match=r"channels\.office\.ca_file: the file cannot be read"):
        carry(file, tmp_path / "bundle")


@pytest.mark.parametrize(
    "written",
    [
        "board",
        "board.example.com",
        "ftp://board.example.com",
        "https://ada:hunter2@board.example.com",
        "https://",
    ],
)
def test_the_boards_address_is_one_that_a_message_can_link_to(written: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(f"plants: {{north: {{time_zone: UTC, alerts: {{board_url: '{written}'}}}}}}")

    assert (
        "plants.north.alerts.board_url: must be a URL without a user, such as https://board.example.com"
        in str(refused.value)
    )
    assert "hunter2" not in str(refused.value)
