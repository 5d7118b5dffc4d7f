"""From the bytes of a reply to blocks: one document, or a zip of several.

Pure. A reply is read as a whole or not at all: half a document says nothing sure.
"""

import re
from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.errors import UnreadableReply, one_line
from plantpulse.series.points import Block, Series
from plantpulse.series.publisher import Unread
from plantpulse.series.sources.entsoe import acknowledgements, archives
from plantpulse.series.sources.entsoe.acknowledgements import Acknowledgement
from plantpulse.series.sources.entsoe.curves import Curve, Doubts, Drawer, Segment
from plantpulse.series.sources.entsoe.documents import Asked, Texts
from plantpulse.series.sources.entsoe.markup import Document, Period, TimeSeries
from plantpulse.series.sources.entsoe.merging import merged
from plantpulse.series.sources.entsoe.units import unit_of
from plantpulse.settings.areas import Area

SOURCE: Final = "entsoe"
_PIECE: Final = 64 * 1024
_PAGES: Final = (b"<!doctype html", b"<html")
_ROOTS: Final = {"Publication_MarketDocument", "GL_MarketDocument", "Balancing_MarketDocument"}
_PART: Final = re.compile(r"[0-9A-Za-z]{1,12}")  # it becomes part of a key
_CURVES: Final = {"A01", "A03"}
_DOMAINS: Final = (
    "in_Domain.mRID",
    "out_Domain.mRID",
    "inBiddingZone_Domain.mRID",
    "outBiddingZone_Domain.mRID",
    "controlArea_Domain.mRID",
    "area_Domain.mRID",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reply says. `acknowledged` stands instead of data, or beside it in a zip."""

    blocks: Sequence[Block]
    unread: Sequence[Unread]
    time_series: int
    acknowledged: Acknowledgement | None


@dataclass(slots=True)
class Reading:
    """What has been read so far of one reply."""

    asked: Asked
    area: Area
    doubts: Doubts
    drawer: Drawer
    segments: dict[Series, list[Segment]] = field(default_factory=lambda: defaultdict(list))
    reasons: list[str] = field(default_factory=list)
    time_series: int = 0

    @property
    def _told(self) -> str:
        """Return what a doubt about a whole time series is about."""
        return f"{self.area.name}/{self.asked.document}"

    def document(self, name: str, pieces: Iterable[bytes]) -> None:
        """Read one document."""
        document = Document(name)
        for series in document.time_series(pieces):
            self._expect(document)
            self.time_series += 1
            self._time_series(ChainMap(series.texts, document.texts), series)
        if document.root == acknowledgements.ROOT:
            self.reasons.extend(document.reasons or [""])
        else:
            self._expect(document)

    def _expect(self, document: Document) -> None:
        """Raises: UnreadableReply unless the document is of the kind that was asked for."""
        if document.root not in _ROOTS:
            raise UnreadableReply(f"{document.name} is a {document.root}, which is not what was asked for")
        for name, due in (("type", self.asked.document), ("process.processType", self.asked.process)):
            found = document.texts.get(name, "")
            if due and found != due:
                raise UnreadableReply(
                    f"{document.name} is of the {name} {one_line(found, 20) or 'none'}, not {due} as asked"
                )

    def _time_series(self, texts: Texts, series: TimeSeries) -> None:
        if reason := self._reason_against(texts):
            self.doubts.add(self._told, reason)
            return
        for period in series.periods:
            for category in dict.fromkeys(period.categories or [""]):
                self._period(texts, period, category)

    def _reason_against(self, texts: Texts) -> str | None:
        """Return why nothing of a time series can be used; None if it can."""
        code = self.area.code_for(self.asked.role)
        others = [texts[name] for name in _DOMAINS if name in texts and texts[name] != code]
        if others:
            return f"{_name(texts)} is of the area {one_line(others[0], 40)}, not {code}"
        if texts.get("curveType", "A01") not in _CURVES:
            return f"{_name(texts)} has the unknown curve type {one_line(texts['curveType'], 20)}"
        if unit_of(texts) is None:
            return f"{_name(texts)} names no known unit"
        return None

    def _period(self, texts: Texts, period: Period, category: str) -> None:
        series = self._series(texts, category)
        if series is None:
            self.doubts.add(self._told, f"{_name(texts)} was not asked for")
            return
        for segment in self.drawer.segments(series.key, _curve(texts, period, category)):
            self.segments[series].append(segment)

    def _series(self, texts: Texts, category: str) -> Series | None:
        place = self.asked.place(texts, category)
        if place is None or not _PART.fullmatch(place.part or "none"):
            return None
        subject = self.area.name
        key = "/".join(part for part in (subject, place.kind, place.part) if part)
        group = f"{subject}/{place.completes}" if place.completes else key
        unit = unit_of(texts) or ""
        return Series(place.kind, subject, place.part, SOURCE, unit, self.area.time_zone, group)

    def answer(self) -> Answer:
        """Return what was read.

        Raises: UnreadableReply when there was nothing at all.
        """
        if not self.time_series and not self.reasons:
            raise UnreadableReply("the reply has no time series, and no reason why")
        blocks = [
            Block(series, segment.start, segment.minutes, tuple(segment.values))
            for series, segments in self.segments.items()
            for segment in merged(series.key, segments, self.doubts)
        ]
        acknowledged = Acknowledgement(self.reasons) if self.reasons else None
        return Answer(blocks, tuple(_unread(self.doubts)), self.time_series, acknowledged)


def read(content: bytes, asked: Asked, area: Area) -> Answer:
    """Return what a reply says to a question for an area.

    Raises: UnreadableReply.
    """
    if content[:200].lstrip().lower().startswith(_PAGES):
        raise UnreadableReply("the reply is an HTML page")
    doubts = Doubts()
    reading = Reading(asked, area, doubts, Drawer(ZoneInfo(area.time_zone), doubts))
    if archives.is_archive(content):
        for name, pieces in archives.documents(content):
            reading.document(name, pieces)
    else:
        reading.document("the reply", _pieces(content))
    return reading.answer()


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _PIECE):
        yield content[start : start + _PIECE]


def _name(texts: Texts) -> str:
    return f"time series {one_line(texts.get('mRID', ''), 40)}"


def _curve(texts: Texts, period: Period, category: str) -> Curve:
    positions, values = period.positions, period.values
    if any(other != category for other in period.categories):
        own = [place for place, other in enumerate(period.categories) if other == category]
        positions, values = [positions[place] for place in own], [values[place] for place in own]
    return Curve(
        period.texts.get("start", ""),
        period.texts.get("end", ""),
        period.texts.get("resolution", ""),
        texts.get("curveType", "A01"),
        positions,
        values,
        len(period.positions),
    )


def _unread(doubts: Doubts) -> Iterator[Unread]:
    for series, reason in doubts.told:
        yield Unread(series, reason)
    if further := doubts.count - len(doubts.told):
        yield Unread(doubts.told[-1][0], f"and {further:,} more like these")
