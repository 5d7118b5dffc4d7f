"""What channels need of a cloud."""

import pytest

from tests.unit.deployment.conftest import Deploy

MAIL = "kind: email, host: h, sender: a@example.com, to: [b@example.com]"
TOPIC = "arn:aws:sns:eu-central-1:123456789012"


@pytest.mark.parametrize(
    ("channel", "ports"),
    [
        (f"{{{MAIL}}}", [587]),
        (f"{{{MAIL}, encryption: tls}}", [465]),
        (f"{{{MAIL}, encryption: off}}", [25]),
        (f"{{{MAIL}, port: 2525}}", [2525]),
        ("{kind: webhook, url: 'https://hooks.example.com/x'}", [443]),
        ("{kind: webhook, url: 'https://hooks.example.com:8443/x'}", [8443]),
        ("{kind: webhook, url: 'http://hooks.example.com/x', allow_internal: true}", [80]),
        ("{kind: pagerduty}", [443]),
        ("{kind: slack}", [443]),
        ("{kind: slack, enabled: false}", []),
        (f"{{kind: sns, topic_arn: '{TOPIC}:alerts'}}", [443]),
    ],
)
def test_a_channels_port_is_let_out(channel: str, ports: list[int], deploy: Deploy) -> None:
    assert deploy(f"plants: {{}}\nchannels: {{one: {channel}}}").channel_ports == ports


def test_each_topic_is_named_once_and_one_that_is_off_never(deploy: Deploy) -> None:
    deployment = deploy(
        "plants: {}\nchannels:\n"
        f"  b: {{kind: sns, topic_arn: '{TOPIC}:night'}}\n"
        f"  a: {{kind: sns, topic_arn: '{TOPIC}:night', language: de}}\n"
        f"  c: {{kind: sns, topic_arn: '{TOPIC}:day'}}\n"
        f"  d: {{kind: sns, topic_arn: '{TOPIC}:gone', enabled: false}}\n"
    )

    assert deployment.channel_topics == [f"{TOPIC}:day", f"{TOPIC}:night"]


@pytest.mark.parametrize(
    ("channel", "memory_mb"),
    [("{kind: apprise}", 512), ("{kind: apprise, enabled: false}", 256), ("{kind: slack}", 256)],
)
def test_apprise_has_the_memory_of_a_second_process(channel: str, memory_mb: int, deploy: Deploy) -> None:
    functions = deploy(f"plants: {{north: {{time_zone: UTC}}}}\nchannels: {{one: {channel}}}").functions

    assert {functions[name].memory_mb for name in ("health", "cleanup")} == {memory_mb}
    assert functions["live_pulse"].memory_mb == 512


def test_health_ends_before_it_is_called_again(deploy: Deploy) -> None:
    deployment = deploy("plants: {}")

    assert deployment.schedules["health"].cron == "* * * * *"
    assert (deployment.functions["health"].timeout_s, deployment.schedules["health"].deadline_s) == (45, 60)
