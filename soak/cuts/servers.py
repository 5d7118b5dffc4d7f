"""The servers of the cuts: a Supabase project, and a SQL Server stand-in, plain and over TLS.

Every poll has a plant of its own, entered just before; all plants read the same tables.
"""

import secrets
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import trustme

from devstack.access import SupabaseAccess
from devstack.plant.writer import create_tables
from devstack.sqlserver import Login, StandIn, Tls
from devstack.sqlserver.address import DATABASE, Address, connect
from devstack.supabase import Supabase

TIME_ZONE: Final = "America/Chicago"
SLOT: Final = datetime(2026, 3, 11, 17, 0, tzinfo=UTC)  # noon in Chicago
SLOT_BEFORE: Final = SLOT - timedelta(minutes=15)
NEXT_SLOT: Final = SLOT + timedelta(minutes=15)
AFTER_THE_SLOT: Final = timedelta(seconds=40)
SHORT_QUERIES: Final = Path(__file__).with_name("queries")
_TABLES: Final = Path(__file__).with_name("tables.sql")
# What the files that ship read: the same figures as in the short tables, in both slots.
_ROWS: Final = """
insert into production_data (locationName, output_count, [timestamp]) values
    ('PRESS-01', 7, '2026-03-11T11:20:00'), ('PRESS-01', 7, '2026-03-11T11:35:00'),
    ('PRESS-01', 7, '2026-03-11T11:50:00'), ('PRESS-01', 7, '2026-03-11T12:05:00');
insert into downtime_records (locationName, reason_code, downtime_minutes, [timestamp], notes) values
    ('PAINT-01', 'Safety Issue', 2, '2026-03-11T11:52:00', N'näh');
insert into oee_metrics (locationName, oee, [timestamp]) values
    ('PRESS-01', 0.71, '2026-03-11T11:55:00'), ('PRESS-01', 0.71, '2026-03-11T12:10:00');
insert into quality_records (locationName, good_count, reject_count, [timestamp]) values
    ('PRESS-01', 6, 1, '2026-03-11T11:56:00'), ('PRESS-01', 6, 1, '2026-03-11T12:11:00');
insert into labor_records (locationName, headcount, hours_worked, [timestamp]) values
    ('PRESS-01', 3, 8, '2026-03-11T11:57:00'), ('PRESS-01', 3, 8, '2026-03-11T12:12:00');
"""
_PLANT: Final = """
with entered as (
    insert into public.assets (plant, name, source_name, ideal_units_per_hour, is_active)
    values (%(plant)s, 'Press 1', 'PRESS-01', 150, true),
           (%(plant)s, 'Paint 1', 'PAINT-01', null, true),
           (%(plant)s, 'Old 1', 'OLD-01', null, false)
    returning id, source_name
),
past as (
    insert into public.pipeline_runs
        (pipeline, plant, trigger, slot, status, fence, started_at, lease_expires_at, finished_at,
         snapshots_until, safety_until)
    values ('live_pulse', %(plant)s, 'schedule', %(slot)s, 'succeeded', gen_random_uuid(), %(slot)s,
            %(slot)s::timestamptz + interval '1 minute', %(slot)s, %(slot)s, %(slot)s)
)
insert into public.shift_targets
    (asset_id, shift_name, starts_at, ends_at, days_of_week, valid_from, target_output, breaks)
select id, 'early', '06:00', '14:00', '{1,2,3,4,5,6,7}', '2026-01-01', 240, '[]'
from entered
where source_name = 'PRESS-01'
"""


@dataclass(frozen=True)
class Servers:
    """Where everything is. `ca_file` holds the authority of the stand-in that speaks TLS."""

    supabase: SupabaseAccess
    plain: Address
    encrypted: Address
    ca_file: Path


@contextmanager
def running_servers(supabase: SupabaseAccess, database_url: str, folder: Path) -> Iterator[Servers]:
    """Run both stand-ins over an empty Postgres database until the block ends."""
    authority, ca_file = trustme.CA(), folder / "authority.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    passwords = {name: secrets.token_hex(8) for name in ("owner", "reader")}
    logins = {"owner": Login(passwords["owner"], can_write=True), "reader": Login(passwords["reader"])}

    def start(tls: Tls | None) -> Address:
        server = stack.enter_context(
            StandIn(
                database_url,
                logins=logins,
                database=DATABASE,
                time_zone=TIME_ZONE,
                now=lambda: SLOT + AFTER_THE_SLOT,
                tls=tls,
            )
        )
        return Address(server.host, server.port, "reader", passwords["reader"], DATABASE)

    with ExitStack() as stack:
        plain, encrypted = start(None), start(Tls(context, is_required=True))
        with closing(
            connect(Address(plain.host, plain.port, "owner", passwords["owner"], DATABASE))
        ) as owner:
            create_tables(owner)
            with owner.cursor() as cursor:
                cursor.execute(_ROWS)
                cursor.execute(_TABLES.read_text(encoding="utf-8"))
            owner.commit()
        yield Servers(supabase, plain, encrypted, ca_file)


@contextmanager
def local_servers(folder: Path) -> Iterator[Servers]:
    """Run a Supabase project of their own as well."""
    with Supabase(folder) as supabase:
        supabase.postgres.create_database(DATABASE)
        with running_servers(supabase.access, supabase.postgres.url(DATABASE), folder) as servers:
            yield servers


def enter_plant(connection: psycopg.Connection[Any], plant: str) -> None:
    """Enter a plant whose last run was that of the slot before.

    PRESS-01 has a target of 30 an hour, PAINT-01 has none, OLD-01 is out of use.
    """
    connection.execute(_PLANT, {"plant": plant, "slot": SLOT_BEFORE})
