"""What a board costs: the documents of 1,000 machines with a day of quarters, as a member gets them.

Beside the least that the same rows can take: a call of an SQL function that does nothing, a read of the
rows that a strip of eight hours is made of, added up in one statement, and the newest row of each machine as
JSON, without its past. All go over the Data API, under row
level security, and take turns. A second plant of the same size is there, so that no plan may read everything.
What is open is more than any plant should have: its marks are in what each page asks for, each 45 s.
The processor time is that of a session of Postgres which is asked the same, as the same member.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql

from bench.figures import Samples, Table
from bench.processes import processor_s
from devstack.supabase import Supabase

SLOT: Final = datetime(2026, 3, 11, 9, 45, tzinfo=UTC)
_USER: Final = "00000000-0000-4000-8000-000000000002"
_TIMEOUT_S: Final = 60.0
_FLOORS: Sequence[LiteralString] = (
    "create function public.nothing() returns json language sql as $$ select '{}'::json $$",
    "grant execute on function public.nothing() to authenticated",
    """
    create function public.strip_rows(p_until timestamptz) returns json language sql stable as $$
      select json_build_object('units', sum(s.slot_output), 'target', sum(s.slot_target), 'rows', count(*))
      from public.live_snapshots as s
      where s.asset_id = any (array(select a.id from public.assets as a where a.plant = 'bench'))
      and s.snapshot_timestamp > p_until - interval '8 hours'
      and s.snapshot_timestamp <= p_until
    $$
    """,
    "grant execute on function public.strip_rows(timestamptz) to authenticated",
    """
    create function public.newest_rows(p_until timestamptz) returns json language sql stable as $$
      select json_agg(line)
      from (
        select a.id, a.name, a.area, newest.*
        from public.assets as a
        cross join lateral (
          select
            s.snapshot_timestamp, s.status, s.output_actual, s.output_target, s.oee_current,
            s.downtime_minutes, s.stopped_since, s.shift_name, s.shift_starts_at, s.shift_ends_at
          from public.live_snapshots as s
          where s.asset_id = a.id and s.snapshot_timestamp <= p_until
          order by s.snapshot_timestamp desc
          limit 1
        ) as newest
        where a.plant = 'bench'
      ) as line
    $$
    """,
    "grant execute on function public.newest_rows(timestamptz) to authenticated",
)


@dataclass(frozen=True)
class Plan:
    """How much is measured; every `stopped`th snapshot has a stop. Alerts and incidents are open ones."""

    assets: int
    rounds: int
    stopped: int = 40
    alerts: int = 1_100
    incidents: int = 200


WHOLE = Plan(assets=1_000, rounds=50)
QUICK = Plan(assets=20, rounds=2, alerts=30, incidents=5)


@dataclass
class Figures:
    """Seconds, seconds of Postgres' processor time and bytes of each document, by its name."""

    seconds: dict[str, Samples] = field(default_factory=dict)
    processor: dict[str, Samples] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)


def measure(supabase: Supabase, plan: Plan) -> Figures:
    """Returns the figures, in a project of its own."""
    figures = Figures()
    with supabase.fresh_database(_FLOORS) as access:
        with psycopg.connect(access.database_url, autocommit=True) as connection:
            asset = store(connection, plan)
            _open(connection, plan)
        headers = {
            "apikey": access.publishable_key,
            "Authorization": f"Bearer {access.user_token(_USER, lifetime_s=24 * 3600)}",
        }
        now = (SLOT + timedelta(minutes=4)).isoformat()
        with (
            httpx.Client(base_url=access.rest_url, headers=headers, timeout=_TIMEOUT_S) as client,
            psycopg.connect(access.database_url, autocommit=True) as session,
        ):
            _sign_in(session)
            # PostgREST has read the schema when it answers; a transaction that is open would hinder a vacuum.
            _ask(client, "nothing", {})
            _vacuum(access.database_url)
            questions: dict[str, tuple[str, dict[str, Any]]] = {
                "nothing": ("nothing", {}),
                "rows": ("strip_rows", {"p_until": SLOT.isoformat()}),
                "newest": ("newest_rows", {"p_until": SLOT.isoformat()}),
                "board": ("board", {"p_plant": "bench", "p_now": now}),
                "board_day": ("board_day", {"p_plant": "bench", "p_now": now}),
                "board_asset": ("board_asset", {"p_plant": "bench", "p_asset_id": asset, "p_now": now}),
                "board_plants": ("board_plants", {"p_now": now}),
                "board_alerts": ("board_alerts", {"p_plant": "bench", "p_now": now}),
                "board_safety": ("board_safety", {"p_plant": "bench", "p_now": now}),
            }
            # Connections, caches, and five calls until Postgres keeps a plan.
            warm = 6
            for turn in range(plan.rounds + warm):
                for name, (function, arguments) in questions.items():
                    seconds, size = _ask(client, function, arguments)
                    used_s = _used(session, function, arguments)
                    if turn >= warm:
                        figures.seconds.setdefault(name, Samples()).seconds.append(seconds)
                        figures.processor.setdefault(name, Samples()).seconds.append(used_s)
                        figures.size[name] = size
    return figures


def _vacuum(database_url: str) -> None:
    """Make all snapshots visible to all, as they are some hours after a poll: an index alone is read then."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("vacuum (analyze) public.live_snapshots")


def table(figures: Figures, plan: Plan) -> Table:
    """Returns the figures as they are printed."""
    shown = Table(
        f"Board: {plan.assets:,} machines, a day of quarters, ms: median (minimum), and ratios to its rows",
        ["question", "ms", "ratio to the rows of 8 h", "Postgres' processor ms", "kB"],
    )
    titles = {
        "nothing": "a function that does nothing",
        "rows": "the rows of 8 h, added up",
        "newest": "the newest row of each machine",
        "board": "`board`",
        "board_day": "`board_day`",
        "board_asset": "`board_asset`",
        "board_plants": "`board_plants`",
        "board_alerts": "`board_alerts`",
        "board_safety": "`board_safety`",
    }
    for name, title in titles.items():
        samples = figures.seconds[name]
        ratio = samples.over(figures.seconds["rows"])
        shown.add(
            title, samples.show(), ratio, figures.processor[name].show(), f"{figures.size[name] / 1000:,.0f}"
        )
    return shown


def _ask(client: httpx.Client, function: str, arguments: dict[str, Any]) -> tuple[float, int]:
    started_s = time.perf_counter()
    response = client.post(f"/rpc/{function}", json=arguments)
    seconds = time.perf_counter() - started_s
    response.raise_for_status()
    return seconds, len(response.content)


def _sign_in(session: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Make a session one of the member, as PostgREST does."""
    claims = json.dumps({"sub": _USER, "role": "authenticated"})
    session.execute("select set_config('request.jwt.claims', %s, false)", (claims,))
    session.execute("set role authenticated")


def _used(session: psycopg.Connection[tuple[Any, ...]], function: str, arguments: dict[str, Any]) -> float:
    """Return the seconds of processor time that a call takes in Postgres."""
    named = sql.SQL(", ").join(
        sql.SQL("{} => {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in arguments.items()
    )
    query = sql.SQL("select public.{}({})").format(sql.Identifier(function), named)
    used_s = processor_s(session.info.backend_pid)
    session.execute(query).fetchall()
    return processor_s(session.info.backend_pid) - used_s


def store(connection: psycopg.Connection[tuple[Any, ...]], plan: Plan) -> int:
    """Stores two plants with a day of snapshots; returns a machine of the first."""
    connection.execute("set statement_timeout = 0")
    connection.execute("insert into auth.users (id, email) values (%s, 'viewer@bench.example')", (_USER,))
    connection.execute(
        "insert into public.plant_members (user_id, plant, role) values (%s, 'bench', 'viewer')", (_USER,)
    )
    for plant in ("bench", "other"):
        connection.execute(
            """
            insert into public.plants (plant, name, time_zone, slot_minutes, window_minutes)
            values (%s, 'Bench', 'Europe/Brussels', 15, 30)
            """,
            (plant,),
        )
        connection.execute(
            """
            insert into public.assets (plant, name, source_name, area)
            select %s, 'Machine ' || number, 'M-' || number, 'Area ' || number %% 12
            from generate_series(1, %s) as number
            """,
            (plant, plan.assets),
        )
        connection.execute(
            """
            insert into public.pipeline_runs (
              pipeline, plant, trigger, slot, fence, started_at, lease_expires_at, status, finished_at,
              snapshots_until, safety_until
            )
            values (
              'live_pulse', %(plant)s, 'schedule', %(slot)s, %(fence)s, %(slot)s, %(slot)s + interval '90 s',
              'succeeded', %(slot)s, %(slot)s, %(slot)s
            )
            """,
            {"plant": plant, "slot": SLOT, "fence": str(uuid4())},
        )
    connection.execute(_SNAPSHOTS, {"until": SLOT, "stopped": plan.stopped})
    connection.execute("analyze public.live_snapshots")
    connection.execute("analyze public.assets")
    found = connection.execute("select min(id) from public.assets where plant = 'bench'").fetchall()
    return int(found[0][0])


def _open(connection: psycopg.Connection[tuple[Any, ...]], plan: Plan) -> None:
    """Store open alerts with three steps each, open incidents, and ten times as many that are over."""
    for statement in _TROUBLES:
        connection.execute(
            statement,
            {"until": SLOT, "alerts": plan.alerts, "incidents": plan.incidents, "assets": plan.assets},
        )
    connection.execute("analyze")


_TROUBLES: Final[Sequence[LiteralString]] = (
    """
    insert into public.alerts (
      rule, plant, scope, subject, severity, facts, opened_at, observed_at, last_seen_at, resolved_at
    )
    select
      'no_output', 'bench', 'live_pulse', 'Machine ' || number,
      (array['info', 'warning', 'critical'])[1 + number %% 3]::public.alert_severity,
      jsonb_build_object(
        'asset', 'Machine ' || number, 'slots', 4, 'minutes', 60, 'since', opened.at,
        'target', 104, 'units', 0
      ),
      opened.at, opened.at, opened.at, case when number > %(alerts)s then opened.at + interval '1 min' end
    from generate_series(1, 11 * %(alerts)s) as number
    cross join lateral (select %(until)s - number * interval '1 min' as at) as opened
    """,
    """
    insert into public.alert_history (alert_id, at, what, severity, channel, occasion)
    select
      alert.id, alert.opened_at + step.number * interval '1 min',
      (array['opened', 'told', 'told'])[step.number], alert.severity,
      (array[null, 'office', 'mail'])[step.number], (array[null, 'fired', 'fired'])[step.number]
    from public.alerts as alert
    cross join generate_series(1, 3) as step (number)
    where alert.resolved_at is null
    """,
    """
    insert into public.safety_events (
      plant, asset_id, event_timestamp, source_timestamp, reason_code, severity,
      is_acknowledged, acknowledged_at, acknowledged_by_name,
      is_resolved, resolved_at, resolved_by_name, resolution
    )
    select
      'bench', asset.id, happened.at, happened.at at time zone 'UTC', 'Guard open', 'high',
      over.at is not null, over.at, over.by_name,
      over.at is not null, over.at, over.by_name, case when over.at is not null then 'fitted' end
    from generate_series(1, 11 * %(incidents)s) as number
    cross join lateral (select %(until)s - number * interval '10 min' as at) as happened
    cross join lateral (
      select
        case when number > %(incidents)s then happened.at + interval '5 min' end as at,
        case when number > %(incidents)s then 'ada' end as by_name
    ) as over
    join (
      select a.id, row_number() over (order by a.id) as place from public.assets as a where a.plant = 'bench'
    ) as asset on asset.place = 1 + number %% %(assets)s
    """,
)

_SNAPSHOTS: Final = """
    insert into public.live_snapshots (
      asset_id, snapshot_timestamp, window_start, output_actual, slot_output, output_target, variance_percent,
      status, oee_current, oee_source, downtime_minutes, slot_target, slot_downtime_minutes,
      shift_name, shift_starts_at, shift_ends_at, shift_target, stopped_since, stops
    )
    select
      asset.id, slot.at, slot.at - interval '30 min', 50, 24 + (asset.id + slot.number) %% 5, 52, -3.8,
      (array['on_target', 'on_target', 'on_target', 'below_target', 'above_target'])[
        1 + (asset.id + slot.number) %% 5
      ],
      71.5, 'reported', (asset.id + slot.number) %% 7, 26, (asset.id + slot.number) %% 4,
      (array['early', 'late', 'night'])[1 + shift.number %% 3], shift.starts_at,
      shift.starts_at + interval '8 h', 832,
      case when (asset.id + slot.number) %% %(stopped)s = 0 then slot.at - interval '9 min' end,
      case when (asset.id + slot.number) %% %(stopped)s = 0 then jsonb_build_array(
        jsonb_build_object('reason', 'Colour change', 'since', slot.at - interval '9 min', 'until', null)
      ) end
    from (
      select number, %(until)s - (95 - number) * interval '15 min' as at from generate_series(0, 95) as number
    ) as slot
    cross join lateral (
      select floor(
        extract(epoch from slot.at - interval '1 min' - %(until)s + interval '28 h 45 min') / 28800
      )::integer as number
    ) as begun
    cross join lateral (
      select begun.number, %(until)s - interval '28 h 45 min' + begun.number * interval '8 h' as starts_at
    ) as shift
    cross join public.assets as asset
    order by slot.number, asset.id
"""
