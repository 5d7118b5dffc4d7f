"""How far an outside run stretches the time-outs of tests."""

import pytest

from devstack.patience import FACTOR_VARIABLE, factor


def test_time_outs_are_not_stretched_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FACTOR_VARIABLE, raising=False)

    assert factor() == 1


def test_an_outside_run_stretches_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, "5")

    assert factor() == 5


@pytest.mark.parametrize("written", ["0", "21", "-1", "1.5", "five"])
def test_a_factor_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, written)

    with pytest.raises(
        ValueError, match="PLANTPULSE_TEST_TIMEOUT_FACTOR must be a whole number from 1 to 20"
    ):
        factor()
