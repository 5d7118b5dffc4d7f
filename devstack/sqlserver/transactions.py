"""Transaction manager requests: how clients other than FreeTDS begin and end transactions.

Source: MS-TDS 2.2.6.9; only begin, commit and roll back are served.
"""

import struct
from typing import Final

from devstack.sqlserver.errors import FALLBACK_NUMBER, SqlServerError
from devstack.sqlserver.execution import Execution
from devstack.sqlserver.packets import ProtocolViolation
from devstack.sqlserver.response import Response
from devstack.sqlserver.tokens import Done, transaction_began, transaction_ended

_BEGIN, _COMMIT, _ROLL_BACK = 5, 7, 8
_BEGINS_ANOTHER: Final = 0x01


def answer_request(payload: bytes, execution: Execution, response: Response) -> None:
    """Obey one request.

    Raises: ProtocolViolation.
    """
    if len(payload) < 2:
        raise ProtocolViolation("a transaction request without a kind")
    (kind,) = struct.unpack_from("<H", payload)
    try:
        _obey(kind, payload, execution, response)
    except SqlServerError as error:
        response.error(error, line=1)
        return
    response.done(Done.STATEMENT)


def _obey(kind: int, payload: bytes, execution: Execution, response: Response) -> None:
    if kind == _BEGIN:
        execution.begin()
        response.write(transaction_began())
        return
    if kind not in (_COMMIT, _ROLL_BACK):
        raise SqlServerError(
            FALLBACK_NUMBER, f"the stand-in does not serve transaction requests of kind {kind}"
        )
    if kind == _COMMIT:
        execution.commit()
    else:
        execution.roll_back()
    response.write(transaction_ended(is_committed=kind == _COMMIT))
    if _begins_another(payload):
        execution.begin()
        response.write(transaction_began())


def _begins_another(payload: bytes) -> bool:
    """Whether a commit or roll-back says, behind its name, that a new transaction follows."""
    position = 3 + payload[2] if len(payload) > 2 else 0
    return 0 < position < len(payload) and bool(payload[position] & _BEGINS_ANOTHER)
