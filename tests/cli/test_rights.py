"""What a check makes of the permissions of a login."""

import pytest

from plantpulse.cli.checks.rights import judge_rights

TABLE, OTHER = "[dbo].[labor_records]", "[dbo].[oee_metrics]"


@pytest.mark.parametrize(
    ("rows", "state", "message", "remedy"),
    [
        ([], "ok", "the login can change nothing", None),
        (
            [("DATABASE", "mes", "ALTER"), ("DATABASE", "mes", "INSERT"), ("OBJECT", TABLE, "INSERT")],
            "failed",
            "ALTER, INSERT on mes and 1 more",
            "DENY INSERT, UPDATE, DELETE, ALTER ON DATABASE::[mes] TO [reader]",
        ),
        (
            [("DATABASE", "tempdb", "CREATE TABLE")],
            "failed",
            "CREATE TABLE on tempdb",
            "USE tempdb; remove the login's roles there",
        ),
        (
            [("SCHEMA", "mine", "ALTER"), ("OBJECT", "[mine].[notes]", "INSERT")],
            "failed",
            "ALTER on mine and 1 more",
            "ALTER AUTHORIZATION ON SCHEMA::[mine] TO dbo if it owns the schema",
        ),
        (
            [("OBJECT", TABLE, "INSERT"), ("OBJECT", TABLE, "UPDATE")],
            "failed",
            f"INSERT, UPDATE on {TABLE}",
            f"as a DBA: REVOKE INSERT, UPDATE ON {TABLE} FROM [reader]",
        ),
        (
            [("PROCEDURE", "[dbo].[book]", "EXECUTE"), ("PROCEDURE", "[dbo].[undo]", "EXECUTE")],
            "warning",
            "may run procedures, which may write: EXECUTE on [dbo].[book] and 1 more",
            "REVOKE EXECUTE ON [dbo].[book] FROM [reader]",
        ),
    ],
)
def test_what_a_login_may_change_comes_with_the_statement_that_ends_it(
    rows: list[tuple[str, str, str]], state: str, message: str, remedy: str | None
) -> None:
    found = judge_rights(rows, "reader", "mes")

    assert found.state == state
    assert message in found.message
    assert remedy is None or remedy in (found.remedy or "")
    assert (found.remedy is None) is (remedy is None)


def test_a_grant_on_one_table_is_not_answered_with_a_denial_on_the_database() -> None:
    found = judge_rights([("OBJECT", TABLE, "INSERT"), ("OBJECT", OTHER, "DELETE")], "reader", "mes")

    assert found.remedy == f"as a DBA: REVOKE INSERT ON {TABLE} FROM [reader]"
