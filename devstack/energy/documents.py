"""ENTSO-E's documents as text: headers, time series, periods, points.

Pure. Element by element as in recorded replies: the order, the namespaces and the attributes are compared by
tests. Curve type A03: a point that repeats the value before it is left out, within its Period.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devstack.energy.days import instant
from devstack.energy.publisher import Run

_IEC: Final = "urn:iec62325.351:tc57wg16:451"
_PLATFORM: Final = "10X1001A1001A450"
RESOLUTIONS: Final = {15: "PT15M", 30: "PT30M", 60: "PT60M", 7 * 24 * 60: "P7D"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is particular to a kind of document.

    `period` is the element with the whole span. `value` is the element of a value in a Point.
    """

    root: str
    namespace: str
    period: str
    value: str
    has_process: bool = True


PUBLICATION: Final = Shape(
    "Publication_MarketDocument", f"{_IEC}-3:publicationdocument:7:3", "period", "price.amount", False
)
LOAD_AND_GENERATION: Final = Shape(
    "GL_MarketDocument", f"{_IEC}-6:generationloaddocument:3:0", "time_Period", "quantity"
)
PRICES_OF_IMBALANCE: Final = Shape(
    "Balancing_MarketDocument", f"{_IEC}-6:balancingdocument:4:4", "period", "imbalance_Price.amount"
)
VOLUMES_OF_IMBALANCE: Final = Shape(
    "Balancing_MarketDocument", f"{_IEC}-6:balancingdocument:3:0", "period", "quantity"
)


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One TimeSeries: the elements before and after its curve type, and its values.

    `after_value` is a further element of each Point, such as the category of an imbalance price.
    """

    before: str
    runs: Sequence[Run]
    after: str = ""
    after_value: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """What the head of a document says of the request. `domain` is an element, of balancing alone."""

    id: str
    document: str
    process: str
    created_at: datetime
    domain: str = ""


def element(name: str, text: str, scheme: str = "") -> str:
    """Return an element with a text; `scheme` is who gave the code."""
    attribute = f' codingScheme="{scheme}"' if scheme else ""
    return f"<{name}{attribute}>{text}</{name}>\n"


def domain(name: str, eic: str) -> str:
    """Return the element of an area."""
    return element(f"{name}.mRID", eic, "A01")


def document(shape: Shape, heading: Heading, series: Sequence[TimeSeries]) -> str:
    """Return a document; its span is that of its values."""
    starts = [run.start for one in series for run in one.runs]
    ends = [run.end for one in series for run in one.runs]
    process = element("process.processType", heading.process) if shape.has_process else ""
    return "".join(
        (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<{shape.root} xmlns="{shape.namespace}">\n',
            element("mRID", heading.id),
            element("revisionNumber", "1"),
            element("type", heading.document),
            process,
            _parties("A33"),
            element("createdDateTime", _second(heading.created_at)),
            heading.domain,
            f"<{shape.period}.timeInterval>\n{_span(min(starts), max(ends))}</{shape.period}.timeInterval>\n",
            *(text for number, one in enumerate(series, 1) for text in _series(shape, number, one)),
            f"</{shape.root}>\n",
        )
    )


def acknowledgement(id_: str, created_at: datetime, text: str) -> str:
    """Return the document that says why there is no other; code 999 stands for no data and for refusals."""
    created = _second(created_at)
    return "".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Acknowledgement_MarketDocument\n\t',
            f'xmlns="{_IEC}-1:acknowledgementdocument:7:0">\n',
            element("mRID", f"{id_[:8]}-{id_[8:12]}-{id_[12]}"),
            element("createdDateTime", created),
            _parties("A39"),
            element("received_MarketDocument.createdDateTime", created),
            f"<Reason>\n<code>999</code>\n<text>{text}</text>\n</Reason>\n</Acknowledgement_MarketDocument>\n",
        )
    )


def _parties(receiver_role: str) -> str:
    roles = (("sender", "A32"), ("receiver", receiver_role))
    return "".join(
        element(f"{party}_MarketParticipant.mRID", _PLATFORM, "A01")
        + element(f"{party}_MarketParticipant.marketRole.type", role)
        for party, role in roles
    )


def _series(shape: Shape, number: int, series: TimeSeries) -> Iterable[str]:
    yield f"<TimeSeries>\n{element('mRID', str(number))}{series.before}{element('curveType', 'A03')}"
    yield series.after
    for run in series.runs:
        yield f"<Period>\n<timeInterval>\n{_span(run.start, run.end)}</timeInterval>\n"
        yield element("resolution", RESOLUTIONS[run.minutes])
        yield from _points(shape.value, run, series.after_value)
        yield "</Period>\n"
    yield "</TimeSeries>\n"


def _points(name: str, run: Run, after: str) -> Iterable[str]:
    last = None
    for position, value in enumerate(run.values, 1):
        if value != last:
            yield (
                f"              <Point>\n                <position>{position}</position>\n"
                f"                <{name}>{value}</{name}>\n{after}              </Point>\n"
            )
            last = value


def _span(start: int, end: int) -> str:
    return f"<start>{_minute(start)}</start>\n<end>{_minute(end)}</end>\n"


def _minute(at: int) -> str:
    return f"{instant(at):%Y-%m-%dT%H:%MZ}"


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
