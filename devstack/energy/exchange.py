"""A request as it came and the reply to it, free of any server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

# Names under which keys come, in a query or a header: none of them is kept in the ledger.
SECRET_PARAMETERS: Final = frozenset(("securitytoken", "api_key"))
TOKEN_HEADER: Final = "security_token"
XML: Final = "text/xml"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One GET. `headers` have names in lower case."""

    path: str
    parameters: Sequence[tuple[str, str]]
    headers: Mapping[str, str]

    @classmethod
    def read(cls, target: str, headers: Mapping[str, str]) -> "Request":
        """Return the request for a target such as `/api?documentType=A44`."""
        parts = urlsplit(target)
        parameters = parse_qsl(parts.query, keep_blank_values=True)
        return cls(parts.path, parameters, {name.lower(): value for name, value in headers.items()})

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a parameter."""
        return next((value for given, value in self.parameters if given == name), default)

    def under(self, prefix: str) -> list[str]:
        """Return the values of an array such as `data[]` or `data[0]`, in order."""
        return [value for name, value in self.parameters if name.startswith(f"{prefix}[")]

    @property
    def open_parameters(self) -> dict[str, str]:
        """Return the parameters without keys and tokens."""
        return {name: value for name, value in self.parameters if name.lower() not in SECRET_PARAMETERS}

    @property
    def text(self) -> str:
        """Return path and parameters without keys, for a look at what was asked."""
        return " ".join((self.path, *(f"{name}={value}" for name, value in self.open_parameters.items())))


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def page(status: int, title: str, **headers: str) -> Reply:
    """Return an HTML page such as gateways answer."""
    html = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(html.encode(), "text/html", status, named)
