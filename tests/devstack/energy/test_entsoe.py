"""ENTSO-E's answers: shapes as recorded, values as the oracle has them, refusals in the platform's words."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from devstack.energy import TOKEN, Clock, Publisher, Recorded, Spans, StandIn
from tests.patience import ENDS_S

DE_LU = "10Y1001A1001A82H"
NL = "10YNL----------L"
FR = "10YFR-RTE------C"
AT = "10YAT-APG------L"
RECORDED = Path(__file__).parents[2] / "series/replies/entsoe"
GOLD = "yahoo/chart-GC_F-2020-01-01-to-2020-01-03.json"
IEC = "urn:iec62325.351:tc57wg16:451"

Parameters = dict[str, str]


def prices(eic: str, start: str, until: str, **more: str) -> Parameters:
    return {"documentType": "A44", "in_Domain": eic, "out_Domain": eic} | span(start, until) | more


def load(eic: str, start: str, until: str, process: str = "A16") -> Parameters:
    return {"documentType": "A65", "processType": process, "outBiddingZone_Domain": eic} | span(start, until)


def generation(eic: str, start: str, until: str, kind: str = "A75", **more: str) -> Parameters:
    process = "A16" if kind == "A75" else "A01"
    return {"documentType": kind, "processType": process, "in_Domain": eic} | span(start, until) | more


def balancing(kind: str, start: str, until: str) -> Parameters:
    return {"documentType": kind, "controlArea_Domain": AT} | span(start, until)


def span(start: str, until: str) -> Parameters:
    return {"periodStart": start, "periodEnd": until}


def document(content: bytes) -> ElementTree.Element:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(archive.namelist()[0])
    return ElementTree.fromstring(content)  # noqa: S314 - the stand-in's own


def name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def outline(element: ElementTree.Element, path: str = "") -> list[str]:
    """Return the paths of all elements in order, each path once, with the names of its attributes."""
    here = f"{path}/{name(element)}" + "".join(f"@{attribute}" for attribute in element.attrib)
    below = [line for child in element for line in outline(child, here)]
    return list(dict.fromkeys([here, *below]))


def points(root: ElementTree.Element) -> Iterator[tuple[datetime, int, str, dict[str, str]]]:
    """Yield start, minutes, value and the facts of the time series; a repeated value is filled in."""
    space = {"": root.tag.partition("}")[0].strip("{")}
    for series in root.iterfind("TimeSeries", space):
        facts = {name(item): item.text or "" for item in series.iter() if item.text and item.text.strip()}
        for period in series.iterfind("Period", space):
            start, end = (
                datetime.fromisoformat(period.findtext(f"timeInterval/{edge}", "", space))
                for edge in ("start", "end")
            )
            minutes = int((period.findtext("resolution", "", space))[2:-1])
            given = {
                int(point.findtext("position", "", space)): next(
                    item.text or "" for item in point if name(item) not in ("position",)
                )
                for point in period.iterfind("Point", space)
            }
            value = ""
            for position in range(1, int((end - start) / timedelta(minutes=minutes)) + 1):
                value = given.get(position, value)
                yield start + (position - 1) * timedelta(minutes=minutes), minutes, value, facts


PARTIES = [
    "/sender_MarketParticipant.mRID@codingScheme",
    "/sender_MarketParticipant.marketRole.type",
    "/receiver_MarketParticipant.mRID@codingScheme",
    "/receiver_MarketParticipant.marketRole.type",
]
PERIOD = [
    "",
    "/timeInterval",
    "/timeInterval/start",
    "/timeInterval/end",
    "/resolution",
    "/Point",
    "/Point/position",
]


def shape(root: str, head: list[str], tail: list[str], series: list[str], values: list[str]) -> list[str]:
    """Return an outline as it was read off the recorded replies."""
    lines = [f"/{root}", *(f"/{root}{line}" for line in [*head, *PARTIES, *tail])]
    lines += [f"/{root}/TimeSeries", *(f"/{root}/TimeSeries{line}" for line in series)]
    lines += [f"/{root}/TimeSeries/Period{line}" for line in [*PERIOD, *values]]
    return lines


HEAD = ["/mRID", "/revisionNumber", "/type"]
OF_PROCESS = [*HEAD, "/process.processType"]
SPAN = ["/createdDateTime", "/period.timeInterval", "/period.timeInterval/start", "/period.timeInterval/end"]
GL_SPAN = [line.replace("/period", "/time_Period") for line in SPAN]
LOAD_SERIES = [
    "/mRID",
    "/businessType",
    "/objectAggregation",
    "/outBiddingZone_Domain.mRID@codingScheme",
    "/quantity_Measure_Unit.name",
    "/curveType",
]
TYPED_SERIES = [
    *(line.replace("/out", "/in") for line in LOAD_SERIES),
    "/MktPSRType",
    "/MktPSRType/psrType",
]
QUANTITY = ["/Point/quantity"]

SHAPES = {
    "prices with one auction": (
        prices(NL, "202610012200", "202610022200"),
        f"{IEC}-3:publicationdocument:7:3",
        shape(
            "Publication_MarketDocument",
            HEAD,
            SPAN,
            [
                "/mRID",
                "/auction.type",
                "/businessType",
                "/in_Domain.mRID@codingScheme",
                "/out_Domain.mRID@codingScheme",
                "/contract_MarketAgreement.type",
                "/currency_Unit.name",
                "/price_Measure_Unit.name",
                "/curveType",
            ],
            ["/Point/price.amount"],
        ),
    ),
    "prices with two auctions": (
        prices(AT, "202610012200", "202610022200"),
        f"{IEC}-3:publicationdocument:7:3",
        shape(
            "Publication_MarketDocument",
            HEAD,
            SPAN,
            [
                "/mRID",
                "/auction.type",
                "/businessType",
                "/in_Domain.mRID@codingScheme",
                "/out_Domain.mRID@codingScheme",
                "/contract_MarketAgreement.type",
                "/currency_Unit.name",
                "/price_Measure_Unit.name",
                "/classificationSequence_AttributeInstanceComponent.position",
                "/curveType",
            ],
            ["/Point/price.amount"],
        ),
    ),
    "load": (
        load(NL, "202610012200", "202610022200"),
        f"{IEC}-6:generationloaddocument:3:0",
        shape("GL_MarketDocument", OF_PROCESS, GL_SPAN, LOAD_SERIES, QUANTITY),
    ),
    "load forecast": (
        load(NL, "202610012200", "202610022200", "A01"),
        f"{IEC}-6:generationloaddocument:3:0",
        shape("GL_MarketDocument", OF_PROCESS, GL_SPAN, LOAD_SERIES, QUANTITY),
    ),
    "weekly load forecast": (
        load(NL, "202601010000", "202612310000", "A33"),
        f"{IEC}-6:generationloaddocument:3:0",
        shape("GL_MarketDocument", OF_PROCESS, GL_SPAN, LOAD_SERIES, QUANTITY),
    ),
    "generation of one type": (
        generation(FR, "202610012200", "202610022200", psrType="B14"),
        f"{IEC}-6:generationloaddocument:3:0",
        shape("GL_MarketDocument", OF_PROCESS, GL_SPAN, TYPED_SERIES, QUANTITY),
    ),
    "wind and sun": (
        generation(NL, "202610012200", "202610022200", "A69"),
        f"{IEC}-6:generationloaddocument:3:0",
        shape("GL_MarketDocument", OF_PROCESS, GL_SPAN, TYPED_SERIES, QUANTITY),
    ),
    "generation forecast": (
        generation(NL, "202610012200", "202610022200", "A71"),
        f"{IEC}-6:generationloaddocument:3:0",
        shape("GL_MarketDocument", OF_PROCESS, GL_SPAN, TYPED_SERIES[:-2], QUANTITY),
    ),
    "imbalance prices": (
        balancing("A85", "202610010000", "202610050000"),
        f"{IEC}-6:balancingdocument:4:4",
        shape(
            "Balancing_MarketDocument",
            OF_PROCESS,
            [SPAN[0], "/docStatus", "/docStatus/value", "/area_Domain.mRID@codingScheme", *SPAN[1:]],
            ["/mRID", "/businessType", "/currency_Unit.name", "/price_Measure_Unit.name", "/curveType"],
            ["/Point/imbalance_Price.amount", "/Point/imbalance_Price.category"],
        ),
    ),
    "imbalance volumes": (
        balancing("A86", "202610012200", "202610022200"),
        f"{IEC}-6:balancingdocument:3:0",
        shape(
            "Balancing_MarketDocument",
            OF_PROCESS,
            [SPAN[0], "/docStatus", "/docStatus/value", "/controlArea_Domain.mRID@codingScheme", *SPAN[1:]],
            [
                "/mRID",
                "/businessType",
                "/flowDirection.direction",
                "/quantity_Measure_Unit.name",
                "/curveType",
            ],
            QUANTITY,
        ),
    ),
}


@pytest.mark.parametrize("what", SHAPES)
def test_a_document_has_the_recorded_elements_in_the_recorded_order(client: httpx.Client, what: str) -> None:
    parameters, namespace, lines = SHAPES[what]

    root = document(client.get("/api", params=parameters).content)

    assert root.tag.partition("}")[0] == f"{{{namespace}"
    assert outline(root) == lines


@pytest.mark.parametrize(
    ("what", "file"),
    [
        ("prices with one auction", "a44_NL_2024_PT60M_A03.xml"),
        ("prices with one auction", "a44_hass_BE_60M.xml"),
        ("prices with one auction", "a44_hass_BE_15M_avg.xml"),
        ("prices with one auction", "a44_hass_BE_15M_exact4.xml"),
        ("prices with one auction", "a44_hass_BE_60M_15M_mix.xml"),
        ("prices with two auctions", "a44_AT_2024-07-28_seq1_PT60M_A03.xml"),
        ("prices with two auctions", "a44_hass_DE_60M_15M_overlap.xml"),
        ("load", "a65_A16_NL_2024-09-02_load_PT15M_A03.xml"),
        ("load", "a65_A16_CZ_2023-03_load_PT60M_A03.xml"),
        ("load forecast", "a65_A01_NL_2024-09-02_load_forecast_PT15M_A03.xml"),
        ("weekly load forecast", "a65_A33_NL_year_ahead_P7D_min_max.xml"),
        ("generation of one type", "a75_A16_one_psr_PT15M_A03.xml"),
        ("wind and sun", "a69_NL_wind_solar_forecast_PT15M_A03.xml"),
        ("imbalance prices", "a85_imbalance_prices_AT_response.zip"),
        ("imbalance volumes", "a86_imbalance_volumes_response.zip"),
    ],
)
def test_the_outlines_are_those_of_recorded_replies(what: str, file: str) -> None:
    root = document((RECORDED / file).read_bytes())

    assert root.tag.partition("}")[0] == f"{{{SHAPES[what][1]}"
    assert outline(root) == SHAPES[what][2]


def test_generation_of_all_types_with_pumping_is_as_recorded(client: httpx.Client) -> None:
    recorded = document((RECORDED / "a75_A16_FR_2024-06-15_generation_PT60M_A03.xml").read_bytes())

    served = document(client.get("/api", params=generation(FR, "202610012200", "202610022200")).content)

    assert outline(served) == outline(recorded)
    assert [item.text for item in served.iter() if name(item) == "psrType"][-2:] == ["B19", "B10"]
    assert [item.text for item in recorded.iter() if name(item) == "psrType"][-2:] == ["B19", "B10"]


@pytest.mark.parametrize("file", sorted(path.name for path in RECORDED.glob("ack_*.xml")))
def test_an_acknowledgement_is_as_recorded(client: httpx.Client, file: str) -> None:
    recorded = document((RECORDED / file).read_bytes())

    served = document(client.get("/api", params=load(NL, "202701012200", "202701022200")).content)

    assert served.tag == recorded.tag
    assert outline(served) == outline(recorded)


def test_recorded_replies_are_served_to_their_questions(publisher: Publisher, clock: Clock) -> None:
    questions = {
        "a65_A16_NL_2024-09-02_load_PT15M_A03.xml": load(NL, "202409012200", "202409022200"),
        "a44_NL_2024_PT60M_A03.xml": prices(NL, "202409012200", "202409022200"),
        "a85_imbalance_prices_AT_response.zip": balancing("A85", "202401010000", "202401050000"),
    }
    with StandIn(publisher, clock, recorded=Recorded.read(RECORDED.parent)) as stand_in:
        gold = f"{stand_in.url}/v8/finance/chart/GC=F?period1=1577836800&period2=1578009600"
        assert (
            httpx.get(gold, trust_env=False, timeout=ENDS_S).content == (RECORDED.parent / GOLD).read_bytes()
        )
        served = {
            file: httpx.get(f"{stand_in.url}/api", params=question, trust_env=False, timeout=ENDS_S).content
            for file, question in questions.items()
        }

    assert served == {file: (RECORDED / file).read_bytes() for file in questions}


@pytest.mark.parametrize(
    ("parameters", "keys"),
    [
        (prices(NL, "202603272300", "202603302200"), {"": "NL/day_ahead_price/1"}),
        (load(DE_LU, "202610232200", "202610262300"), {"": "DE/load"}),
        (
            generation(FR, "202610232200", "202610262300", psrType="B10"),
            {
                "inBiddingZone_Domain.mRID": "FR/generation/B10",
                "outBiddingZone_Domain.mRID": "FR/pumping/B10",
            },
        ),
        (
            balancing("A86", "202610232200", "202610262300"),
            {"A01": "AT/imbalance_volume/A01", "A02": "AT/imbalance_volume/A02"},
        ),
    ],
)
def test_the_values_are_those_of_the_oracle(
    client: httpx.Client, publisher: Publisher, clock: Clock, parameters: Parameters, keys: dict[str, str]
) -> None:
    root = document(client.get("/api", params=parameters).content)

    served = {
        (next(key for mark, key in keys.items() if not mark or mark in {*facts, *facts.values()}), at): (
            minutes,
            Decimal(value),
        )
        for at, minutes, value, facts in points(root)
    }
    start, until = (
        datetime.strptime(parameters[edge], "%Y%m%d%H%M").replace(tzinfo=UTC)
        for edge in ("periodStart", "periodEnd")
    )
    known = {
        (key, point.at): (point.minutes, point.value)
        for key in keys.values()
        for point in publisher.points(key, start, until, clock())
    }
    assert served == known
    assert len(known) >= 70


def test_repeated_values_are_left_out(client: httpx.Client) -> None:
    root = document(
        client.get("/api", params=generation(NL, "202610012200", "202610022200", psrType="B16")).content
    )

    positions = [int(item.text or "") for item in root.iter() if name(item) == "position"]
    assert positions[0] == 1
    assert len(positions) < 96
    assert len([*points(root)]) == 96


def test_prices_come_for_whole_local_days(client: httpx.Client) -> None:
    root = document(client.get("/api", params=prices(NL, "202610020900", "202610022230")).content)

    at = [point[0] for point in points(root)]
    assert (at[0], at[-1]) == (
        datetime(2026, 10, 1, 22, tzinfo=UTC),
        datetime(2026, 10, 3, 21, 45, tzinfo=UTC),
    )


def test_load_comes_for_what_was_asked(client: httpx.Client) -> None:
    root = document(client.get("/api", params=load(NL, "202610020900", "202610021000")).content)

    assert len([*points(root)]) == 4


def test_one_auction_may_be_asked_for(client: httpx.Client) -> None:
    position = "classificationSequence_AttributeInstanceComponent.position"
    root = document(
        client.get("/api", params=prices(DE_LU, "202610012200", "202610022200", **{position: "2"})).content
    )

    assert {point[3][position] for point in points(root)} == {"2"}


def test_what_is_not_published_yet_is_no_data(client: httpx.Client, clock: Clock) -> None:
    clock.set(datetime(2026, 10, 1, 9, tzinfo=UTC))

    reply = client.get("/api", params=prices(NL, "202610012200", "202610022200"))

    assert reply.status_code == 200
    assert outline(document(reply.content)) == [
        "/Acknowledgement_MarketDocument",
        *(
            f"/Acknowledgement_MarketDocument{line}"
            for line in [
                "/mRID",
                "/createdDateTime",
                *PARTIES,
                "/received_MarketDocument.createdDateTime",
                "/Reason",
                "/Reason/code",
                "/Reason/text",
            ]
        ),
    ]
    assert (
        "<code>999</code>\n<text>No matching data found for Data item ENERGY_PRICES [12.1.D] "
        "(10YNL----------L, 10YNL----------L) and interval 2026-10-01T22:00:00Z/2026-10-02T22:00:00Z.</text>"
    ) in reply.text


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            load(NL, "202604302200", "202605312200"),
            "Provided time interval (2026-04-30T22:00:00Z - 2026-05-31T22:00:00Z) is larger than maximum "
            "allowed period 'P1M' for 'ACTUAL_TOTAL_LOAD_R3:XML' export.",
        ),
        (
            generation(NL, "202601010000", "202602010001"),
            "period 'P1M' for 'AGGREGATED_GENERATION_PER_TYPE_R3:XML'",
        ),
        (
            balancing("A86", "202601010000", "202602010100"),
            "'P1M' for 'TOTAL_IMBALANCE_VOLUMES_R3:XML' export.",
        ),
        (prices(NL, "202501010000", "202601020000"), "larger than maximum allowed period 'P1Y'"),
        (
            prices(DE_LU, "202601010000", "202603010000"),
            "The number of instances (120) exceeds the allowed maximum (100) for data item ENERGY_PRICES.",
        ),
        (
            load(NL, "202602010000", "202601010000"),
            "Delivered time interval is not valid for this Data item.",
        ),
        (load(NL, "yesterday", "202601010000"), "Delivered time interval is not valid for this Data item."),
        (load("XX", "202601010000", "202601020000"), "'XX'"),
        (
            {**load(NL, "202601010000", "202601020000"), "documentType": "A99"},
            "The combination of [DocumentType=A99,ProcessType=A16] is not valid, or the requested data is "
            "not allowed to be fetched via this service.",
        ),
    ],
)
def test_a_refusal_is_an_acknowledgement_with_400(
    client: httpx.Client, parameters: Parameters, words: str
) -> None:
    reply = client.get("/api", params=parameters)

    assert reply.status_code == 400
    assert reply.headers["Content-Type"] == "text/xml"
    assert words in reply.text


def test_a_month_is_given_and_so_are_a_hundred_documents(client: httpx.Client) -> None:
    month = client.get("/api", params=load(NL, "202605010000", "202606010000"))
    documents = client.get("/api", params=prices(DE_LU, "202601312300", "202603222300"))

    assert month.status_code == documents.status_code == 200
    assert documents.text.count("<TimeSeries>") == 100


def test_before_september_2026_it_was_a_year(publisher: Publisher, clock: Clock) -> None:
    with StandIn(publisher, clock, spans=Spans.BEFORE) as before:
        client = httpx.Client(
            base_url=before.url, headers={"SECURITY_TOKEN": TOKEN}, trust_env=False, timeout=ENDS_S
        )
        with client:
            assert client.get("/api", params=load(NL, "202511010000", "202611010000")).status_code == 200
            refused = client.get("/api", params=generation(NL, "202601010000", "202604020000"))

    assert "'P3M'" in refused.text


def test_more_than_a_hundred_documents_come_in_parts(client: httpx.Client) -> None:
    question = prices(DE_LU, "202512312300", "202603012300")

    parts = [client.get("/api", params={**question, "offset": offset}) for offset in ("0", "100", "200")]

    assert [part.text.count("<TimeSeries>") for part in parts] == [100, 20, 0]
    assert "No matching data found" in parts[2].text


def test_the_token_may_be_a_parameter_and_must_be_right(stand_in: StandIn) -> None:
    question = load(NL, "202610012200", "202610022200")

    replies = [
        httpx.get(f"{stand_in.url}/api", params={**question, **token}, trust_env=False, timeout=ENDS_S)
        for token in ({"securityToken": TOKEN}, {"securityToken": "wrong"}, {})
    ]

    assert [reply.status_code for reply in replies] == [200, 401, 401]
    assert "Unauthorized. Missing or invalid security token" in replies[1].text
    assert TOKEN not in str(stand_in.ledger.requests())


def test_imbalances_come_as_zips(client: httpx.Client) -> None:
    reply = client.get("/api", params=balancing("A85", "202610010000", "202610050000"))

    assert reply.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.namelist() == ["001-IMBALANCE_PRICES_R3_202610010000-202610050000.xml"]
