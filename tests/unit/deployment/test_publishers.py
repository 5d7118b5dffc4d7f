"""What publishers of series need of a cloud."""

import pytest

from tests.unit.deployment.conftest import Deploy


@pytest.mark.parametrize(
    ("series", "ports"),
    [
        ("null", []),
        ("{}", [443]),
        ("{areas: {}, commodities: {}}", []),
        ("{entsoe: {url: 'https://energy.example:8443/api'}}", [443, 8443]),
        ("{entsoe: {url: 'https://energy.example:8443'}, areas: {}}", [443]),
        ("{commodities: {}, entsoe: {url: 'https://energy.example:8443', enabled: false}}", []),
        ("{areas: {}, eia: {enabled: false}, fred: {url: 'https://prices.example:444'}}", [444]),
        ("{areas: {}, yahoo: {url: 'https://prices.example:444'}}", [443, 444]),
    ],
)
def test_the_port_of_a_publisher_that_is_asked_is_let_out(
    series: str, ports: list[int], deploy: Deploy
) -> None:
    assert deploy(f"plants: {{}}\nseries: {series}").publisher_ports == ports
