"""What a failure reported by the driver means; every message below was taken from a real pymssql."""

import pytest

from plantpulse.errors import (
    PlantpulseError,
    SourceLocked,
    SourceLoginFailed,
    SourceQueryFailed,
    SourceRefused,
    SourceSchemaMismatch,
    SourceTableDenied,
    SourceTableMissing,
    SourceUnavailable,
)
from plantpulse.source.errors import Report, Verdict, judge_connecting, judge_query, read_report

FAILED = "DB-Lib error message 20002, severity 9:\nTDS server connection failed (10.0.0.5)\n"
REFUSED = (
    "DB-Lib error message 20009, severity 9:\nUnable to connect: TDS server is unavailable or does not exist "
    "(10.0.0.5)\nNet-Lib error during Connection refused (111)\n"
)
SILENT = "DB-Lib error message 20003, severity 6:\nTDS server connection timed out (10.0.0.5)\n" + FAILED
CLOSED = "DB-Lib error message 20017, severity 9:\nUnexpected EOF from the server (10.0.0.5)\n" + FAILED
DEAD = "DB-Lib error message 20047, severity 9:\nDBPROCESS is dead or not enabled\n"


def said(text: str, severity: int) -> str:
    general = "General SQL Server error: Check messages from the SQL Server"
    return f"{text}DB-Lib error message 20018, severity {severity}:\n{general}\n"


def tls_fits() -> None:
    return None


def tls_is_in_the_way() -> Verdict:
    return Verdict(SourceRefused, "the certificate has expired", "Renew it")


def test_the_servers_words_are_told_from_the_librarys() -> None:
    report = read_report(18456, said("Login failed for user 'u'.", 14) + FAILED)

    assert report == Report(18456, 14, "Login failed for user 'u'.", frozenset({20018, 20002}))


def test_the_systems_reason_is_kept() -> None:
    assert read_report(20009, REFUSED).system_reason == "Connection refused"


def test_a_number_without_the_servers_words_is_not_believed() -> None:
    report = read_report(18456, REFUSED)

    assert report.number is None
    assert report.severity == 0


@pytest.mark.parametrize(
    ("number", "message", "error"),
    [
        (20009, REFUSED, SourceUnavailable),
        (20009, SILENT, SourceUnavailable),
        (20002, CLOSED, SourceUnavailable),
        (None, "Connection to the database failed for an unknown reason.", SourceUnavailable),
        (18456, said("Login failed for user 'u'.", 14) + FAILED, SourceLoginFailed),
        (18452, said("Login failed. The login is from an untrusted domain.", 14) + FAILED, SourceLoginFailed),
        (18486, said("Login failed for user 'u' because the account is locked out.", 14), SourceLoginFailed),
        (18488, said("Login failed. The password must be changed.", 14) + FAILED, SourceLoginFailed),
        (17892, said("Logon failed for login 'u' due to trigger execution.", 14), SourceLoginFailed),
        (4060, said('Cannot open database "mes" requested by the login.', 11) + FAILED, SourceRefused),
        (4064, said("Cannot open user default database.", 11) + FAILED, SourceRefused),
        (916, said('The server principal "u" is not able to access the database.', 14), SourceRefused),
        (40613, said("Database 'mes' is not currently available.", 17) + FAILED, SourceUnavailable),
        (
            18401,
            said("Only administrator can connect: server is in script upgrade mode.", 14),
            SourceUnavailable,
        ),
        (17809, said("Could not connect: the maximum number of connections.", 20), SourceUnavailable),
        (17187, said("SQL Server is not ready to accept new client connections.", 16), SourceUnavailable),
        (
            17188,
            said("SQL Server cannot accept new connections: it is shutting down.", 16),
            SourceUnavailable,
        ),
        (17142, said("SQL Server service has been paused.", 14), SourceUnavailable),
        (17197, said("Login failed due to timeout; the connection has been closed.", 16), SourceUnavailable),
        (
            18451,
            said("Login failed for user 'u'. Only administrators may connect at this time.", 14),
            SourceUnavailable,
        ),
        (
            18461,
            said("Login failed for user 'u'. Only one administrator can connect at this time.", 14),
            SourceUnavailable,
        ),
        (921, said("Database 'mes' has not been recovered yet. Wait and try again.", 14), SourceUnavailable),
        (922, said("Database 'mes' is being recovered.", 14) + FAILED, SourceUnavailable),
        (
            927,
            said("Database 'mes' cannot be opened. It is in the middle of a restore.", 14),
            SourceUnavailable,
        ),
        (942, said("Database 'mes' cannot be opened because it is offline.", 14), SourceRefused),
        (999, said("Something of severity 16.", 16), SourceRefused),
    ],
)
def test_a_failed_connection_is_judged(
    number: int | None, message: str, error: type[PlantpulseError]
) -> None:
    verdict = judge_connecting(read_report(number, message), tls_fits)

    assert verdict.error is error


@pytest.mark.parametrize(
    ("stale", "message", "error"),
    [
        (18456, REFUSED, SourceUnavailable),
        (18456, SILENT, SourceUnavailable),
        (18456, "Unknown error", SourceUnavailable),
        (18456, said("", 11) + FAILED, SourceRefused),
        (40613, said("", 14) + FAILED, SourceLoginFailed),
    ],
)
def test_the_number_of_an_earlier_failure_is_ignored(
    stale: int, message: str, error: type[PlantpulseError]
) -> None:
    verdict = judge_connecting(read_report(stale, message), tls_fits)

    assert verdict.error is error


def test_a_refused_login_is_named_even_when_its_words_are_lost() -> None:
    verdict = judge_connecting(read_report(40613, said("", 14) + FAILED), tls_fits)

    assert verdict.reason == "SQL Server refused the login, error 18456 or a similar one"


def test_tls_is_suspected_only_where_the_library_cannot_say() -> None:
    def must_not_be_asked() -> None:
        raise AssertionError("asked about TLS")

    for message in (REFUSED, SILENT, said("Login failed for user 'u'.", 14) + FAILED):
        judge_connecting(read_report(20002, message), must_not_be_asked)

    for message in (FAILED, DEAD + DEAD + FAILED, CLOSED):  # load decides which of them it is
        assert judge_connecting(read_report(20002, message), tls_is_in_the_way) == tls_is_in_the_way()
        assert judge_connecting(read_report(20002, message), tls_fits).error is SourceUnavailable


@pytest.mark.parametrize(
    ("number", "severity", "error"),
    [
        (208, 16, SourceTableMissing),
        (2812, 16, SourceTableMissing),
        (207, 16, SourceSchemaMismatch),
        (4104, 16, SourceSchemaMismatch),
        (229, 14, SourceTableDenied),
        (916, 14, SourceTableDenied),
        (3952, 16, SourceRefused),
        (1222, 16, SourceLocked),
        (1205, 13, SourceUnavailable),
        (3960, 16, SourceUnavailable),
        (3961, 16, SourceUnavailable),
        (40197, 17, SourceUnavailable),
        (40501, 20, SourceUnavailable),
        (10928, 20, SourceUnavailable),
        (596, 21, SourceUnavailable),
        (701, 17, SourceUnavailable),
        (601, 12, SourceUnavailable),
        (605, 12, SourceUnavailable),
        (922, 14, SourceUnavailable),
        (8134, 16, SourceQueryFailed),
        (102, 15, SourceQueryFailed),
        (50000, 16, SourceQueryFailed),
    ],
)
def test_a_failed_query_is_judged(number: int, severity: int, error: type[PlantpulseError]) -> None:
    verdict = judge_query(read_report(number, said("Something happened.", severity)))

    assert verdict.error is error
    assert verdict.reason.startswith(f"SQL Server error {number}, ")


@pytest.mark.parametrize("number", [208, 922, 1205, 4060, 17197, 18401, 50000, 72_000, 99_999, 33557097])
@pytest.mark.parametrize("severity", [11, 14, 16, 17, 20, 25])
@pytest.mark.parametrize(
    "text", ["Login failed for user 'reader'.", 'password authentication failed for user "reader"']
)
def test_a_wrong_password_is_never_tried_again(number: int, severity: int, text: str) -> None:
    verdict = judge_connecting(read_report(number, said(text, severity) + FAILED), tls_fits)

    assert not verdict.error.is_retryable


@pytest.mark.parametrize("severity", [11, 14, 16, 17, 20, 25])
def test_a_login_refused_in_unknown_words_by_another_engine_is_not_tried_again(severity: int) -> None:
    report = read_report(99_999, said("Anfrage abgelehnt.", severity) + FAILED)

    assert not judge_connecting(report, tls_fits).error.is_retryable


@pytest.mark.parametrize(
    ("number", "text", "severity", "error"),
    [
        (72_000, "Login failed for user 'u'.", 16, SourceLoginFailed),
        (72_000, "Irgendetwas.", 14, SourceLoginFailed),
        (72_000, "The database system is starting up", 16, SourceUnavailable),
        (72_000, 'Cannot open database "mes" requested by the login. The login failed.', 11, SourceRefused),
        (18401, "Login failed for user 'u'. Server is in script upgrade mode.", 14, SourceUnavailable),
        (18401, "Fehler bei der Anmeldung.", 14, SourceUnavailable),
        (72_000, "Login failed for user 'u': too many attempts, try again later.", 20, SourceLoginFailed),
    ],
)
def test_the_words_decide_about_a_login_where_the_number_cannot(
    number: int, text: str, severity: int, error: type[PlantpulseError]
) -> None:
    verdict = judge_connecting(read_report(number, said(text, severity) + FAILED), tls_fits)

    assert verdict.error is error


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('relation "oee_metrics" does not exist', SourceTableMissing),
        ('column "oee" does not exist', SourceSchemaMismatch),
        ("permission denied for table oee_metrics", SourceTableDenied),
        ("canceling statement due to lock timeout", SourceLocked),
        ("Anfrage abgelehnt.", SourceQueryFailed),
    ],
)
def test_the_words_decide_about_a_query_where_the_number_cannot(
    text: str, error: type[PlantpulseError]
) -> None:
    assert judge_query(read_report(33557097, said(text, 16))).error is error


def test_what_is_not_understood_is_marked() -> None:
    assert judge_query(read_report(208, said("Ungültiger Objektname.", 16))).is_understood
    assert not judge_query(read_report(72_000, said("Anfrage abgelehnt.", 16))).is_understood


def test_a_missing_column_is_not_mistaken_for_a_missing_table() -> None:
    verdict = judge_query(read_report(207, said("Invalid column name 'x'.", 16)))

    assert not issubclass(verdict.error, SourceTableMissing)


@pytest.mark.parametrize("message", [DEAD, CLOSED, SILENT])
def test_a_lost_connection_is_transient_and_over(message: str) -> None:
    report = read_report(20047, message)

    assert report.is_connection_gone
    assert judge_query(report).error is SourceUnavailable


def test_a_lock_time_out_leaves_the_connection_alive() -> None:
    assert not read_report(1222, said("Lock request time out period exceeded.", 16)).is_connection_gone
    assert read_report(596, said("The session is in the kill state.", 21)).is_connection_gone


@pytest.mark.parametrize(
    ("number", "text", "advice"),
    [
        (18470, "Login failed for user 'u'. Reason: The account is disabled.", "enable the login"),
        (33557097, 'role "u" is not permitted to log in', "enable the login"),
        (18486, "Login failed for user 'u' because the account is currently locked out.", "unlock the login"),
        (18488, "Login failed for user 'u'. Reason: The password must be changed.", "a new password"),
        (17892, "Logon failed for login 'u' due to trigger execution.", "which logon trigger"),
        (18456, "Login failed for user 'u'.", "Check user and password"),
    ],
)
def test_a_refused_login_is_told_what_to_do_about_it(number: int, text: str, advice: str) -> None:
    verdict = judge_connecting(read_report(number, said(text, 14) + FAILED), tls_fits)

    assert verdict.error is SourceLoginFailed
    assert advice in verdict.advice
    assert "database's name" not in verdict.advice


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1222, "Tempo limite da solicitacao de bloqueio excedido."),
        (33557097, "canceling statement due to lock timeout"),
        (33557097, 'could not obtain lock on relation "oee_metrics"'),
    ],
)
def test_a_lock_that_was_waited_for_says_whom_to_ask(number: int, text: str) -> None:
    assert "Ask the DBA which session holds a lock" in judge_query(read_report(number, said(text, 16))).advice


def test_a_deadlock_is_nobodys_lock() -> None:
    assert (
        "Ask the DBA" not in judge_query(read_report(1205, said("Deadlocked on lock resources.", 13))).advice
    )


@pytest.mark.parametrize(
    ("is_known", "reason"),
    [(True, "the connection was lost during the login"), (False, "the host name cannot be resolved")],
)
def test_only_a_name_without_an_address_cannot_be_resolved(is_known: bool, reason: str) -> None:
    verdict = judge_connecting(read_report(None, "Unknown error"), tls_fits, lambda: is_known)

    assert (verdict.error, verdict.reason) == (SourceUnavailable, reason)


def test_a_refusal_that_stays_lost_is_told_as_lost() -> None:
    verdict = judge_connecting(read_report(4060, said("", 16) + FAILED), tls_fits)

    assert "4060" not in verdict.reason
    assert "the driver lost its number and text" in verdict.reason
    assert "plantpulse check" in verdict.advice
