"""SQL Server's errors: numbers, severities, states and texts, and what Postgres' become.

Numbers are what clients decide by, so the ones a poll can meet are exact; anything else is 50000
with Postgres' own text. Source: the server's error list (sys.messages, documented by Microsoft).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FALLBACK_NUMBER: Final = 50000
DEADLOCK_VICTIM: Final = 1205
# number: (severity, state, whether the rest of the batch is given up)
_PROPERTIES: Final = {
    102: (15, 1, True),
    137: (15, 2, True),
    206: (16, 2, True),
    156: (15, 1, True),
    195: (15, 10, True),
    207: (16, 1, True),
    208: (16, 1, True),
    229: (14, 5, True),
    241: (16, 1, True),
    245: (16, 1, True),
    262: (14, 1, True),
    300: (14, 1, True),
    402: (16, 1, True),
    515: (16, 2, False),
    547: (16, 0, False),
    911: (16, 1, True),
    1205: (13, 51, True),
    1222: (16, 51, False),
    2627: (14, 1, False),
    2628: (16, 1, False),
    2714: (16, 6, True),
    2812: (16, 62, False),
    3701: (11, 5, False),
    3902: (16, 1, False),
    3903: (16, 1, False),
    4060: (11, 1, True),
    8115: (16, 2, False),
    8134: (16, 1, False),
    8116: (16, 1, True),
    8178: (16, 1, True),
    9810: (16, 1, True),
    9820: (16, 1, True),
    18456: (14, 1, True),
}
_DEADLOCK: Final = (
    "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock"
    " victim. Rerun the transaction."
)
# SQLSTATE: (number, text; {0} is the first name that Postgres quotes, as the query wrote it)
_BY_SQLSTATE: Final = {
    "42P01": (208, "Invalid object name '{0}'."),
    "3F000": (208, "Invalid object name '{0}'."),
    "42703": (207, "Invalid column name '{0}'."),
    "55P03": (1222, "Lock request time out period exceeded."),
    "40P01": (DEADLOCK_VICTIM, _DEADLOCK),
    "40001": (DEADLOCK_VICTIM, _DEADLOCK),
    "22012": (8134, "Divide by zero error encountered."),
    "22003": (8115, "Arithmetic overflow error converting expression to data type {type}."),
    "22007": (241, "Conversion failed when converting date and/or time from character string."),
    "22008": (241, "Conversion failed when converting date and/or time from character string."),
    "22P02": (245, "Conversion failed when converting the varchar value '{0}' to data type {type}."),
    "22001": (2628, "String or binary data would be truncated."),
    "23502": (515, "Cannot insert the value NULL into column '{0}'; column does not allow nulls."),
    "23503": (547, "The statement conflicted with the constraint '{0}'."),
    "23505": (2627, "Violation of unique constraint '{0}'. Cannot insert duplicate key."),
    "23514": (547, "The statement conflicted with the constraint '{0}'."),
    "42501": (229, "The permission was denied on the object '{0}'."),
    "42601": (102, "Incorrect syntax near '{0}'."),
    "42883": (195, "'{0}' is not a recognized built-in function name."),
    "42P07": (2714, "There is already an object named '{0}' in the database."),
}
_QUOTED: Final = re.compile(r'"([^"]*)"')
_BARE_COLUMN: Final = re.compile(r"^column (\S+) does not exist")
_BARE_FUNCTION: Final = re.compile(r"^function ([^(\s]+)\(")
_TYPE: Final = re.compile(r"\b(smallint|integer|bigint|numeric|tinyint|uuid|real|double precision)\b")
_DOCUMENTED: Final = re.compile(r"T(\d{4})")  # raised by times.sql with SQL Server's own number
_CAST: Final = re.compile(r"cannot cast type (.+?)(?:\(\d+\))? to (.+?)(?:\(\d+\))?$")
_CAST_NAMES: Final = {
    "time without time zone": "time",
    "timestamp without time zone": "datetime2",
    "integer": "int",
    "boolean": "bit",
    "double precision": "float",
}
_TYPE_NAMES: Final = {"integer": "int", "uuid": "uniqueidentifier", "double precision": "float"}


@dataclass
class SqlServerError(Exception):
    """One error as SQL Server would send it; the line is that of the statement in its batch.

    `own_text` is what Postgres said, if it was Postgres that refused.
    """

    number: int
    text: str
    line: int = 1
    own_text: str = ""

    @property
    def severity(self) -> int:
        """11 and above are errors; 14 is permission, 15 syntax, 16 anything a user can mend."""
        return _PROPERTIES.get(self.number, (16, 1, False))[0]

    @property
    def state(self) -> int:
        """Where in the server it arose; only a few are known to clients."""
        return _PROPERTIES.get(self.number, (16, 1, False))[1]

    @property
    def ends_batch(self) -> bool:
        """Whether SQL Server gives up the rest of the batch."""
        return _PROPERTIES.get(self.number, (16, 1, False))[2]


def from_postgres(sqlstate: str, text: str, *, names: Mapping[str, str]) -> SqlServerError:
    """What SQL Server would have said; `names` maps lower-case names to how the query wrote them."""
    if documented := _DOCUMENTED.fullmatch(sqlstate):
        return SqlServerError(int(documented[1]), text, own_text=text)
    if cast := _CAST.match(text):
        kinds = [_CAST_NAMES.get(kind, kind) for kind in cast.groups()]
        return SqlServerError(
            206, f"Operand type clash: {kinds[1]} is incompatible with {kinds[0]}", own_text=text
        )
    if sqlstate not in _BY_SQLSTATE:
        return SqlServerError(FALLBACK_NUMBER, text, own_text=text)
    number, template = _BY_SQLSTATE[sqlstate]
    kind = _TYPE.search(text)
    type_name = _TYPE_NAMES.get(kind[1], kind[1]) if kind else "int"
    if sqlstate == "22P02" and type_name == "uniqueidentifier":
        return SqlServerError(
            8169, "Conversion failed when converting from a character string to uniqueidentifier."
        )
    return SqlServerError(number, template.format(_name_in(text, names), type=type_name), own_text=text)


def _name_in(text: str, names: Mapping[str, str]) -> str:
    """The name that the message is about: written bare for `t.column` and functions, else quoted.

    The value in a conversion error comes last, so that the last quoted part is it.
    """
    bare = _BARE_COLUMN.match(text) or _BARE_FUNCTION.match(text)
    if bare:
        found = bare[1].strip('"').split(".")[-1]
    else:
        quoted = _QUOTED.findall(text)
        if not quoted:
            return ""
        found = quoted[-1] if text.startswith("invalid input") else quoted[0]
    return names.get(found, names.get(found.split(".")[-1], found))
