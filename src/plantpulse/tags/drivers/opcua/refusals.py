"""asyncua's errors, as plantpulse's own: worth another try, or not."""

from typing import Final

from asyncua.ua.status_codes import StatusCodes, get_name_and_doc
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable, PlantpulseError, one_line

_USER: Final = {
    StatusCodes.BadIdentityTokenInvalid,
    StatusCodes.BadIdentityTokenRejected,
    StatusCodes.BadUserAccessDenied,
}
_SECURITY: Final = {
    StatusCodes.BadSecurityChecksFailed,
    StatusCodes.BadSecurityModeRejected,
    StatusCodes.BadSecurityPolicyRejected,
    StatusCodes.BadSecurityModeInsufficient,
    StatusCodes.BadCertificateInvalid,
    StatusCodes.BadCertificateUntrusted,
}
_ADDRESS: Final = {StatusCodes.BadTcpEndpointUrlInvalid, StatusCodes.BadServerUriInvalid}
_WRITING: Final = {
    StatusCodes.BadUserAccessDenied,
    StatusCodes.BadNotWritable,
    StatusCodes.BadWriteNotSupported,
    StatusCodes.BadTypeMismatch,
    StatusCodes.BadNodeIdUnknown,
    StatusCodes.BadNodeIdInvalid,
    StatusCodes.BadIndexRangeInvalid,
    StatusCodes.BadIndexRangeNoData,
}
IT_MUST_TRUST_US: Final = (
    "It must trust our certificate, or allow the policy None if the address names no security"
)


class NoSafeWay(Exception):
    """There is no way to talk that is as safe as the address wants; the text says what is missing."""


def translated(error: Exception, device: str) -> PlantpulseError:
    """Return the error that a caller of a link understands."""
    if isinstance(error, NoSafeWay):
        return DeviceRefused(f"{device}: {error}")
    if isinstance(error, TimeoutError):
        return DeviceTimedOut(f"{device} did not answer in time")
    if isinstance(error, UaStatusCodeError):
        return _refused(error, device) or DeviceUnavailable(f"{device} answered {_name(error.code)}")
    if isinstance(error, UaError) and "No matching endpoints" in str(error):
        return DeviceRefused(
            f"{device} has no endpoint without security: add ?security=Basic256Sha256 to the address"
        )
    if isinstance(error, OSError):
        return DeviceUnavailable(f"the connection to {device} failed: {one_line(str(error))}")
    # No text of it: what cannot be encoded is quoted there, a password too.
    return DeviceUnavailable(
        f"{device} answered what is no reply, or could not be asked: {type(error).__name__}"
    )


def write_refused(status: int, device: str, address: str) -> PlantpulseError:
    """Return the error of a write that the server did not do."""
    kind = DeviceRefused if status in _WRITING else DeviceUnavailable
    return kind(f"{device} did not set {address}: {_name(status)}")


def _refused(error: UaStatusCodeError, device: str) -> DeviceRefused | None:
    if error.code in _USER:
        return DeviceRefused(
            f"{device} refused the user: {_name(error.code)}. Check the secret that credentials names"
        )
    if error.code in _SECURITY:
        return DeviceRefused(f"{device} refused the channel: {_name(error.code)}. {IT_MUST_TRUST_US}")
    if error.code in _ADDRESS:
        return DeviceRefused(
            f"{device} does not know this address: {_name(error.code)}. Check what follows the port"
        )
    return None


def _name(status: int) -> str:
    name: str = get_name_and_doc(status)[0]
    return name
