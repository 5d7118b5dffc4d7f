"""Draws a series as a PNG, with the scales of the terminal's chart.

Everything is drawn three times as large and made smaller at the end, so that lines have smooth edges. Pillow
belongs to the extra `picture` and is imported when a picture is wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from plantpulse.cli.axes import Values, times_axis, values_axis
from plantpulse.cli.strokes import trace
from plantpulse.cli.terminal import visible
from plantpulse.errors import ConfigurationError
from plantpulse.series.points import Point

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH: Final = 1200
HEIGHT: Final = 480
_LARGER: Final = 3
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 48, 56, 56
_TEXT_SIZE: Final = 14
_PAPER, _INK, _GREY, _GRID, _LINE, _LACKING = (
    "#ffffff",
    "#1f2328",
    "#59636e",
    "#e5e8eb",
    "#0b61a4",
    "#fbe3e1",
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of points between two instants, with local times; spans without values have a red ground."""

    title: str
    points: Sequence[Point]
    start: datetime
    until: datetime
    zone: ZoneInfo

    def write(self, path: Path) -> None:
        """Write the picture as a PNG. Raises: ConfigurationError without Pillow; OSError."""
        try:
            from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - who wants no picture does not wait
        except ImportError:
            raise ConfigurationError("pillow is not installed: `pip install 'plantpulse[picture]'`") from None
        image = Image.new("RGB", (WIDTH * _LARGER, HEIGHT * _LARGER), _PAPER)
        values = [float(point.value) for point in self.points if point.value is not None]
        drawing = _Drawing(
            ImageDraw.Draw(image),
            ImageFont.load_default(_TEXT_SIZE * _LARGER),
            values_axis(min(values), max(values), 7),
        )
        drawing.draw(self)
        image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(path, format="PNG", optimize=True)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The large drawing; places are in its own pixels."""

    pen: "ImageDraw"
    font: Any
    axis: Values

    @property
    def left(self) -> int:
        return _LEFT * _LARGER

    @property
    def columns(self) -> int:
        return (WIDTH - _LEFT - _RIGHT) * _LARGER

    @property
    def floor(self) -> int:
        return (HEIGHT - _BOTTOM) * _LARGER

    def draw(self, picture: Picture) -> None:
        """Draw everything."""
        found = trace(picture.points, picture.start, picture.until, self.columns)
        for column in found.lacking:
            self._vertical(column, _TOP * _LARGER, self.floor, _LACKING)
        self._values()
        self._times(picture)
        before = None
        for column, stroke in enumerate(found.strokes):
            if stroke:
                low, high = stroke.joined(before)
                self._vertical(column, self._down(high) - 2, self._down(low) + 2, _LINE)
            before = stroke
        self.pen.text(
            (self.left, 20 * _LARGER), visible(picture.title), fill=_INK, font=self.font, anchor="lm"
        )

    def _down(self, value: float) -> int:
        return round(self.floor - self.axis.share(value) * (self.floor - _TOP * _LARGER))

    def _vertical(self, column: int, top: int, bottom: int, colour: str) -> None:
        across = self.left + column
        self.pen.line((across, top, across, bottom), fill=colour, width=_LARGER)

    def _values(self) -> None:
        right = self.left + self.columns
        for mark, label in zip(self.axis.marks, self.axis.labels(), strict=True):
            down = self._down(mark)
            is_zero = self.axis.has_negative and mark == 0
            self.pen.line((self.left, down, right, down), fill=_GREY if is_zero else _GRID, width=_LARGER)
            place = (self.left - 8 * _LARGER, down)
            self.pen.text(place, label, fill=_GREY, font=self.font, anchor="rm")

    def _times(self, picture: Picture) -> None:
        length = picture.until - picture.start
        self.pen.line(
            (self.left, self.floor, self.left + self.columns, self.floor), fill=_GREY, width=_LARGER
        )
        for mark in times_axis(picture.start, picture.until, picture.zone, 16):
            across = self.left + (mark.at - picture.start) * self.columns // length
            self.pen.line((across, self.floor, across, self.floor + 5 * _LARGER), fill=_GREY, width=_LARGER)
            for down, text in ((18, mark.label), (38, mark.below)):
                place = (across, self.floor + down * _LARGER)
                self.pen.text(place, text, fill=_GREY, font=self.font, anchor="mm")
