"""A batch of T-SQL: cut into statements, and the statements that are not translated but obeyed.

T-SQL needs no semicolons, so a statement ends where a keyword can only begin the next one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from devstack.sqlserver.dialect import TSql, postgres_type
from devstack.sqlserver.errors import SqlServerError
from devstack.sqlserver.translate import parse, syntax_error

_CACHED_BATCHES: Final = 256
_QUOTED: Final = frozenset((TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.IDENTIFIER))
_STARTERS: Final = re.compile(
    "ALTER|BEGIN|COMMIT|CREATE|DECLARE|DELETE|DROP|EXEC|EXECUTE|GRANT|IF|INSERT|MERGE|PRINT|ROLLBACK|SAVE"
    "|SELECT|SET|TRUNCATE|UPDATE|USE|WAITFOR|WHILE"
)
_DATA_STATEMENTS: Final = frozenset(("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"))
_CALLS: Final = frozenset(("EXEC", "EXECUTE"))


@dataclass(frozen=True)
class Statement:
    """One statement: its text as written, its first line in the batch, its first words in upper case."""

    text: str
    line: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class Declaration:
    """A variable (`@name`, lower case), its Postgres type and the expression that it starts with."""

    name: str
    type: str
    default: exp.Expr | None


@dataclass(frozen=True)
class Call:
    """EXEC of a procedure: its name as written and its arguments, by name (`@name`) or by position (None)."""

    procedure: str
    arguments: tuple[tuple[str | None, exp.Expr], ...]


@lru_cache(maxsize=_CACHED_BATCHES)
def split(text: str) -> tuple[Statement, ...]:
    """Cut a batch into statements.

    Raises: SqlServerError: 102, 105.
    """
    return tuple(_statement(text, tokens) for tokens in _cut(_tokens(text)))


@lru_cache(maxsize=_CACHED_BATCHES)
def declarations(text: str) -> tuple[Declaration, ...]:
    """Read `DECLARE ...`, or the parameter list of sp_executesql with DECLARE put before it."""
    tree = parse(text)
    if not isinstance(tree, exp.Declare):
        raise SqlServerError(102, "Incorrect syntax near 'DECLARE'.")
    return tuple(_declaration(item) for item in tree.expressions)


def call(statement: Statement) -> Call:
    """Read `EXEC procedure arguments`."""
    tokens = _tokens(statement.text)[1:]
    end = next((index for index, token in enumerate(tokens) if not _is_name_part(tokens, index)), len(tokens))
    if end == 0:
        raise SqlServerError(102, "Incorrect syntax near 'EXEC'.")
    procedure = "".join(token.text for token in tokens[:end])
    return Call(procedure, tuple(_argument(statement.text, part) for part in _by_comma(tokens[end:])))


def expression(text: str) -> exp.Expr:
    """Parse one T-SQL expression."""
    tree = parse(f"SELECT {text}")
    if not isinstance(tree, exp.Select) or len(tree.selects) != 1:
        raise SqlServerError(102, f"Incorrect syntax near '{text[:30]}'.")
    return tree.selects[0]


def _tokens(text: str) -> list[Token]:
    try:
        return list(TSql().tokenize(text))
    except SqlglotError as error:
        raise syntax_error(error) from error


def _cut(tokens: list[Token]) -> Iterator[list[Token]]:
    current: list[Token] = []
    seen: set[str] = set()
    depth, previous = 0, ""
    for token in tokens:
        word = "" if token.token_type in _QUOTED else token.text.upper()
        depth += (word == "(") - (word == ")")
        is_end = word == ";"
        if current and depth == 0 and (is_end or _begins(word, previous, _word(current[0]), seen)):
            yield current
            current, seen = [], set()
        if not is_end:
            current.append(token)
        if depth == 0:
            seen.add(word)
        previous = word
    if current:
        yield current


def _begins(word: str, previous: str, first: str, seen: set[str]) -> bool:
    """Whether a keyword outside parentheses begins the next statement rather than goes on with this one."""
    if not _STARTERS.fullmatch(word) or previous in ("AS", "UNION", "ALL", "EXCEPT", "INTERSECT"):
        return False
    if first == "WITH" and word in _DATA_STATEMENTS:
        return bool(seen & _DATA_STATEMENTS)
    if first == "INSERT" and (word == "SELECT" or word in _CALLS):
        return bool(seen & {"SELECT", "VALUES", *_CALLS})
    if word == "SET" and (first in ("UPDATE", "MERGE", "ALTER") or "UPDATE" in seen):
        return first != "ALTER" and "SET" in seen
    return not (first in ("CREATE", "ALTER") and previous == "ON") and not (first == "DROP" and word == "IF")


def _word(token: Token) -> str:
    return token.text.upper()


def _statement(text: str, tokens: list[Token]) -> Statement:
    first, last = tokens[0], tokens[-1]
    return Statement(
        text[first.start : last.end + 1], first.line, tuple(_word(token) for token in tokens[:4])
    )


def _declaration(item: exp.Expr) -> Declaration:
    parameter = item.this[0] if isinstance(item.this, list) else item.this
    kind = item.args.get("kind")
    if not isinstance(kind, exp.DataType):
        raise SqlServerError(102, f"Incorrect syntax near '@{parameter.name}'.")
    default = item.args.get("default") or None
    return Declaration(f"@{parameter.name.lower()}", postgres_type(kind), default)


def _is_name_part(tokens: list[Token], index: int) -> bool:
    """A procedure's name: names joined by dots."""
    token = tokens[index]
    if index % 2:
        return token.token_type == TokenType.DOT
    return token.token_type in (TokenType.VAR, TokenType.IDENTIFIER)


def _by_comma(tokens: list[Token]) -> Iterator[list[Token]]:
    part: list[Token] = []
    depth = 0
    for token in tokens:
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 0 and token.token_type == TokenType.COMMA:
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _argument(text: str, tokens: list[Token]) -> tuple[str | None, exp.Expr]:
    is_named = len(tokens) > 3 and tokens[0].text == "@" and tokens[2].text == "="
    name = f"@{tokens[1].text.lower()}" if is_named else None
    value = tokens[3:] if is_named else tokens
    if not value:
        raise SqlServerError(102, "Incorrect syntax near ','.")
    return name, expression(text[value[0].start : value[-1].end + 1])
