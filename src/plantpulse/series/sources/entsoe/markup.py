"""Reads one XML document of ENTSO-E as a stream: its time series one by one, with the texts as they stand.

Pure: from pieces of bytes to values. What a text means is decided elsewhere. A DOCTYPE is refused before
anything that it declares can be used, so that no entity is ever expanded. Depth, names and points are
bounded, so that memory is as well.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from plantpulse.errors import UnreadableReply, one_line

NAMESPACE: Final = "urn:iec62325.351:tc57wg16:451-"
MOST_POINTS: Final = 1_000_000  # a year of quarter-hours of 28 types of production
_MOST_NAMES: Final = 500
_MOST_DEPTH: Final = 20
_MOST_REASONS: Final = 20
_SEPARATOR: Final = " "

# Texts are kept with the innermost of these that they stand in. Each may stand in the one named here alone.
_PARENTS: Final = {"TimeSeries": "", "Period": "TimeSeries", "Point": "Period"}


@dataclass(slots=True)
class Period:
    """A stretch of points. `values` and `categories` go with `positions`; what a point lacks is ""."""

    texts: dict[str, str] = field(default_factory=dict)
    positions: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)


@dataclass(slots=True)
class TimeSeries:
    """One time series: its own texts and its periods."""

    texts: dict[str, str] = field(default_factory=dict)
    periods: list[Period] = field(default_factory=list)


class Document:
    """A document while it is read. `root` and `texts` are complete once `time_series` has ended.

    `texts` has the texts outside of time series by their names; `reasons` what the document gives as such.
    """

    def __init__(self, name: str, most_points: int = MOST_POINTS) -> None:
        self.name = name
        self._most_points = most_points
        self.root = ""
        self.texts: dict[str, str] = {}
        self.reasons: list[str] = []
        self._names: dict[str, str] = {}
        self._namespace = ""
        self._depth = 0
        self._points = 0
        self._text: list[str] = []
        self._open = [""]
        self._where = [self.texts]
        self._series = TimeSeries()
        self._done: list[TimeSeries] = []

    def time_series(self, pieces: Iterable[bytes]) -> Iterator[TimeSeries]:
        """Yield the time series in the document's order.

        Raises: UnreadableReply when it is no well-formed document of ENTSO-E, or breaks off. What was yielded
        before may then be half of the truth.
        """
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        for piece in pieces:
            self._feed(parser, piece, is_last=False)
            yield from self._taken()
        self._feed(parser, b"", is_last=True)
        yield from self._taken()

    def _feed(self, parser: expat.XMLParserType, piece: bytes, *, is_last: bool) -> None:
        try:
            parser.Parse(piece, is_last)
        except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: of encodings
            raise UnreadableReply(f"{self.name} is no well-formed XML: {one_line(str(error))}") from error

    def _taken(self) -> list[TimeSeries]:
        done, self._done = self._done, []
        return done

    def _refuse_doctype(self, *_: object) -> None:
        raise UnreadableReply(f"{self.name} has a DOCTYPE, which no document of ENTSO-E has")

    def _local(self, full: str) -> str:
        """Return the name without the namespace; of another namespace than the root's it is ""."""
        namespace, _, name = full.rpartition(_SEPARATOR)
        if not self.root:
            if not namespace.startswith(NAMESPACE):
                raise UnreadableReply(
                    f"{self.name} is no document of ENTSO-E: it begins with {one_line(name, 60)}"
                )
            self.root, self._namespace = name, namespace
        if len(self._names) >= _MOST_NAMES:
            raise UnreadableReply(f"{self.name} has more than {_MOST_NAMES} names of elements")
        return self._names.setdefault(full, name if namespace == self._namespace else "")

    def _start(self, full: str, _: object) -> None:
        name = self._names.get(full)
        if name is None:
            name = self._local(full)
        self._text.clear()
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise UnreadableReply(f"{self.name} nests elements more than {_MOST_DEPTH} deep")
        if name in _PARENTS and _PARENTS[name] == self._open[-1]:
            self._open.append(name)
            self._enter(name)

    def _enter(self, name: str) -> None:
        if name == "TimeSeries":
            self._series = TimeSeries()
            self._where.append(self._series.texts)
        elif name == "Period":
            self._series.periods.append(Period())
            self._where.append(self._series.periods[-1].texts)
        else:
            self._where.append({})

    def _end(self, full: str) -> None:
        name = self._names[full]
        self._depth -= 1
        if name and name == self._open[-1]:
            self._open.pop()
            self._leave(name, self._where.pop())
        else:
            text = "".join(self._text).strip()
            if text and name:
                self._where[-1][name] = text
                if name == "text" and len(self.reasons) < _MOST_REASONS:
                    self.reasons.append(text)
        self._text.clear()

    def _leave(self, name: str, texts: dict[str, str]) -> None:
        if name == "Point":
            self._points += 1
            if self._points > self._most_points:
                raise UnreadableReply(f"{self.name} has more than {self._most_points:,} points")
            period = self._series.periods[-1]
            period.positions.append(texts.get("position", ""))
            period.values.append(_value(texts))
            period.categories.append(texts.get("imbalance_Price.category", ""))
        elif name == "TimeSeries":
            self._done.append(self._series)
            self._series = TimeSeries()


def _value(texts: dict[str, str]) -> str:
    for name in ("quantity", "price.amount", "imbalance_Price.amount"):
        if name in texts:
            return texts[name]
    return ""
