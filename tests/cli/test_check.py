"""`plantpulse check`: each real failure is one red line with its remedy, and nothing is written anywhere."""

import re
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

import pymssql
import pytest
import trustme

from devstack.access import SupabaseAccess
from devstack.fault_proxy import FaultProxy
from devstack.signing import sign
from devstack.sqlserver import Login, StandIn
from devstack.supabase import Supabase
from tests.certificates import certified
from tests.cli.conftest import CommandLine
from tests.conftest import SqlServerUnderTest
from tests.faults.scripted_server import scripted_server
from tests.functions.conftest import World

MIGRATIONS = Path(__file__).parents[2] / "supabase" / "migrations"
PLANT_LINKS = ["settings", "dns", "tcp", "tls", "login", "read-only", "clock"]
QUERY_FILES = [
    "output.sql",
    "output_sums.sql",
    "downtime.sql",
    "safety_codes.sql",
    "safety.sql",
    "oee.sql",
    "quality.sql",
    "labor.sql",
    "row times",
]
SUPABASE_LINKS = [
    "settings",
    "dns",
    "tcp",
    "tls",
    "key",
    "sign-up",
    "data api",
    "grants",
    "rls",
    "members",
    "names",
]


@pytest.fixture
def checked(cli: CommandLine, mes: pymssql.Connection) -> CommandLine:
    """The command line beside the plant's tables and the migrations."""
    (cli.folder / "supabase").mkdir()
    (cli.folder / "supabase" / "migrations").symlink_to(MIGRATIONS)
    return cli


def findings(cli: CommandLine) -> dict[str, Any]:
    """Return the findings by subject and link."""
    found = cli("check", "--json").json["findings"]
    return {f"{one['subject']} {one['link']}": one for one in found}


def states(cli: CommandLine) -> dict[str, str]:
    """Return the state of every link that is not green."""
    return {name: one["state"] for name, one in findings(cli).items() if one["state"] != "ok"}


def first_word(statement: str) -> str:
    """Return what a statement does: its first word behind comments."""
    lines = [line for line in statement.splitlines() if line.strip() and not line.startswith("--")]
    return lines[0].split()[0].lower()


def point_at(cli: CommandLine, project: SupabaseAccess) -> None:
    """Have the command line look at another project."""
    cli.environ |= {"SUPABASE_URL": project.url, "SUPABASE_SECRET_KEY": project.secret_key}


def set_in_file(cli: CommandLine, setting: str, value: object) -> None:
    """Set a value of the SQL Server in plantpulse.yaml."""
    path = cli.folder / "plantpulse.yaml"
    lines = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.strip().startswith(f"{setting}:")
    ]
    path.write_text("\n".join([*lines, f"      {setting}: {value}", ""]), encoding="utf-8")


def test_every_link_is_looked_at_in_order(checked: CommandLine) -> None:
    found = findings(checked)

    assert list(found) == [
        *(f"north {link}" for link in PLANT_LINKS + QUERY_FILES),
        *(f"supabase {link}" for link in [*SUPABASE_LINKS, "migrations", "ideal rates"]),
    ]


@pytest.mark.stand_in
def test_a_sound_plant_has_nothing_broken_and_ends_with_0(checked: CommandLine) -> None:
    result = checked("check")

    assert result.exit_code == 0
    assert result.out.splitlines()[-1] == "nothing is broken, 2 to look at"
    assert states(checked) == {"north tls": "warning", "supabase sign-up": "warning"}


@pytest.mark.stand_in
def test_a_check_sends_no_statement_that_could_write(checked: CommandLine, mssql: SqlServerUnderTest) -> None:
    assert mssql.stand_in

    checked("check")

    said = [first_word(statement.text) for statement in mssql.stand_in.traffic.statements]
    assert len(said) >= 8
    assert set(said) == {"use", "set", "select"}
    assert [login.is_accepted for login in mssql.stand_in.traffic.logins] == [True]


def test_a_broken_link_is_red_with_what_to_do_and_ends_with_1(checked: CommandLine) -> None:
    checked.environ["MSSQL_PASSWORD"] = "not-the-password"

    result = checked("check")

    assert result.exit_code == 1
    lines = result.out.splitlines()
    [place] = [number for number, line in enumerate(lines) if line.startswith("FAIL")]
    assert "north        login" in lines[place]
    assert "do: correct MSSQL_USER or MSSQL_PASSWORD" in lines[place + 1]
    assert "skip north        read-only" in result.out
    assert "not-the-password" not in result.out + result.err


@pytest.mark.stand_in
def test_a_refused_login_is_tried_once(checked: CommandLine, mssql: SqlServerUnderTest) -> None:
    assert mssql.stand_in
    checked.environ["MSSQL_PASSWORD"] = "not-the-password"

    states(checked)

    assert [login.is_accepted for login in mssql.stand_in.traffic.logins] == [False]


def test_no_secret_is_ever_told(checked: CommandLine) -> None:
    secrets = [checked.environ["MSSQL_PASSWORD"], checked.environ["SUPABASE_SECRET_KEY"]]
    shown = checked("--verbose", "check")
    data = checked("check", "--json")

    assert [secret for secret in secrets if secret in shown.out + shown.err + data.out] == []


def test_a_plant_without_settings_names_them_and_skips_the_rest(checked: CommandLine) -> None:
    del checked.environ["MSSQL_PASSWORD"]

    found = findings(checked)

    assert found["north settings"]["state"] == "failed"
    assert "MSSQL_PASSWORD" in found["north settings"]["message"]
    assert {found[f"north {link}"]["state"] for link in PLANT_LINKS[1:] + QUERY_FILES} == {"skipped"}
    assert found["supabase data api"]["state"] == "ok"


def test_a_name_that_does_not_resolve_is_the_name_servers_fault(checked: CommandLine) -> None:
    set_in_file(checked, "host", "sql.nowhere.invalid")

    found = findings(checked)

    assert (found["north dns"]["state"], found["north tcp"]["state"]) == ("failed", "skipped")
    assert "sql.nowhere.invalid cannot be resolved" in found["north dns"]["message"]
    assert "MSSQL_HOST" in found["north dns"]["remedy"]


def test_a_closed_port_is_told_as_closed(checked: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    set_in_file(checked, "port", port)

    found = findings(checked)

    assert found["north tcp"]["message"] == f"port {port} of 127.0.0.1 is closed"
    assert "MSSQL_PORT" in found["north tcp"]["remedy"]
    assert found["north login"]["state"] == "skipped"


def test_a_server_that_is_silent_is_told_before_the_login(
    checked: CommandLine, mssql: SqlServerUnderTest
) -> None:
    with FaultProxy(mssql.reader.host, mssql.reader.port) as proxy:
        proxy.be_silent()
        set_in_file(checked, "port", proxy.port)
        set_in_file(checked, "login_timeout_s", 1)

        found = findings(checked)

    assert found["north tls"]["state"] == "failed"
    assert "is silent" in found["north tls"]["message"]
    assert found["north login"]["state"] == "skipped"


@pytest.fixture
def certified_server(mssql: SqlServerUnderTest, tmp_path: Path) -> Iterator[tuple[StandIn, trustme.CA]]:
    assert mssql.stand_in
    authority = trustme.CA()
    logins = {"reader": Login(mssql.reader.password)}
    with StandIn(
        mssql.stand_in.database_url, logins=logins, database="mes", tls=certified(authority, "127.0.0.1")
    ) as server:
        yield server, authority


@pytest.mark.stand_in
def test_a_certificate_of_another_authority_is_refused_before_the_login(
    checked: CommandLine, certified_server: tuple[StandIn, trustme.CA], tmp_path: Path
) -> None:
    server, authority = certified_server
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    authority.cert_pem.write_to_path(tmp_path / "right.pem")
    set_in_file(checked, "port", server.port)
    set_in_file(checked, "encryption", "require")
    set_in_file(checked, "ca_file", tmp_path / "other.pem")
    untrusted = findings(checked)
    set_in_file(checked, "ca_file", tmp_path / "right.pem")
    trusted = findings(checked)

    assert untrusted["north tls"]["state"] == "failed"
    assert "certificate is refused" in untrusted["north tls"]["message"]
    assert "ca_file" in untrusted["north tls"]["remedy"]
    assert untrusted["north login"]["state"] == "skipped"
    assert trusted["north tls"]["message"] == "encrypted, certificate verified"


@pytest.mark.parametrize("encryption", ["require", "request", "off"])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"E\x00\x00\x00\x0cSFATAL\x00",
        b"\x04\x01\x00\x0a\x00\x00\x01\x00zz",
    ],
    ids=["nothing", "http", "postgres", "nonsense"],
)
def test_what_is_no_sql_server_is_told_before_the_login(
    checked: CommandLine, answer: bytes, encryption: str
) -> None:
    def converse(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(answer)

    with scripted_server() as server:
        server.on_connection = converse
        set_in_file(checked, "port", server.port)
        set_in_file(checked, "encryption", encryption)

        found = findings(checked)

    assert found["north tls"]["state"] == "failed"
    assert "does not answer as a SQL Server does" in found["north tls"]["message"]
    assert "MSSQL_PORT" in found["north tls"]["remedy"]
    assert found["north login"]["state"] == "skipped"


@pytest.mark.stand_in
def test_the_clock_is_asked_for_when_it_is_compared(checked: CommandLine, mssql: SqlServerUnderTest) -> None:
    assert mssql.stand_in

    assert findings(checked)["north clock"]["state"] == "ok"

    asked = [statement.text.lower() for statement in mssql.stand_in.traffic.statements]
    rights = next(place for place, text in enumerate(asked) if "has_perms_by_name" in text)
    assert "sysutcdatetime" in asked[rights + 1]


@pytest.mark.stand_in
def test_a_server_without_tls_where_it_is_required_is_told(checked: CommandLine) -> None:
    set_in_file(checked, "encryption", "require")

    found = findings(checked)["north tls"]

    assert found["state"] == "failed"
    assert "the server has no TLS" in found["message"]
    assert "Give the server a certificate" in found["remedy"]


def test_a_login_that_may_write_is_red_with_what_a_dba_does(
    checked: CommandLine, mssql: SqlServerUnderTest
) -> None:
    set_in_file(checked, "user", mssql.owner.user)
    checked.environ["MSSQL_PASSWORD"] = mssql.owner.password

    found = findings(checked)["north read-only"]

    assert found["state"] == "failed"
    assert f"INSERT, UPDATE on {mssql.owner.database}" in found["message"]
    assert f"DENY INSERT, UPDATE, DELETE, ALTER ON DATABASE::[{mssql.owner.database}]" in found["remedy"]


@pytest.mark.stand_in
def test_a_missing_grant_is_told_as_the_statement_that_grants_it(
    checked: CommandLine, mssql: SqlServerUnderTest
) -> None:
    assert mssql.stand_in
    mssql.stand_in.faults.denied_tables = frozenset({"production_data", "labor_records"})

    found = findings(checked)

    assert (found["north output.sql"]["state"], found["north labor.sql"]["state"]) == ("failed", "warning")
    assert (
        found["north output.sql"]["remedy"] == "as a DBA: GRANT SELECT ON [dbo].[production_data] TO [reader]"
    )
    assert "polls work without it" in found["north labor.sql"]["message"]


@pytest.mark.stand_in
def test_rights_that_cannot_be_asked_for_are_a_question_to_the_dba(
    checked: CommandLine, mssql: SqlServerUnderTest
) -> None:
    assert mssql.stand_in
    mssql.stand_in.faults.denied_tables = frozenset({"tables"})

    found = findings(checked)["north read-only"]

    assert found["state"] == "warning"
    assert "unknown: " in found["message"]
    assert found["remedy"] == "ask the DBA whether the login may only SELECT"


def test_a_missing_table_is_red_where_a_poll_needs_it(checked: CommandLine, mes: pymssql.Connection) -> None:
    with mes.cursor() as cursor:
        cursor.execute("drop table downtime_records")
        cursor.execute("drop table oee_metrics")

    found = findings(checked)

    broken = {
        name: one["state"] for name, one in found.items() if name.endswith(".sql") and one["state"] != "ok"
    }
    assert broken == {
        "north downtime.sql": "failed",
        "north safety_codes.sql": "failed",
        "north safety.sql": "failed",
        "north oee.sql": "warning",
    }
    assert "queries_dir" in found["north downtime.sql"]["remedy"]


@pytest.mark.parametrize(("figure", "state"), [(0.85, "warning"), (85.0, "ok"), (0.0, "ok")])
def test_a_scale_that_no_reported_oee_fits_is_doubted(
    checked: CommandLine, mes: pymssql.Connection, figure: float, state: str
) -> None:
    an_hour_ago = datetime.now(ZoneInfo("America/Chicago")).replace(tzinfo=None) - timedelta(hours=1)
    with mes.cursor() as cursor:
        cursor.execute(
            "insert into oee_metrics (locationName, oee, [timestamp]) values (%s, %s, %s)",
            ("PRESS-01", figure, an_hour_ago),
        )

    found = findings(checked)["north oee.sql"]

    assert found["state"] == state
    assert found["remedy"] == ("set plants.north.oee_scale: fraction" if state == "warning" else None)


def enter(mes: pymssql.Connection, at: str, table: str = "production_data") -> None:
    """Enter a row of now by that clock (T-SQL)."""
    with mes.cursor() as cursor:
        cursor.execute(f"insert into {table} (locationName, output_count, [timestamp]) values ('P', 5, {at})")


IN_CHICAGO = "cast(sysutcdatetime() at time zone 'UTC' at time zone 'Central Standard Time' as datetime2(0))"


def test_rows_by_the_plants_own_clock_are_green(checked: CommandLine, mes: pymssql.Connection) -> None:
    enter(mes, IN_CHICAGO)

    found = findings(checked)["north row times"]

    assert found["state"] == "ok"
    assert re.fullmatch(r"newest rows: output (now|\d+ (s|min) old)", found["message"])


def test_rows_in_utc_are_named_with_what_to_do(checked: CommandLine, mes: pymssql.Connection) -> None:
    """In the Americas they lie in the future: polls find them hours late."""
    enter(mes, "sysutcdatetime()")

    found = findings(checked)["north row times"]

    assert found["state"] == "warning"
    assert re.fullmatch(
        r"the newest row of output\.sql is [456] h( \d+ min)? in the future, about as far as UTC is ahead of "
        r"the plant's clock",
        found["message"],
    )
    assert found["remedy"] == (
        "if the column holds UTC: read it AT TIME ZONE 'UTC' AT TIME ZONE 'Central Standard Time' "
        "(docs/how-to-custom-queries.md)"
    )


def test_a_datetimeoffset_beside_bounds_without_an_offset_is_red(
    checked: CommandLine, mes: pymssql.Connection
) -> None:
    with mes.cursor() as cursor:
        cursor.execute("drop table production_data")
        cursor.execute(
            "create table production_data (locationName nvarchar(50), output_count int,"
            " [timestamp] datetimeoffset(0))"
        )
    try:
        enter(mes, "sysdatetimeoffset()")
        found = findings(checked)["north row times"]
    finally:
        with mes.cursor() as cursor:
            cursor.execute("drop table production_data")

    assert found["state"] == "failed"
    assert found["message"] == (
        "a datetimeoffset is compared with a bound without an offset, which SQL Server takes for UTC: "
        "output.sql: production_data.timestamp, output_sums.sql: production_data.timestamp"
    )
    assert found["remedy"].startswith(
        "give the bounds their zone in a file of your own: @from at time zone 'Central Standard Time'"
    )


@pytest.fixture
def locked(checked: CommandLine, mes: pymssql.Connection) -> Iterator[CommandLine]:
    """The plant while a session holds a lock on the table of output, for which nobody waits long."""
    set_in_file(checked, "lock_timeout_ms", 100)
    with mes.cursor() as cursor:
        cursor.execute("begin transaction")
        cursor.execute("select count(*) as n from production_data with (tablockx, holdlock)")
        cursor.fetchall()
        yield checked
        cursor.execute("rollback transaction")


@pytest.mark.stand_in  # a login that may not look
def test_a_login_that_may_not_look_for_locks_is_told_whom_to_ask(locked: CommandLine) -> None:
    found = findings(locked)["north output.sql"]

    assert found["state"] == "failed"
    assert found["remedy"] == (
        "the login may not look which session holds the lock (that takes VIEW SERVER STATE): ask the DBA "
        "(sys.dm_tran_locks, or BlkBy in sp_who2)"
    )


@pytest.mark.stand_in  # a login that may look
def test_a_session_that_holds_a_lock_is_named(locked: CommandLine, mssql: SqlServerUnderTest) -> None:
    assert mssql.stand_in
    logins = {"observer": Login("secret", can_view_server_state=True)}
    with StandIn(mssql.stand_in.database_url, logins=logins, database="mes", time_zone="UTC") as server:
        for name, value in (("port", server.port), ("user", "observer")):
            set_in_file(locked, name, value)
        locked.environ["MSSQL_PASSWORD"] = "secret"

        found = findings(locked)

    remedy = found["north output.sql"]["remedy"]
    assert re.fullmatch(
        r"session \d+ holds a lock on production_data: login owner on \S+, pymssql\S+, sleeping with an open "
        r"transaction, last request \d+ (s|min) ago\. "
        r"Ask whoever runs this session; a DBA can end it with KILL \d+",
        remedy,
    ), remedy
    assert found["north labor.sql"]["state"] == "ok"


def test_a_query_file_that_lacks_a_column_is_named_with_it(checked: CommandLine) -> None:
    (checked.folder / "queries").mkdir()
    checked.write("queries/labor.sql", "select top (@limit) 'A' as asset from labor_records")
    path = checked.folder / "plantpulse.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "    sql_server:", "    queries_dir: queries\n    sql_server:"
        ),
        encoding="utf-8",
    )

    found = findings(checked)["north labor.sql"]

    assert found["state"] == "failed"
    assert "no column headcount" in found["message"]
    assert "docs/how-to-custom-queries.md" in found["remedy"]


@pytest.mark.parametrize(
    ("key", "state", "told"),
    [
        ("publishable", "failed", "a publishable key"),
        ("legacy", "warning", "Supabase ends these in 2026"),
        ("expired", "failed", "a legacy service_role key that expired on "),
        ("anonymous", "failed", "a legacy key of the role anon"),
        ("cut", "failed", "neither a secret key"),
    ],
)
def test_every_kind_of_key_is_told_apart(
    checked: CommandLine, local_supabase: Supabase, key: str, state: str, told: str
) -> None:
    supabase = local_supabase.access  # an outside one takes no legacy key but its own
    point_at(checked, supabase)
    checked.environ["SUPABASE_SECRET_KEY"] = {
        "publishable": supabase.publishable_key,
        "legacy": supabase.service_role_jwt,
        "expired": sign({"role": "service_role"}, supabase.keys.jwt_secret, -3600),
        "anonymous": supabase.anon_jwt,
        "cut": supabase.service_role_jwt[:40],
    }[key]

    found = findings(checked)

    assert found["supabase key"]["state"] == state
    assert told in found["supabase key"]["message"]
    assert "sb_secret" in found["supabase key"]["remedy"] or "secret key" in found["supabase key"]["remedy"]
    assert found["supabase data api"]["state"] == ("ok" if state == "warning" else "skipped")


def test_a_key_of_another_project_is_told(checked: CommandLine) -> None:
    checked.environ["SUPABASE_SECRET_KEY"] = "sb_secret_of_another_project_1234"

    found = findings(checked)

    assert found["supabase key"]["state"] == "ok"
    assert found["supabase sign-up"]["state"] == "failed"
    assert "of the same project" in found["supabase sign-up"]["remedy"]


def test_a_project_that_is_away_is_told_at_its_port(checked: CommandLine) -> None:
    checked.environ["SUPABASE_URL"] = "http://127.0.0.1:9"

    found = findings(checked)

    assert found["supabase tcp"]["message"] == "port 9 of 127.0.0.1 is closed"
    assert found["supabase data api"]["state"] == "skipped"
    assert found["north output.sql"]["state"] == "ok"


def test_what_stands_twice_in_the_plant_model_is_told(checked: CommandLine, supabase: SupabaseAccess) -> None:
    clean = findings(checked)["supabase names"]
    with supabase.connect() as store:
        store.execute(
            """
            insert into public.assets (plant, name, source_name) values ('north', 'Press', 'PRESS-01');
            insert into public.shift_targets (asset_id, shift_name, starts_at, ends_at, target_output)
            select a.id, shift.name, '06:00', '14:00', 60
            from public.assets as a
            cross join (values ('early'), ('extra')) as shift (name)
            """
        )

    found = findings(checked)["supabase names"]

    assert clean["state"] == "ok"
    assert (found["state"], found["message"]) == (
        "warning",
        'north: asset "PRESS-01" has the targets of shifts "early" and "extra" at the same hours',
    )


def test_a_plant_with_an_own_safety_file_alone_is_warned(checked: CommandLine) -> None:
    (checked.folder / "own").mkdir()
    (checked.folder / "own" / "safety.sql").write_text(
        "select top (@limit) locationName as asset, reason_code, [timestamp] as [at],"
        " downtime_minutes as minutes, notes"
        " from downtime_records where charindex(reason_code, @reason_codes) > 0 order by [timestamp];"
    )
    path = checked.folder / "plantpulse.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("    time_zone:", "    queries_dir: own\n    time_zone:", 1),
        encoding="utf-8",
    )

    found = findings(checked)["north safety_codes.sql"]

    assert found["state"] == "warning"
    assert "server's collation" in found["message"]


def test_closed_sign_up_is_green(checked: CommandLine, local_supabase: Supabase) -> None:
    point_at(checked, local_supabase.access)
    local_supabase.accounts.is_sign_up_open = False
    try:
        assert findings(checked)["supabase sign-up"]["state"] == "ok"
    finally:
        local_supabase.accounts.is_sign_up_open = True


@pytest.mark.parametrize(
    ("statement", "link", "state", "told", "remedy"),
    [
        (
            "revoke insert on table public.live_snapshots from service_role",
            "grants", "failed", "service_role lacks rights on live_snapshots (insert)", "grant select",
        ),
        (
            "revoke execute on function public.claim_run(jsonb, timestamptz) from service_role",
            "grants", "failed", "claim_run()", "execute on the functions",
        ),
        (
            "grant select on table public.assets to anon",
            "grants", "warning", "anon or every signed-in user may use assets", "revoke all on table",
        ),
        (
            "alter table public.safety_events disable row level security",
            "rls", "failed", "off for safety_events",
            "alter table public.safety_events enable row level security",
        ),
        (
            "insert into auth.users (id) values ('00000000-0000-4000-8000-000000000009'); "
            "insert into public.plant_members (user_id, plant, role) values "
            "('00000000-0000-4000-8000-000000000009', '*', 'viewer'), "
            "('00000000-0000-4000-8000-000000000009', 'north', 'viewer'), "
            "('00000000-0000-4000-8000-000000000009', 'norht', 'viewer')",
            "members", "warning", "not in plantpulse.yaml: norht", "delete from public.plant_members",
        ),
        (
            "drop function public.project_state()",
            "data api", "failed", "PGRST202", "supabase db push",
        ),
        (
            "delete from supabase_migrations.schema_migrations where version = '20261129000900'",
            "migrations", "failed", "1 are not applied: 20261129000900", "supabase db push",
        ),
        (
            "insert into supabase_migrations.schema_migrations (version) values ('20991231000000')",
            "migrations", "warning", "1 that this folder lacks: 20991231000000", "newer version",
        ),
        (
            "revoke usage on schema supabase_migrations from service_role",
            "migrations", "warning", "does not say which are applied", "Supabase CLI",
        ),
    ],
)  # fmt: skip
def test_a_project_that_is_not_as_migrated_is_told(
    checked: CommandLine,
    local_supabase: Supabase,
    statement: LiteralString,
    link: str,
    state: str,
    told: str,
    remedy: str,
) -> None:
    with local_supabase.fresh_database([statement]) as project:
        point_at(checked, project)

        found = findings(checked)[f"supabase {link}"]

    assert found["state"] == state
    assert told in found["message"]
    assert remedy in found["remedy"]


def test_without_migrations_beside_it_the_check_says_so(cli: CommandLine, mes: pymssql.Connection) -> None:
    found = findings(cli)["supabase migrations"]

    assert found["state"] == "warning"
    assert "none here to compare with" in found["message"]


def test_one_plant_of_several_can_be_checked(checked: CommandLine) -> None:
    path = checked.folder / "plantpulse.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "  south:\n    time_zone: UTC\n", encoding="utf-8")
    checked.environ["MSSQL_PASSWORD__NORTH"] = checked.environ.pop("MSSQL_PASSWORD")

    both, south = checked("check", "--json"), checked("check", "--plant", "south", "--json")

    assert {one["subject"] for one in both.json["findings"]} == {"north", "south", "supabase"}
    assert {one["subject"] for one in south.json["findings"]} == {"south", "supabase"}
    assert (both.exit_code, south.exit_code) == (1, 1)


def test_assets_that_beat_their_ideal_rates_last_week_are_named(checked: CommandLine, world: World) -> None:
    world.store.execute(
        """
        insert into public.daily_summaries (asset_id, report_date, target_output, performance_percentage)
        select a.id, current_date - days.ago, 0, days.performance
        from public.assets as a
        join (
          values ('PRESS-01', 1, 125.0), ('PRESS-01', 2, 136.04), ('PRESS-01', 30, 400), ('PAINT-01', 1, 110)
        ) as days (source_name, ago, performance) using (source_name)
        """
    )

    found = findings(checked)["supabase ideal rates"]

    assert found["state"] == "warning"
    assert found["message"].startswith("performance above 110%: north Press 1 136.0%; ")
    assert "plantpulse assets import" in found["remedy"]


def test_ideal_rates_that_nobody_beats_are_no_matter(checked: CommandLine, world: World) -> None:
    found = findings(checked)["supabase ideal rates"]

    assert (found["state"], found["remedy"]) == ("ok", None)
    assert found["message"] == "no daily summary of the last week has a performance above 110%"
