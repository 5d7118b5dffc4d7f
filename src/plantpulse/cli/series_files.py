"""Writes the points of series to files: CSV for spreadsheets and scripts, Parquet for those who analyse.

One row for each point: key, start in UTC, start in local time with its offset, minutes, value, unit, and
since when the value is known. Points are written as they come, so that a file may be larger than the memory.
pyarrow belongs to the extra `parquet` and is imported when such a file is wanted.
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import click

from plantpulse.errors import ConfigurationError, InvalidRequest

Function = TypeVar("Function", bound=Callable[..., Any])
Format = Literal["csv", "parquet"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "parquet")
COLUMNS: Final = ("series", "at", "local_at", "minutes", "value", "unit", "known_at")


class Row(NamedTuple):
    """One point of a file. A value of None was published as missing."""

    series: str
    at: datetime
    minutes: int
    value: Decimal | None
    unit: str
    known_at: datetime
    zone: ZoneInfo


Write = Callable[[Sequence[Row]], None]


def file_option(name: str, field: str, *, is_required: bool, help_: str) -> Callable[[Function], Function]:
    """Give a command an option for a file that it writes, and --force, which lets it replace one."""

    def note(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta["is_forced"] = value

    def check(ctx: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
        if value and not ctx.resilient_parsing:
            check_free(value, is_forced=ctx.meta["is_forced"], field=name.strip("-"))
        return value

    def give(function: Function) -> Function:
        file = click.option(
            name, field, type=click.Path(path_type=Path), required=is_required, metavar="FILE",
            callback=check, help=help_,
        )  # fmt: skip
        force = click.option(
            "--force", is_flag=True, expose_value=False, is_eager=True, callback=note,
            help="Replace the file if it is there.",
        )  # fmt: skip
        return file(force(function))

    return give


def check_free(path: Path, *, is_forced: bool, field: str) -> None:
    """Raises: InvalidRequest if the file is there and may not be replaced, or if it can be none."""
    try:
        is_folder, is_there, has_folder = path.is_dir(), path.exists(), path.parent.is_dir()
    except OSError as error:  # a name that is too long
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}", field=field) from error
    if is_folder or not has_folder:
        what = "is a folder" if is_folder else "is in a folder that does not exist"
        raise InvalidRequest(f"{path} {what}", field=field)
    if is_there and not is_forced:
        raise InvalidRequest(f"{path} is there already; --force replaces it", field=field)


@contextmanager
def new_path(path: Path, *, field: str = "out") -> Iterator[Path]:
    """Lend another path for a file, which gets its name when all is written.

    So half a file is never taken for one. Raises: InvalidRequest if the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        if error.filename is None:  # it is not about a file: a full disk, a closed pipe
            raise
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}", field=field) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def new_file(path: Path, form: Format) -> Iterator[Write]:
    """Open a file for rows.

    Raises: ConfigurationError without pyarrow; InvalidRequest if it cannot be written.
    """
    with new_path(path) as part, (_csv if form == "csv" else _parquet)(part) as write:
        yield write


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        yield lambda rows: writer.writerows(map(_cells, rows))


def _cells(row: Row) -> Sequence[str | int]:
    return (
        row.series,
        _utc(row.at),
        row.at.astimezone(row.zone).isoformat(),
        row.minutes,
        "" if row.value is None else format(row.value, "f"),
        row.unit,
        _utc(row.known_at),
    )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - half a second for those who want it
        from pyarrow import parquet  # noqa: PLC0415 - as above
    except ImportError:
        raise ConfigurationError("pyarrow is not installed: `pip install 'plantpulse[parquet]'`") from None
    schema = _schema(pa)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        yield lambda rows: writer.write_table(_table(pa, schema, rows))


def _schema(pa: Any) -> Any:
    words = pa.dictionary(pa.int32(), pa.string())
    instant = pa.timestamp("us", tz="UTC")
    types = (words, instant, pa.string(), pa.int32(), pa.float64(), words, instant)
    return pa.schema(list(zip(COLUMNS, types, strict=True)))


def _table(pa: Any, schema: Any, rows: Sequence[Row]) -> Any:
    columns: Sequence[Iterable[Any]] = (
        [row.series for row in rows],
        [row.at for row in rows],
        [row.at.astimezone(row.zone).isoformat() for row in rows],
        [row.minutes for row in rows],
        [None if row.value is None else float(row.value) for row in rows],
        [row.unit for row in rows],
        [row.known_at for row in rows],
    )
    arrays = [pa.array(column, type=kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
