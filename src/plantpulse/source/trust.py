"""Gives the driver the authorities to trust: the `ca_file` of each plant.

FreeTDS, the library inside pymssql, reads them only from freetds.conf. It looks for that file where the
environment variable FREETDSCONF says, for every new connection (measured, FreeTDS 1.5.19). One private file
has an entry for every verified server, so one process can poll plants with different authorities at the same
time. The driver gets the entry's name instead of the host's. No resolver knows that name: if the file is not
found for any reason, there is no connection instead of an unverified one.
"""

import atexit
import os
import shutil
import ssl
import tempfile
import threading
from hashlib import sha256
from pathlib import Path
from typing import Final

from plantpulse.errors import ConfigurationError

CONF_VARIABLE: Final = "FREETDSCONF"
_ENTRY: Final = """\
[{name}:{port}]
host = {host}
port = {port}
ca file = {authorities}
check certificate hostname = yes
"""


class _Conf:
    """The freetds.conf of this process; nobody else may read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, str] = {}
        self._folder: Path | None = None

    def enter(self, host: str, port: int, certificates: bytes) -> str:
        digest = sha256(f"{host}:{port}\n".encode() + certificates).hexdigest()[:32]
        name = f"{digest}.invalid"
        with self._lock:
            folder = self._private_folder()
            authorities = folder / f"{digest}.pem"
            _write(authorities, certificates)
            self._entries[name] = _ENTRY.format(name=name, port=port, host=host, authorities=authorities)
            _write(folder / "freetds.conf", "".join(self._entries.values()).encode())
            # Only `config` reads variables. This one is written, because the library has no other way.
            os.environ[CONF_VARIABLE] = str(folder / "freetds.conf")
        return name

    def _private_folder(self) -> Path:
        if self._folder is None or not self._folder.is_dir():  # temporary folders may be cleaned up
            self._folder = Path(tempfile.mkdtemp(prefix="plantpulse-tls-"))
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


_conf = _Conf()


def trust(host: str, port: int, ca_file: Path) -> str:
    """Return the driver's name for `host`; it refuses a certificate that is not from `ca_file`.

    The file is read each time, because authorities are replaced while functions run.
    Raises: ConfigurationError if it cannot be read or has no certificate.
    """
    return _conf.enter(host, port, read_certificates(ca_file))


def read_certificates(ca_file: Path, setting: str = "sql_server.ca_file (MSSQL_CA_FILE)") -> bytes:
    """Return the content of a `ca_file`.

    Raises: ConfigurationError if it cannot be read or has no certificate.
    """
    try:
        certificates = ca_file.read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=ca_file)
    except ssl.SSLError as error:  # an OSError too
        raise _refusal(setting, "it has no certificate in PEM form (-----BEGIN CERTIFICATE-----)") from error
    except OSError as error:
        raise _refusal(setting, f"the file cannot be read ({error.strerror})") from error
    return certificates


def _refusal(setting: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"{setting}: {reason}")


def _write(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 in one step: another thread's connection may be reading it."""
    draft = path.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
