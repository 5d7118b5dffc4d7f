"""What real plants have in their tables beside good rows: one function for each kind of dirt, named for it.

Pure and deterministic: each takes an asset's name in the source and a naive plant-local time, and returns
entries of the plant's tables booked shortly before that time. What becomes of each kind stands in
docs/dirty-data.md, under the same names. Types narrower than the values (`int` for 1e308) need the tables of
`careless_tables.sql`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

Value: TypeAlias = str | float | Decimal | datetime | None

MANY: Final = 5000
LARGEST_INT: Final = 2**31 - 1
LARGEST_BIGINT: Final = 2**63 - 1
LARGEST_FLOAT: Final = 1.7e308
LARGEST_DECIMAL: Final = Decimal("9" * 38)


@dataclass(frozen=True)
class Entry:
    """One row of a plant's table, by column as T-SQL writes it."""

    table: str
    values: Mapping[str, Value]


def padded_names(asset: str, at: datetime) -> Iterator[Entry]:
    """Blanks of every kind before and behind, as CHAR columns and clumsy exports have them: 15 units."""
    yield _output(asset + "   ", 1, _before(at, 1))
    yield _output("  " + asset, 2, _before(at, 2))
    yield _output(f"\t{asset}\r\n", 4, _before(at, 3))
    yield _output(asset + "\u00a0", 8, _before(at, 4))


def inner_blanks(asset: str, at: datetime) -> Iterator[Entry]:
    """More than one blank, or another one, where the name has a blank: 7 units."""
    yield _output(asset.replace(" ", "  "), 1, _before(at, 1))
    yield _output(asset.replace(" ", "\t"), 2, _before(at, 2))
    yield _output(asset.replace(" ", " \u00a0 "), 4, _before(at, 3))


def other_letter_case(asset: str, at: datetime) -> Iterator[Entry]:
    """Letters as people type them: 7 units and a stop of two minutes."""
    yield _output(asset.lower(), 1, _before(at, 1))
    yield _output(asset.title(), 2, _before(at, 2))
    yield _output(asset.swapcase(), 4, _before(at, 3))
    yield _stop(asset.lower(), "Jam", 2, _before(at, 10))


def control_characters(asset: str, at: datetime) -> Iterator[Entry]:
    """What serial lines and terminals leave behind: 3 units, and an incident with such notes."""
    yield _output(asset + "\x07", 1, _before(at, 1))
    yield _output("\x1b" + asset + "\x7f", 2, _before(at, 2))
    yield _stop(asset, "Safety Issue", 1, _before(at, 10), "guard\x01open\x1b[31m\tline\x85two")


def texts_that_are_none(asset: str, at: datetime) -> Iterator[Entry]:
    """NUL, and halves of a UTF-16 pair, which SQL Server stores; the last one was cut inside an emoji."""
    notes = ("guard\0open", "half \ud83d of it", "other \udd25 half", "cut here: \ud83d")
    for minute, text in enumerate(notes, start=1):
        yield _stop(asset, "Safety Issue", 1, _before(at, minute), text)


def emoji_and_right_to_left_text(asset: str, at: datetime) -> Iterator[Entry]:
    """Names and notes in any script: two assets of their own, and an incident of the given one."""
    yield _output("Ofen 🔥 3", 1, _before(at, 1))
    yield _output("מכבש 7", 2, _before(at, 2))
    yield _stop(asset, "Safety Issue", 1, _before(at, 10), "🚑 המגן היה פתוח \u202eABC\u202c 防护门打开")


def very_long_texts(asset: str, at: datetime) -> Iterator[Entry]:
    """A name, a code and notes that somebody pasted; the second incident's name is as long."""
    yield _stop("n" * 3000, "Jam", 1, _before(at, 1))
    yield _stop(asset, "c" * 9000, 2, _before(at, 20))
    yield _stop(asset, "Safety Issue", 3, _before(at, 10), "x" * 100_000)
    yield _stop("s" * 3000, "Safety Issue", 1, _before(at, 5))


def quotes_and_code(asset: str, at: datetime) -> Iterator[Entry]:
    """Text that means something in SQL, JSON or a format string: two names, and notes."""
    yield _output("'); drop table production_data; --", 1, _before(at, 1))
    yield _output('{"asset": null, "%s": "\\u0000"}', 2, _before(at, 2))
    notes = "it's 100 %s \"off\" \\\n{'a': [1]} $$ <script>alert(1)</script>"
    yield _stop(asset, "Safety Issue", 1, _before(at, 10), notes)


def odd_reason_codes(asset: str, at: datetime) -> Iterator[Entry]:
    """One code as five people type it; the stops follow one another, a minute each."""
    spellings = (
        "SAFETY ISSUE",
        " safety  issue ",
        "Safety\tIssue",
        "Safety\u00a0Issue\r\n",
        "safety issue" + " " * 80,
    )
    for minute, spelling in enumerate(spellings, start=1):
        yield _stop(asset, spelling, 1, _before(at, minute))


def misspelt_reason_codes(asset: str, at: datetime) -> Iterator[Entry]:
    """A code with typing errors; the stops follow one another, a minute each."""
    for minute, spelling in enumerate(("Saftey Issue", "Safety Isue", "SafetyIssue", "Saf ety Issue"), 1):
        yield _stop(asset, spelling, 1, _before(at, minute))


def missing_values(asset: str, at: datetime) -> Iterator[Entry]:
    """NULL in each column that may hold it, one at a time; the stop without a code takes two minutes."""
    yield _output(None, 5, _before(at, 1))
    yield _output(asset, None, _before(at, 1))
    yield _oee(None, 80, _before(at, 1))
    yield _oee(asset, None, _before(at, 1))
    yield _stop(None, "Jam", 1, _before(at, 5))
    yield _stop(asset, None, 2, _before(at, 10))
    yield _stop(None, "Safety Issue", 4, _before(at, 5))
    yield _quality(None, 1, 1, _before(at, 1))
    yield _quality(asset, None, 1, _before(at, 1))
    yield _quality(asset, 1, None, _before(at, 1))
    yield _labor(None, 1, 1, _before(at, 1))
    yield _labor(asset, None, 1, _before(at, 1))


def missing_times(asset: str, at: datetime) -> Iterator[Entry]:
    """Nobody knows when. The time given is not used."""
    yield _output(asset, 5, None)
    yield _oee(asset, 5, None)
    yield _stop(asset, "Jam", 5, None)
    yield _stop(asset, "Safety Issue", 4, None, "entered without a time")
    yield _quality(asset, 5, 5, None)
    yield _labor(asset, 5, 5, None)


def negative_counts(asset: str, at: datetime) -> Iterator[Entry]:
    """Counters that were reset, corrections booked as amounts."""
    yield _output(asset, -5, _before(at, 1))
    yield _output(asset, -7, _before(at, 2))
    yield _oee(asset, -1, _before(at, 1))
    yield _quality(asset, -1, 2, _before(at, 1))
    yield _quality(asset, 3, -1, _before(at, 1))
    yield _labor(asset, -2, -0.25, _before(at, 1))


def absurd_counts(asset: str, at: datetime) -> Iterator[Entry]:
    """What a counter shows that was never set, or has run over, twice; and an OEE that is none."""
    yield _output(asset, LARGEST_INT, _before(at, 1))
    yield _output(asset, LARGEST_INT, _before(at, 2))
    yield _output(asset, -LARGEST_INT, _before(at, 3))
    yield _oee(asset, 5000, _before(at, 1))
    yield _quality(asset, LARGEST_INT, 0, _before(at, 1))
    yield _quality(asset, 0, LARGEST_INT, _before(at, 1))
    yield _labor(asset, LARGEST_INT, 9_999_999, _before(at, 1))


def counts_beyond_any_integer(asset: str, at: datetime) -> Iterator[Entry]:
    """As large as the widest types hold, twice each, so that their sum is beyond them."""
    for minute in (1, 2):
        yield _output(asset, LARGEST_FLOAT, _before(at, minute))
        yield _output(asset, -LARGEST_FLOAT, _before(at, minute))
        yield _oee(asset, LARGEST_FLOAT, _before(at, minute))
        yield _stop(asset, "Safety Issue", LARGEST_FLOAT, _before(at, minute))
        yield _quality(asset, LARGEST_DECIMAL, 0, _before(at, minute))
        yield _quality(asset, 0, LARGEST_DECIMAL, _before(at, minute))
        yield _labor(asset, LARGEST_BIGINT, LARGEST_FLOAT, _before(at, minute))


def fractional_quantities(asset: str, at: datetime) -> Iterator[Entry]:
    """Kilograms and metres: 12.55 in all, a stop of two minutes and a half, half a person."""
    for minute in (1, 2, 3):
        yield _output(asset, 0.1, _before(at, minute))
    yield _output(asset, 12.25, _before(at, 4))
    yield _stop(asset, "Jam", 2.5, _before(at, 10))
    yield _labor(asset, 2.5, 0.1, _before(at, 1))


def duplicate_rows(asset: str, at: datetime) -> Iterator[Entry]:
    """The same row twice in each table: 14 units, a stop of three minutes, an incident of one."""
    for _ in range(2):
        yield _output(asset, 7, _before(at, 1))
        yield _oee(asset, 70, _before(at, 1))
        yield _stop(asset, "Jam", 3, _before(at, 10))
        yield _stop(asset, "Safety Issue", 1, _before(at, 20), "the same")
        yield _quality(asset, 7, 1, _before(at, 1))
        yield _labor(asset, 3, 1, _before(at, 1))


def late_rows(asset: str, at: datetime) -> Iterator[Entry]:
    """Entered after the time given: 5 units and a stop just before it, an incident seven hours before it."""
    yield _output(asset, 5, _before(at, 10))
    yield _stop(asset, "Jam", 2, _before(at, 10))
    yield _stop(asset, "Safety Issue", 1, _before(at, 7 * 60), "typed in at the end of the shift")


def open_downtime(asset: str, at: datetime) -> Iterator[Entry]:
    """Stops that nobody closed: one began twelve minutes ago, one eight days ago."""
    yield _stop(asset, "Jam", None, _before(at, 12))
    yield _stop(asset, "Overhaul", None, _before(at, 8 * 24 * 60))


def overlapping_downtime(asset: str, at: datetime) -> Iterator[Entry]:
    """Stops booked by several people: 15 minutes in all."""
    yield _stop(asset, "Jam", 10, _before(at, 25))
    yield _stop(asset, "Sheet Jam", 10, _before(at, 20))
    yield _stop(asset, "Jam", 2, _before(at, 18))


def downtime_longer_than_the_window(asset: str, at: datetime) -> Iterator[Entry]:
    """A stop that began three hours ago and ends in two; and one of ten days that began eight days ago."""
    yield _stop(asset, "Overhaul", 300, _before(at, 180))
    yield _stop(asset + "-OLD", "Overhaul", 10 * 24 * 60, _before(at, 8 * 24 * 60))


def downtime_that_ends_before_it_starts(asset: str, at: datetime) -> Iterator[Entry]:
    """Negative lengths; the second one is an incident."""
    yield _stop(asset, "Jam", -5, _before(at, 10))
    yield _stop(asset, "Safety Issue", -90, _before(at, 10))


def downtime_of_absurd_length(asset: str, at: datetime) -> Iterator[Entry]:
    """A stop of four thousand years that began ten minutes ago, and an incident as long."""
    yield _stop(asset, "Jam", LARGEST_INT, _before(at, 10))
    yield _stop(asset, "Safety Issue", LARGEST_INT, _before(at, 5))


def dates_far_off(asset: str, at: datetime) -> Iterator[Entry]:
    """Dates that were never set, or mistyped; the last incident lies five minutes ahead."""
    for year in (1, 1900, 2062, 9999):
        when = at.replace(year=year, month=12, day=31)
        yield _output(asset, 5, when)
        yield _oee(asset, 5, when)
        yield _stop(asset, "Jam", LARGEST_INT, when)
        yield _stop(asset, "Safety Issue", 1, when)
        yield _quality(asset, 5, 5, when)
        yield _labor(asset, 5, 5, when)
    yield _output(asset, 3, _before(at, -5))
    yield _stop(asset, "Safety Issue", 1, _before(at, -5))


def unknown_assets(asset: str, at: datetime) -> Iterator[Entry]:
    """Five thousand names that nobody has mapped, all beginning with the given one; 300 have an incident."""
    for number in range(300):
        yield _stop(f"{asset}?{number:04}", "Safety Issue", 1, _before(at, 10))
    for number in range(MANY):
        yield _output(f"{asset}?{number:04}", 1, _before(at, 1))


Kind: TypeAlias = Callable[[str, datetime], Iterator[Entry]]

KINDS: Final[tuple[Kind, ...]] = (
    padded_names,
    inner_blanks,
    other_letter_case,
    control_characters,
    texts_that_are_none,
    emoji_and_right_to_left_text,
    very_long_texts,
    quotes_and_code,
    odd_reason_codes,
    misspelt_reason_codes,
    missing_values,
    missing_times,
    negative_counts,
    absurd_counts,
    counts_beyond_any_integer,
    fractional_quantities,
    duplicate_rows,
    late_rows,
    open_downtime,
    overlapping_downtime,
    downtime_longer_than_the_window,
    downtime_that_ends_before_it_starts,
    downtime_of_absurd_length,
    dates_far_off,
    unknown_assets,
)


def _before(at: datetime, minutes: int) -> datetime:
    return at - timedelta(minutes=minutes)


def _output(asset: str | None, count: Value, at: datetime | None) -> Entry:
    return Entry("production_data", {"locationName": asset, "output_count": count, "[timestamp]": at})


def _oee(asset: str | None, oee: Value, at: datetime | None) -> Entry:
    return Entry("oee_metrics", {"locationName": asset, "oee": oee, "[timestamp]": at})


def _stop(
    asset: str | None, code: str | None, minutes: Value, at: datetime | None, notes: str | None = None
) -> Entry:
    values: dict[str, Value] = {"locationName": asset, "reason_code": code, "downtime_minutes": minutes}
    return Entry("downtime_records", values | {"[timestamp]": at, "notes": notes})


def _quality(asset: str | None, good: Value, rejected: Value, at: datetime | None) -> Entry:
    values: dict[str, Value] = {"locationName": asset, "good_count": good, "reject_count": rejected}
    return Entry("quality_records", values | {"[timestamp]": at})


def _labor(asset: str | None, headcount: Value, hours: Value, at: datetime | None) -> Entry:
    values: dict[str, Value] = {"locationName": asset, "headcount": headcount, "hours_worked": hours}
    return Entry("labor_records", values | {"[timestamp]": at})
