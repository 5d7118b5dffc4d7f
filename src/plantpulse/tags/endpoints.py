"""The address of a device: a URL that each driver reads in its own way. Pure.

For example `modbus://10.20.0.5:502/1?order=cdab`, `s7://10.20.0.6/0/1`, `slmp://10.20.0.7:1025?series=iqr`,
`enip://10.20.0.8/0`, `opc.tcp://10.20.0.9:4840/path`. Never with a user or a
password: a group names a secret.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import SplitResult, parse_qsl, urlsplit

DRIVER_OF_SCHEME: Final[Mapping[str, str]] = {
    "modbus": "modbus",
    "opc.tcp": "opcua",
    "s7": "s7",
    "slmp": "slmp",
    "enip": "ethernet_ip",
}
_Option = TypeVar("_Option", bound=str)
_LONGEST: Final = 500
_SHAPE: Final = "must look like {}://host:port"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A device's host and port, and what its driver wants to know beside them.

    `path` is what stands after the host, without its first slash. `options` are the query's, each once.
    `name` is what the host is called where `host` has become its address (`networks`).
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None

    @property
    def shown(self) -> str:
        """Return host and port for messages: "plc-1:502 (10.20.0.5)", "10.20.0.5:502"."""
        name, host = self.name, f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{self.port} ({self.host})" if name else f"{host}:{self.port}"

    @property
    def driver(self) -> str:
        """Return the name of the driver that speaks to it."""
        return DRIVER_OF_SCHEME[self.scheme]


def parse_endpoint(address: str, default_ports: Mapping[str, int]) -> Endpoint:
    """Return the parts of a device's address. Raises: ValueError saying what is wrong."""
    if len(address) > _LONGEST or not address.isprintable() or address != address.strip():
        raise ValueError(f"a device's address has at most {_LONGEST} characters, and no blanks around it")
    try:
        split = urlsplit(address)
    except ValueError:  # brackets that do not close
        raise ValueError(_SHAPE.format(address.partition(":")[0])) from None
    if split.scheme not in DRIVER_OF_SCHEME:
        raise ValueError(f"must begin with one of {', '.join(f'{one}://' for one in DRIVER_OF_SCHEME)}")
    if split.scheme not in default_ports:
        raise ValueError(f"must begin with {', '.join(f'{one}://' for one in default_ports)}")
    if "@" in split.netloc:
        raise ValueError("must not contain a user or password: name a secret in `credentials`")
    if not split.hostname or split.fragment:
        raise ValueError(_SHAPE.format(split.scheme))
    port = _port_of(split, default_ports[split.scheme])
    options = parse_qsl(split.query, keep_blank_values=True)
    if len(dict(options)) != len(options):
        raise ValueError("each option must be named once")
    return Endpoint(split.scheme, split.hostname, port, split.path.lstrip("/"), dict(options))


def _port_of(split: SplitResult, default: int) -> int:
    try:
        port = split.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the port must be a number from 1 to 65535")
    return port or default


def require_known_options(endpoint: Endpoint, known: Collection[str]) -> None:
    """Raises: ValueError for an option that the driver does not have."""
    for name in endpoint.options:
        if name not in known:
            allowed = ", ".join(sorted(known)) or "none"
            raise ValueError(f"there is no option {name}; options of {endpoint.scheme}: {allowed}")


def chosen(endpoint: Endpoint, option: str, allowed: Sequence[_Option]) -> _Option:
    """Return an option's value, or the first that is allowed without it. Raises: ValueError."""
    written = endpoint.options.get(option, allowed[0])
    for one in allowed:
        if written == one:
            return one
    raise ValueError(f"the option {option} must be one of {', '.join(allowed)}")


def whole_number(what: str, written: str, most: int) -> int:
    """Return a number from 0 on. Raises: ValueError that begins with `what`."""
    is_number = written.isascii() and written.isdigit() and len(written) <= len(str(most))
    if not is_number or int(written) > most:
        raise ValueError(f"{what} must be a number from 0 to {most}")
    return int(written)
