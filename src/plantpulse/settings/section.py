"""What every section of the settings is: a frozen model that knows its fields and quotes no value."""

from pydantic import BaseModel, ConfigDict

MINUTES_A_DAY = 1440


class Section(BaseModel):
    """A section, or all of them together."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
