"""What becomes of asyncua's errors."""

import pytest
from asyncua.ua.uaerrors import UaError

from plantpulse.errors import DeviceUnavailable
from plantpulse.tags.drivers.opcua.refusals import translated


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (UnicodeEncodeError("utf-8", "hunter2\ud800", 7, 8, "surrogates not allowed"), "UnicodeEncodeError"),
        (UaError("hunter2"), "UaError"),
        (OverflowError("hunter2"), "OverflowError"),
    ],
)
def test_an_error_that_nobody_expected_is_named_and_not_quoted(error: Exception, name: str) -> None:
    told = translated(error, "10.0.0.9:4840")

    assert type(told) is DeviceUnavailable
    assert str(told) == f"10.0.0.9:4840 answered what is no reply, or could not be asked: {name}"
