"""Where state and data are kept."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from plantpulse.settings.section import Section


def _printable(key: SecretStr) -> SecretStr:
    if not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
        raise ValueError("must be printable ASCII, without line breaks")
    return key


class SupabaseSettings(Section):
    """Where state and data are kept."""

    url: str = Field(
        pattern=r"^https?://[A-Za-z0-9.\[\]:-]*[A-Za-z0-9\]](:[0-9]{1,5})?$",
        description="Project URL without a path",
    )
    secret_key: Annotated[SecretStr, AfterValidator(_printable)] = Field(
        min_length=20, description="sb_secret_... or a legacy service_role key"
    )
    jwt_secret: SecretStr | None = Field(
        None, min_length=32, description="Legacy secret that signs users' tokens; none with signing keys"
    )
