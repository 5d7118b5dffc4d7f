"""The questions to the server's catalogue, as their text: what they say is tested against the stand-in."""

import re

import pytest

from plantpulse.source.catalogue import lock_holders_query, offset_columns_query, permissions_query
from plantpulse.source.query_files import Query

QUERIES = [permissions_query(), offset_columns_query(), lock_holders_query()]


def code(query: Query) -> str:
    return re.sub(r"--[^\n]*", "", query.sql)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_names_are_spelled_as_a_case_sensitive_database_knows_them(query: Query) -> None:
    views = re.findall(r"\b(information_schema|sys)\.(\w+)", code(query), re.IGNORECASE)

    assert views
    for schema, view in views:
        assert (schema, view) in {(schema.upper(), view.upper()), ("sys", view.lower())}


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_question_is_one_bounded_select(query: Query) -> None:
    text = code(query).strip()

    assert text.lower().startswith("select top (@limit)")
    assert text.count(";") == 1
    words = re.sub(r"N'[^']*'", "", text)
    assert not re.search(r"\b(insert|update|delete|merge|exec|into|kill)\b", words, re.IGNORECASE)
    assert query.parameters == ("limit",)
