"""The response to one batch: tokens in order, where every DONE but the last says that more follows."""

from devstack.sqlserver.engines import SQL_SERVER, Engine
from devstack.sqlserver.errors import SqlServerError
from devstack.sqlserver.packets import PacketStream
from devstack.sqlserver.tokens import Done, DoneStatus, done, message

SERVER_NAME = "STANDIN"


class Response:
    """Writes one response; `end` sends its last packet. Errors are told as `engine` tells them."""

    def __init__(self, stream: PacketStream, engine: Engine = SQL_SERVER) -> None:
        self._stream = stream
        self._engine = engine
        self._last_done: tuple[int, int, int] | None = None

    def write(self, tokens: bytes) -> None:
        """Add tokens other than DONE."""
        self._settle(is_last=False)
        self._stream.write(tokens)

    def done(self, token: int, status: int = DoneStatus.FINAL, *, rows: int = 0) -> None:
        """Add a DONE; it is kept back until it is known whether more follows."""
        self._settle(is_last=False)
        self._last_done = (token, status, rows)

    def error(self, error: SqlServerError, *, line: int, token: int = Done.STATEMENT) -> None:
        """Add an ERROR and the DONE of the statement that failed."""
        said = self._engine.tell(error)
        self.message(said.number, error.state, said.severity, said.text, line=line)
        self.done(token, DoneStatus.ERROR)

    def message(self, number: int, state: int, severity: int, text: str, *, line: int = 1) -> None:
        """Add an ERROR or INFO token."""
        self.write(
            message(number=number, state=state, severity=severity, text=text, line=line, server=SERVER_NAME)
        )

    def end(self) -> None:
        """End the message; a response without any DONE gets one."""
        if self._last_done is None:
            self.done(Done.STATEMENT)
        self._settle(is_last=True)
        self._stream.end_message()

    def end_cancelled(self) -> None:
        """End the message with the acknowledgement of an ATTENTION."""
        self._settle(is_last=False)
        self._stream.write(done(Done.STATEMENT, DoneStatus.ATTENTION))
        self._stream.end_message()

    def cut(self) -> None:
        """Break the connection off in the middle: a fault for tests."""
        self._stream.cut()

    def _settle(self, *, is_last: bool) -> None:
        if self._last_done is None:
            return
        token, status, rows = self._last_done
        self._last_done = None
        self._stream.write(
            done(token, status | (DoneStatus.FINAL if is_last else DoneStatus.MORE), rows=rows)
        )
