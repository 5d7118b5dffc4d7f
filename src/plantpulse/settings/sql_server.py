"""How to reach one plant's SQL Server."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from plantpulse.settings.section import Section


def _off_as_written(value: Any) -> Any:
    """Return what the file says: an unquoted `off` is false to Python's YAML, and a word to Terraform's."""
    return "off" if value is False else value


class SqlServerSettings(Section):
    """How to reach one plant's SQL Server. Read-only use; the password comes from the environment."""

    host: str = Field(min_length=1, description="Host name or address of the SQL Server")
    port: int = Field(1433, ge=1, le=65535, description="TCP port")
    user: str = Field(min_length=1, description="Login with no more than SELECT on the tables read")
    password: SecretStr = Field(description="The login's password; only from the environment")
    database: str = Field(min_length=1, description="Database that the query files run in")
    encryption: Annotated[Literal["require", "request", "off"], BeforeValidator(_off_as_written)] = Field(
        "require",
        description="TLS on the wire: require refuses a server without it",
    )
    ca_file: Path | None = Field(
        None,
        description="PEM file of the authority behind the server's certificate; without it any will do",
    )
    login_timeout_s: int = Field(10, ge=1, le=60, description="Longest wait for a connection, in seconds")
    query_timeout_s: int = Field(15, ge=1, le=300, description="Longest wait for one query, in seconds")
    lock_timeout_ms: int = Field(
        5000,
        ge=0,
        le=60_000,
        description="Longest wait for a lock of the plant's writers, in milliseconds",
    )
    isolation: Literal["read committed", "read uncommitted", "snapshot"] = Field(
        "read committed", description="Transaction isolation level of the poll's reads"
    )

    @model_validator(mode="after")
    def _can_be_verified(self) -> "SqlServerSettings":
        if self.ca_file is not None and self.encryption != "require":
            raise ValueError("ca_file needs encryption: require; a server without TLS shows no certificate")
        if self.ca_file is not None and "\\" in self.host:
            raise ValueError(
                "ca_file needs a host without an instance name; name the instance's port instead"
            )
        return self
