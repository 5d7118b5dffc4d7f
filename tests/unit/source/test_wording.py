"""What of a server's error everybody may read."""

import pytest

from plantpulse.source.errors import judge_connecting, judge_query, read_report

LIBRARY = "DB-Lib error message 20018, severity {}:\nGeneral SQL Server error: Check messages\n"


def said(text: str, severity: int = 16) -> str:
    return text + LIBRARY.format(severity)


@pytest.mark.parametrize(
    ("number", "text", "told"),
    [
        (
            245,
            "Conversion failed when converting the varchar value 'Anna O'Brien' to data type int.",
            "a value does not fit its type",
        ),
        (8114, "Error converting data type nvarchar to numeric.", "a value does not fit its type"),
        (
            220,
            "Arithmetic overflow error for data type tinyint, value = 4711.",
            "a number or a date is too large for its type",
        ),
        (
            2627,
            "Violation of PRIMARY KEY constraint 'pk'. The duplicate key value is (Anna, 4711).",
            "a key would stand in the table twice",
        ),
        (
            2628,
            "String or binary data would be truncated. Truncated value: 'Anna'.",
            "a text is too long for its column",
        ),
        (50000, "Anna called in sick", "its text is not shown, as it may quote a row"),
        (51000, 'relation "x" does not exist, says Anna', "a table or view is missing"),
        (99999, "Deadlock: Anna holds 4711", "the server was busy, or a lock was held"),
        (701, "Speicher: Anna", "its text is not shown, as it may quote a row"),
        (
            33557097,
            'invalid input syntax for type integer: "Anna"',
            "its text is not shown, as it may quote a row",
        ),
        (208, "Invalid object name 'oee_metrics'.", "Invalid object name 'oee_metrics'"),
        (102, "Incorrect syntax near 'selekt'.", "Incorrect syntax near 'selekt'"),
        (33557097, 'relation "oee_metrics" does not exist', 'relation "oee_metrics" does not exist'),
        (
            33557097,
            "permission denied for table oee_metrics",
            "permission denied for table oee_metrics",
        ),
    ],
)
def test_an_error_of_a_query_names_tables_and_never_values(number: int, text: str, told: str) -> None:
    verdict = judge_query(read_report(number, said(text)))

    assert verdict.reason == f"SQL Server error {number}, {told}"


def test_a_text_of_the_server_is_one_line_of_bounded_length_without_controls() -> None:
    text = "Invalid object name\r\n '\x1b[2Joee\x9b31m" + "x" * 5000

    for verdict in (
        judge_query(read_report(208, said(text))),
        judge_connecting(read_report(18456, said(text, 14)), lambda: None),
    ):
        assert verdict.reason.isprintable()
        assert len(verdict.reason) < 350
