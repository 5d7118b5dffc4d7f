"""How to reach one plant's SQL Server."""

from pathlib import Path
from typing import Annotated, Any, Literal

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import Prepared, Secret, Section, Whole, setting


def _off_as_written(value: Any) -> Any:
    """Return `off` for false: YAML 1.1 reads an unquoted `off` as false."""
    return "off" if value is False else value


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlServerSettings(Section):
    """How to reach a plant's SQL Server, which is only read. The password comes from the environment."""

    host: str = setting(min_length=1, description="Host name or address of the SQL Server")
    port: Whole = setting(1433, ge=1, le=65535, description="TCP port")
    user: str = setting(
        min_length=1, description="Login that may SELECT from the tables that are read, and no more"
    )
    password: Secret = setting(description="The login's password; only from the environment")
    database: str = setting(min_length=1, description="Database that the query files run in")
    encryption: Annotated[Literal["require", "request", "off"], Prepared(_off_as_written)] = setting(
        "require",
        description="TLS: require refuses a server without it, but takes any certificate without a ca_file; "
        "request protects the login alone, or nothing; off protects nothing",
    )
    ca_file: Path | None = setting(
        None,
        description="PEM file of the authority behind the server's certificate; one from elsewhere, "
        "out of date or for another host is refused before the password is sent; needs encryption: require",
    )
    login_timeout_s: Whole = setting(10, ge=1, le=60, description="Longest wait for a connection, in seconds")
    query_timeout_s: Whole = setting(15, ge=1, le=300, description="Longest wait for one query, in seconds")
    lock_timeout_ms: Whole = setting(
        5000,
        ge=0,
        le=60_000,
        description="Longest wait for a lock, in milliseconds",
    )
    isolation: Literal["read committed", "read uncommitted", "snapshot"] = setting(
        "read committed", description="Transaction isolation level of all reads"
    )

    def __post_init__(self) -> None:
        if self.ca_file is not None and self.encryption != "require":
            raise ValueError("ca_file needs encryption: require; a server without TLS shows no certificate")
        if self.ca_file is not None and "\\" in self.host:
            raise ValueError(
                "ca_file needs a host without an instance name; name the instance's port instead"
            )
