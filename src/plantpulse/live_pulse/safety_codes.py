"""Which reason codes safety.sql is asked for: the spellings in the source that are a safety code.

Two texts are one code when their keys are (`plant.text.normalise_key`). No collation knows that, so a
filter in SQL would lose incidents: safety_codes.sql lists the spellings of the look-back, and safety.sql is
asked for those that match (docs/decisions/0062).
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.plant.local_time import local_bounds
from plantpulse.plant.text import collapse_blanks, normalise_key
from plantpulse.schedules.slots import Window
from plantpulse.source.answers import Answers, Source

SHORTEST: Final = timedelta(minutes=1)


def safety_codes(
    answers: Answers, source: Source, look_back: Window, zone: ZoneInfo, codes: Iterable[str]
) -> str | None:
    """Return the `@reason_codes` of safety.sql; None when its answer would be empty.

    A plant's own safety.sql is always asked: it may find incidents in other ways too. One without a
    safety_codes.sql beside it gets the configured codes, which its server compares as well as it can.
    Raises: the source's errors.
    """
    query, configured = answers.queries["safety"], list(codes)
    if "reason_codes" not in query.parameters:
        return between_bars(configured)
    if "safety_codes" not in answers.queries:
        answers.progress.warn(
            "safety_codes_unread",
            "safety.sql compares reason codes by the server's collation: put a safety_codes.sql beside it",
        )
        return between_bars(configured)
    found = matching(_spellings(answers, source, look_back, zone), configured)
    return between_bars([*found, *configured]) if found or query.is_own else None


def matching(spellings: Iterable[object], codes: Iterable[str]) -> list[str]:
    """Return the spellings of codes, each once, as the source has them but for the blanks behind them."""
    keys = {normalise_key(code) for code in codes} - {""}
    texts = dict.fromkeys(one.rstrip(" ") for one in spellings if isinstance(one, str))
    return [text for text in texts if normalise_key(text) in keys]


def between_bars(codes: Iterable[str]) -> str:
    """Return codes between bars: as they are, and in lower case for files that compare so."""
    spelt = [text for code in codes for text in (code, collapse_blanks(code).lower())]
    return f"|{'|'.join(dict.fromkeys(spelt))}|"


def _spellings(answers: Answers, source: Source, span: Window, zone: ZoneInfo) -> Iterator[object]:
    """Yield the spellings in a span; one with more of them than `row_limit` is read in halves."""
    answer = answers.ask_for_codes(source, local_bounds(span, zone))
    length = span.until - span.start
    if not answer.is_truncated:
        yield from (code for (code,) in answer.rows)
    elif length > SHORTEST:
        middle = (span.start + length / 2).replace(microsecond=0)
        for half in (Window(span.start, middle), Window(middle, span.until)):
            yield from _spellings(answers, source, half, zone)
    else:
        answers.is_incomplete = True
        answers.progress.warn("safety_cut_off", "more reason codes within a minute than row_limit allows")
        yield from (code for (code,) in answer.rows)
