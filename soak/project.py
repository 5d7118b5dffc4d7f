"""An empty Supabase project, and the plants that their people enter into it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from soak.cell import INTERVAL
from soak.plant import PLANNED, Plant


def empty(connection: psycopg.Connection[Any]) -> None:
    """Delete every row of the project's tables."""
    rows = connection.execute(
        "select schemaname, tablename from pg_tables where schemaname in ('public', 'realtime')"
    ).fetchall()
    tables = sql.SQL(", ").join(sql.Identifier(*row.values()) for row in rows)
    connection.execute(sql.SQL("truncate {} restart identity cascade").format(tables))


def enter(plants: Mapping[str, Plant], connection: psycopg.Connection[Any]) -> None:
    """Enter the plants and their shifts, as their people would."""
    for name, plant in plants.items():
        for asset in (*plant.assets, "OLD-01"):
            connection.execute(
                "insert into public.assets (plant, name, source_name, ideal_units_per_hour, is_active)"
                " values (%s, %s, %s, 400, %s)",
                (name, f"The {asset}", asset, asset in plant.assets),
            )
    connection.execute(
        """
        insert into public.shift_targets
            (asset_id, shift_name, starts_at, ends_at, days_of_week, valid_from, target_output, breaks)
        select id, 'early', '06:00', '14:00', '{1,2,3,4,5,6,7}', '2025-01-01', 960, '[]'
        from public.assets
        where source_name = %s
        """,
        (PLANNED,),
    )


def enter_tags(plant: str, since: datetime, connection: psycopg.Connection[Any]) -> None:
    """Enter a group of one tag, which is read every ten seconds, and one that hands parts over."""
    connection.execute(
        """
        with made as (
          insert into public.tag_groups (plant, name, address, interval_ms, created_at)
          values (%s, 'Press', 'modbus://127.0.0.1', 10000, %s)
          returning id
        )
        insert into public.tags (group_id, name, address, data_type)
        select id, 'Seconds', 'hr:1', 'float32' from made
        """,
        (plant, since),
    )
    connection.execute(
        """
        with made as (
          insert into public.tag_groups (plant, name, address, mode, interval_ms, created_at)
          values (%s, 'Cell', 'modbus://127.0.0.1', 'handshake', %s, %s)
          returning id
        )
        insert into public.tags (group_id, "position", name, address, data_type, role)
        select made.id, tag.*
        from made, (
          values
            (1, 'Part', 'hr:1', 'uint16', 'value'),
            (2, 'Weight', 'hr:2', 'float32', 'value'),
            (3, 'Ready', 'co:1', 'bool', 'trigger'),
            (4, 'Taken', 'co:2', 'bool', 'acknowledge')
        ) as tag
        """,
        (plant, round(INTERVAL.total_seconds() * 1000), since),
    )


def group_of(connection: psycopg.Connection[Any], plant: str, name: str) -> int:
    """Return the id of a group of tags."""
    row = connection.execute(
        "select id from public.tag_groups where plant = %s and name = %s", (plant, name)
    ).fetchone()
    return int((row or {})["id"])


def is_part_stored(connection: psycopg.Connection[Any], plant: str, part: int) -> bool:
    """Say whether a sample of a part is in the database."""
    row = connection.execute(
        """
        select exists (
          select 1
          from public.tag_samples as s
          join public.tag_groups as g on g.id = s.group_id
          where g.plant = %s and g.name = 'Cell' and s."values"[1] = %s
        ) as is_stored
        """,
        (plant, part),
    ).fetchone()
    return bool(row and row["is_stored"])


def date_signature(connection: psycopg.Connection[Any], incident: int, now: datetime) -> None:
    """Date the end of an incident's alert as the simulated clock has it: a signature takes Postgres' own."""
    connection.execute("reset role")
    connection.execute(
        """
        update public.alerts
        set resolved_at = greatest(%(now)s, opened_at)
        where safety_event_id = %(incident)s and resolved_at > greatest(%(now)s, opened_at)
        """,
        {"now": now, "incident": incident},
    )
    connection.execute("set role service_role")
