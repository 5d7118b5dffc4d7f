"""What every command gets: the settings of the working directory, Supabase, and a way to answer.

Each call of the command line makes one `App`, and `click` passes it from command to command.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click

from plantpulse.cli import formats
from plantpulse.cli.exit_codes import exit_code_of
from plantpulse.cli.output import Output
from plantpulse.errors import InvalidRequest, PlantpulseError
from plantpulse.plant.nearest import first_of, unknown
from plantpulse.runs import Budget

# The settings' models and Supabase's client take most of a call's time, and --help does not need them.
if TYPE_CHECKING:
    from plantpulse.database.changes import Changes
    from plantpulse.database.records import Records
    from plantpulse.database.series_records import SeriesRecords
    from plantpulse.database.tag_records import TagRecords
    from plantpulse.settings import Settings

SUPABASE_TIME_S: Final = 60.0
SERIES_TIME_S: Final = 1800.0

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass
class App:
    """One call of the command line. `clock` is only for simulated time."""

    output: Output = field(default_factory=Output)
    config_file: Path | None = None
    is_verbose: bool = False
    clock: Callable[[], datetime] | None = None

    def now(self) -> datetime:
        """Return the present instant, which is the plant's if its time is simulated."""
        return self.clock() if self.clock else datetime.now(UTC)

    @cached_property
    def settings(self) -> "Settings":
        """The settings. Raises: ConfigurationError."""
        from plantpulse.settings import config  # noqa: PLC0415 - see above

        return config.load(file=self.config_file)

    def check_plant(self, plant: str | None) -> str | None:
        """Return the plant if the settings have it, None for None. Raises: InvalidRequest."""
        if plant is not None and plant not in self.settings.plants:
            raise unknown("plant", plant, self.settings.plants, field="plant")
        return plant

    def one_plant(self, plant: str | None) -> str:
        """Return the plant if the settings have it, for None the only one. Raises: InvalidRequest."""
        if not (plants := list(self.settings.plants)):
            raise InvalidRequest("there is no plant in the settings", field="plant")
        if plant is None and len(plants) > 1:
            raise InvalidRequest(f"there are several plants: name one of {first_of(plants)}", field="plant")
        return self.check_plant(plant) or plants[0]

    def zone_of(self, plant: str | None) -> ZoneInfo | None:
        """Return a plant's time zone; None for a plant that is not in the settings."""
        known = self.settings.plants.get(plant) if plant else None
        return ZoneInfo(known.time_zone) if known else None

    def local(self, instant: str | None, plant: str | None) -> str | None:
        """Return an instant on a plant's clock, or in UTC if the plant is not in the settings."""
        return formats.local(instant, self.zone_of(plant))

    @contextlib.contextmanager
    def records(self) -> "Iterator[Records]":
        """Open Supabase to read. Raises: ConfigurationError."""
        from plantpulse.database.records import Records  # noqa: PLC0415 - see above

        budget = Budget.start(SUPABASE_TIME_S, SUPABASE_TIME_S)
        with (
            self.logs_aside(),
            Records(
                self.settings.require_supabase(), seconds_left=budget.seconds_left, clock=self.clock
            ) as records,
        ):
            yield records

    @contextlib.contextmanager
    def series_records(self) -> "Iterator[SeriesRecords]":
        """Open Supabase to read series, with time for years of them. Raises: ConfigurationError."""
        from plantpulse.database.series_records import SeriesRecords  # noqa: PLC0415 - see above

        budget = Budget.start(SERIES_TIME_S, SERIES_TIME_S)
        settings = self.settings.require_supabase()
        with (
            self.logs_aside(),
            SeriesRecords(settings, seconds_left=budget.seconds_left, clock=self.clock) as records,
        ):
            yield records

    @contextlib.contextmanager
    def tag_records(self, within_s: float = SUPABASE_TIME_S) -> "Iterator[TagRecords]":
        """Open Supabase for machine tags. Raises: ConfigurationError."""
        from plantpulse.database.tag_records import TagRecords  # noqa: PLC0415 - see above

        budget = Budget.start(within_s, within_s)
        settings = self.settings.require_supabase()
        with (
            self.logs_aside(),
            TagRecords(settings, seconds_left=budget.seconds_left, clock=self.clock) as records,
        ):
            yield records

    @contextlib.contextmanager
    def changes(self) -> "Iterator[Changes]":
        """Open Supabase to change something. Raises: ConfigurationError."""
        from plantpulse.database.changes import Changes  # noqa: PLC0415 - see above

        budget = Budget.start(SUPABASE_TIME_S, SUPABASE_TIME_S)
        with (
            self.logs_aside(),
            Changes(self.settings.require_supabase(), seconds_left=budget.seconds_left) as changes,
        ):
            yield changes

    def end_process(self, error: PlantpulseError) -> None:
        """Say what went wrong and end the process, although what it does is not over."""
        self.output.show_error(error)
        self.output.leave()
        os._exit(exit_code_of(error))

    @contextlib.contextmanager
    def logs_aside(self) -> Iterator[None]:
        """Keep log lines out of the answer: with --verbose they go to stderr, otherwise nowhere."""
        if self.is_verbose:
            with contextlib.redirect_stdout(sys.stderr):
                yield
            return
        with Path("/dev/null").open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            yield


pass_app = click.make_pass_decorator(App)


class Listing(click.Group):
    """A group of commands that runs `list`, with its options, if no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; they belong to `list` if they name no command."""
        if ctx.resilient_parsing:  # a shell asks for completions
            return super().parse_args(ctx, args)
        is_of_list = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        return super().parse_args(ctx, ["list", *args] if is_of_list else args)


def json_option(function: Function) -> Function:
    """Give a command --json."""

    def note(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.ensure_object(App).output.is_json = True

    return click.option(
        "--json", is_flag=True, expose_value=False, is_eager=True, callback=note, help="Answer in JSON."
    )(function)


def plant_option(function: Function) -> Function:
    """Give a command --plant, which filters what it shows; None is every plant."""

    def check(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
        return ctx.ensure_object(App).check_plant(value)

    return click.option(
        "--plant",
        metavar="PLANT",
        callback=check,
        help="Only this plant: its key under `plants` in the settings.",
    )(function)


def one_plant_option(function: Function) -> Function:
    """Give a command --plant, which it needs; it gets the only plant if none is named."""

    def choose(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
        return None if ctx.resilient_parsing else ctx.ensure_object(App).one_plant(value)

    return named_plant_option(function, callback=choose)


def named_plant_option(function: Function, **how: Any) -> Function:
    """Give a command --plant, which it needs, as it was typed; `App.one_plant` checks it."""
    return click.option(
        "--plant",
        metavar="PLANT",
        help="The plant: its key under `plants` in the settings. Needed if there are several.",
        **how,
    )(function)


def limit_option(rows: int) -> Callable[[Function], Function]:
    """Give a command --limit."""
    return click.option(
        "--limit",
        type=click.IntRange(1, 100_000),
        default=rows,
        show_default=True,
        help="Show at most N rows.",
        metavar="N",
    )
