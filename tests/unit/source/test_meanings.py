"""What servers mean by an error, by number and in the words of several engines."""

import pytest

from plantpulse.source.meanings import Meaning, meaning_of, meanings_in

UNMAPPED = 33557097  # what Babelfish for PostgreSQL sends for all that it has no number for


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        # SQL Server's own words
        ("Login failed for user 'reader'.", Meaning.LOGIN),
        ("Login failed. The login is from an untrusted domain.", Meaning.LOGIN),
        ("Logon failed for login 'reader' due to trigger execution.", Meaning.LOGIN),
        ('Cannot open database "mes" requested by the login. The login failed.', Meaning.DATABASE),
        ("Database 'mes' does not exist. Make sure that the name is entered correctly.", Meaning.DATABASE),
        ("Invalid object name 'oee_metrics'.", Meaning.TABLE),
        ("Could not find stored procedure 'shifts'.", Meaning.TABLE),
        ('Cannot find the object "x" because it does not exist.', Meaning.TABLE),
        ("Invalid column name 'oee'.", Meaning.COLUMN),
        ('The multi-part identifier "o.oee" could not be bound.', Meaning.COLUMN),
        ("The SELECT permission was denied on the object 'oee_metrics', database 'mes'.", Meaning.DENIED),
        ("The permission was denied on the object 'oee_metrics'.", Meaning.DENIED),
        ("Lock request time out period exceeded.", Meaning.BUSY),
        ("Transaction (Process ID 52) was deadlocked on lock resources with another process.", Meaning.BUSY),
        ("Snapshot isolation transaction aborted due to update conflict.", Meaning.BUSY),
        ("Database 'mes' on server 'x' is not currently available. Please retry later.", Meaning.BUSY),
        # PostgreSQL's, which Babelfish passes on
        ('relation "oee_metrics" does not exist', Meaning.TABLE),
        ('schema "mes" does not exist', Meaning.TABLE),
        ('column "oee" does not exist', Meaning.COLUMN),
        ('column "oee" of relation "oee_metrics" does not exist', Meaning.COLUMN),
        ("permission denied for table oee_metrics", Meaning.DENIED),
        ("permission denied for relation oee_metrics", Meaning.DENIED),
        ("canceling statement due to lock timeout", Meaning.BUSY),
        ('could not obtain lock on relation "oee_metrics"', Meaning.BUSY),
        ("could not serialize access due to concurrent update", Meaning.BUSY),
        ("deadlock detected", Meaning.BUSY),
        ("canceling statement due to statement timeout", Meaning.BUSY),
        ("canceling statement due to user request", Meaning.BUSY),
        ('role "reader" is not permitted to log in', Meaning.LOGIN),
        ("sorry, too many clients already", Meaning.BUSY),
        ("the database system is starting up", Meaning.BUSY),
        ("terminating connection due to administrator command", Meaning.BUSY),
        ('password authentication failed for user "reader"', Meaning.LOGIN),
        ('role "reader" does not exist', Meaning.LOGIN),
        ('database "mes" does not exist', Meaning.DATABASE),
        # others'
        ("Table 'mes.oee_metrics' doesn't exist", Meaning.TABLE),
        ("Access denied for user 'reader'@'10.0.0.5' (using password: YES)", Meaning.LOGIN),
        ("SELECT command denied to user 'reader' for table 'oee_metrics'", Meaning.DENIED),
        ("Unknown column 'oee' in 'field list'", Meaning.COLUMN),
        ("Lock wait timeout exceeded; try restarting transaction", Meaning.BUSY),
        ("no such table: oee_metrics", Meaning.TABLE),
        ("no such column: oee", Meaning.COLUMN),
        ("database is locked", Meaning.BUSY),
        ("Catalog Error: Table with name oee_metrics does not exist!", Meaning.TABLE),
        ('Binder Error: Referenced column "oee" not found in FROM clause!', Meaning.COLUMN),
        ("oee_metrics not found. Specify owner.objectname or use sp_help.", Meaning.TABLE),
        ("Invalid username or password", Meaning.LOGIN),
        ("The password is incorrect", Meaning.LOGIN),
        # SQLSTATE
        ("SQLSTATE 42P01: etwas fehlt", Meaning.TABLE),
        ("[SQLSTATE=28P01] nein", Meaning.LOGIN),
        ("55P03: gesperrt", Meaning.BUSY),
        ("40001 bitte noch einmal", Meaning.BUSY),
        # unknown
        ("Divide by zero error encountered.", None),
        ("Conversion failed when converting the varchar value 'Login failed' to data type int.", None),
        ("Incorrect syntax near 'deadlock'.", None),
        ("Anfrage abgelehnt.", None),
        ("", None),
    ],
)  # fmt: skip
def test_words_tell_what_a_foreign_number_does_not(text: str, meaning: Meaning | None) -> None:
    assert meaning_of(UNMAPPED, text) is meaning


@pytest.mark.parametrize(
    "text",
    [
        "Login failed due to timeout; the connection has been closed.",
        "Login failed for user 'reader'. Only administrators may connect at this time.",
        "Login failed for user 'reader'. Reason: Server is in single user mode. "
        "Only one administrator can connect at this time.",
    ],
)
def test_a_login_that_failed_for_the_servers_own_reason_is_told_from_a_wrong_password(text: str) -> None:
    assert meanings_in(text) == [Meaning.LOGIN, Meaning.BUSY]


def test_a_known_number_is_believed_before_the_words() -> None:
    assert meaning_of(208, "Ungültiger Objektname 'deadlock detected'.") is Meaning.TABLE
    assert meaning_of(1222, "permission was denied") is Meaning.BUSY


@pytest.mark.parametrize(
    "name", ["'deadlock detected'", '"login failed"', "[lock timeout]", "`permission denied`"]
)
def test_a_name_in_quotes_says_nothing(name: str) -> None:
    assert meanings_in(f"Incorrect syntax near {name}.") == []
    assert meaning_of(UNMAPPED, f"Invalid object name {name}.") is Meaning.TABLE
