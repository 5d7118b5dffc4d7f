"""Recorded replies, documents built for one test, and what comes out of them."""

from collections.abc import Sequence
from pathlib import Path

from plantpulse.series.points import Point
from plantpulse.series.sources.entsoe.documents import ASKED
from plantpulse.series.sources.entsoe.replies import Answer, read
from plantpulse.settings.areas import AREAS

RECORDED = Path(__file__).resolve().parents[1] / "replies" / "entsoe"
GL = "urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0"


def recorded(name: str) -> bytes:
    """Return a recorded reply by the beginning of its name, which must be of one file."""
    [path] = RECORDED.glob(f"{name}*")
    return path.read_bytes()


def read_recorded(name: str, kind: str, area: str) -> Answer:
    return read(recorded(name), ASKED[kind], AREAS[area])


def points_of(answer: Answer, key: str) -> list[Point]:
    """Return the points of one series; a key ends in @minutes where only those of one length are meant."""
    key, _, minutes = key.partition("@")
    blocks = [block for block in answer.blocks if block.series.key == key]
    return [
        point for block in blocks for point in block.points() if not minutes or point.minutes == int(minutes)
    ]


def values_of(answer: Answer, key: str) -> list[tuple[str, str]]:
    """Return start and value of the points of one series as texts."""
    return [(f"{point.at:%m-%dT%H:%M}", str(point.value)) for point in points_of(answer, key)]


def point(position: object, value: object) -> str:
    return f"<Point><position>{position}</position><quantity>{value}</quantity></Point>"


def period(
    points: str, start: str = "2024-01-01T00:00Z", end: str = "2024-01-01T01:00Z", resolution: str = "PT15M"
) -> str:
    interval = f"<timeInterval><start>{start}</start><end>{end}</end></timeInterval>"
    return f"<Period>{interval}<resolution>{resolution}</resolution>{points}</Period>"


def series(*periods: str, curve: str = "A03", area: str = "10YNL----------L", further: str = "") -> str:
    return (
        f"<TimeSeries><mRID>1</mRID><outBiddingZone_Domain.mRID>{area}</outBiddingZone_Domain.mRID>"
        "<quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name>"
        f"<curveType>{curve}</curveType>{further}{''.join(periods)}</TimeSeries>"
    )


def document(
    *all_series: str, namespace: str = GL, head: str = "", kind: str = "A65", process: str = "A16"
) -> bytes:
    return (
        f'{head}<GL_MarketDocument xmlns="{namespace}"><type>{kind}</type>'
        f"<process.processType>{process}</process.processType>{''.join(all_series)}</GL_MarketDocument>"
    ).encode()


def load(*positions_and_values: tuple[object, object], curve: str = "A03", **times: str) -> bytes:
    """Return a document about the load of NL with one period: an hour of quarter-hours by default."""
    return document(
        series(period("".join(point(*pair) for pair in positions_and_values), **times), curve=curve)
    )


def read_load(content: bytes) -> Answer:
    return read(content, ASKED["load"], AREAS["NL"])


def load_values(content: bytes) -> Sequence[tuple[str, str]]:
    return values_of(read_load(content), "NL/load")
