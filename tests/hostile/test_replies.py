"""What other systems answer: something that was understood, or the error that says so."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

import httpx
import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devstack.signing import SigningKey
from plantpulse.cli.checks.keys import judge_key
from plantpulse.database.answers import Answer
from plantpulse.database.http import Reply
from plantpulse.database.transport import document_of
from plantpulse.entry.user_tokens import User, read_user
from plantpulse.errors import (
    ConfigurationError,
    PublisherBusy,
    PublisherRefused,
    PublisherUnavailable,
    StoreRefused,
    StoreUnavailable,
    Unauthenticated,
    UnreadableReply,
)
from plantpulse.plant.known_models import KnownModels
from plantpulse.retry_after import LONGEST_WAIT_S, retry_after_s
from plantpulse.runs import RunReport
from plantpulse.series.sources.commodities import Commodity
from plantpulse.series.sources.eia import Eia
from plantpulse.series.sources.entsoe.documents import ASKED
from plantpulse.series.sources.entsoe.replies import read
from plantpulse.series.sources.fred import Fred
from plantpulse.series.sources.http import Http
from plantpulse.series.sources.yahoo import Yahoo
from plantpulse.settings import Secret
from plantpulse.settings.areas import AREAS
from tests.hostile.values import REPEATABLE, as_json, check_told, damaged, documents, objects, texts
from tests.series.sources.asking import KEY, REPLIES, answering, prices, utc

NOW: Final = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)

# --- how long to wait

DATES: Final = st.datetimes(timezones=st.timezones()).map(format_datetime) | damaged(
    st.sampled_from([b"Mon, 30 Nov 2026 06:00:00 GMT", b"Monday, 30-Nov-26 06:00:00 GMT"])
).map(lambda one: one.decode("latin-1"))
WAITS: Final = texts | DATES | st.integers().map(str) | st.floats().map(str)


@REPEATABLE
@given(told=WAITS, date=WAITS)
def test_any_retry_after_is_a_time_to_wait_or_none(told: str, date: str) -> None:
    found = retry_after_s({"Retry-After": told, "Date": date}, NOW)

    assert found is None or 0 <= found <= LONGEST_WAIT_S


# --- Supabase

ANSWERS: Final = (
    documents.map(as_json)
    | objects("code", "message", "answer", "run", "report", "rows").map(as_json)
    | st.binary(max_size=50)
    | st.sampled_from([b"[" * 60_000, b'{"a":' * 300 + b"1" + b"}" * 300, b"9" * 5_000])
)


@REPEATABLE
@given(
    body=ANSWERS,
    status=st.sampled_from([200, 200, 201, 204, 301, 400, 401, 404, 409, 429, 500, 503, 540, 999]),
    reason=texts,
)
@example(body=b'{"a":' * 300 + b"1" + b"}" * 300, status=200, reason="")
def test_any_answer_of_supabase_is_a_document_or_its_error(body: bytes, status: int, reason: str) -> None:
    try:
        found = document_of("claim_run", Reply(status, reason, body))
        if isinstance(found, dict):
            Answer.of("claim_run", found).check()
    except (StoreRefused, StoreUnavailable) as error:
        check_told(error)


REPORT: Final = {"pipeline": "live_pulse", "trigger": "manual", "outcome": "succeeded", "plant": "north"}


@REPEATABLE
@given(stored=documents | objects(*RunReport.__slots__).map(lambda one: REPORT | one))
def test_any_stored_report_is_a_report_or_refused(stored: Any) -> None:
    try:
        report = RunReport.from_json(json.loads(as_json(stored)))
    except StoreRefused as error:
        check_told(error)
    else:
        json.dumps(report.as_json())


ASSETS: Final = objects(
    "asset_id",
    "source_name",
    "ideal_units_per_hour",
    "is_active",
    "is_mapped",
    "product_rates",
    values=st.lists(documents, min_size=1, max_size=1) | documents,
)
PATTERNS: Final = objects(
    "asset_ids",
    "target_outputs",
    "shift_name",
    "starts_at",
    "ends_at",
    "days_of_week",
    "valid_from",
    "valid_until",
    "breaks",
    "date",
    "name",
    "asset_id",
    "is_closed",
    values=st.lists(documents, max_size=2) | documents,
)
PARTS: Final = st.fixed_dictionaries(
    {
        "assets": ASSETS | documents,
        "shift_patterns": st.lists(PATTERNS, max_size=2) | documents,
        "closed_days": st.lists(PATTERNS, max_size=2) | documents,
    }
)
NO_ASSETS: Final[dict[str, Any]] = {
    "asset_id": [],
    "source_name": [],
    "ideal_units_per_hour": [],
    "is_active": [],
    "is_mapped": [],
    "product_rates": {},
}
SHIFT: Final = {
    "asset_ids": [1],
    "target_outputs": [1],
    "shift_name": "a",
    "starts_at": "06:00",
    "ends_at": "14:00",
    "days_of_week": [1],
    "valid_from": "2026-01-01",
    "breaks": [],
}


@REPEATABLE
@given(
    parts=PARTS
    | documents
    | st.builds(
        lambda shift: {"assets": NO_ASSETS, "shift_patterns": [SHIFT | shift], "closed_days": []}, PATTERNS
    )
)
@example(parts={"assets": NO_ASSETS, "shift_patterns": [SHIFT | {"asset_ids": [1, 2]}], "closed_days": []})
@example(parts={"assets": NO_ASSETS, "shift_patterns": [SHIFT | {"asset_ids": [[]]}], "closed_days": []})
@example(parts={"assets": NO_ASSETS, "shift_patterns": [{"shift_name": "a\u2028b\x1b"}], "closed_days": []})
@example(parts="x")
def test_any_plant_model_is_one_or_refused(parts: Any) -> None:
    try:
        KnownModels().read("north", json.loads(as_json({"version": "1", "parts": parts})))
    except (ConfigurationError, StoreRefused) as error:
        check_told(error)


# --- publishers

WTI: Final = Commodity(
    "WTI", "USD/bbl", {"fred": "DCOILWTICO", "eia": "petroleum/pri/spt:RWTC", "yahoo": "CL=F"}
)
SOURCES: Final[dict[str, Callable[[Http], Any]]] = {
    "eia": lambda http: Eia(http, Secret(KEY), (WTI,)),
    "fred": lambda http: Fred(http, Secret(KEY), (WTI,)),
    "yahoo": lambda http: Yahoo(http, (WTI,), price="close"),
}
RECORDED: Final = {
    "eia": (REPLIES / "eia" / "v2.1.14_natural-gas_pri_fut_RNGWHHD_daily_2026-08.json").read_bytes(),
    "fred": (REPLIES / "fred" / "observations_GDP_2024-10-30.json").read_bytes(),
    "yahoo": (REPLIES / "yahoo" / "chart-GC_F-2020-01-01-to-2020-01-03.json").read_bytes(),
}
NAMES: Final = {
    "eia": ("response", "total", "data", "period", "value", "units", "series", "error", "warnings"),
    "fred": (
        "count",
        "observations",
        "date",
        "value",
        "realtime_start",
        "realtime_end",
        "error_message",
        "vintage_dates",
    ),
    "yahoo": (
        "chart",
        "result",
        "error",
        "meta",
        "symbol",
        "timestamp",
        "indicators",
        "quote",
        "close",
        "description",
    ),
}


def bodies(publisher: str) -> st.SearchStrategy[bytes]:
    names = NAMES[publisher]
    inner = objects(*names, values=documents | st.lists(objects(*names), max_size=2))
    return (
        damaged(st.just(RECORDED[publisher]))
        | objects(*names, values=inner | st.lists(inner, max_size=3)).map(as_json)
        | st.sampled_from([b"[" * 60_000, b"", b"\xff\xfe", b"9" * 5_000])
    )


@pytest.mark.parametrize("publisher", SOURCES)
@REPEATABLE
@given(data=st.data(), status=st.sampled_from([200, 200, 200, 400, 403, 404, 500]))
def test_any_reply_of_a_publisher_is_values_or_its_error(
    publisher: str, data: st.DataObject, status: int
) -> None:
    replies = iter(data.draw(st.lists(bodies(publisher), min_size=1, max_size=3)))
    ask = prices(publisher, "WTI", utc(2026, 8, 1, 4), utc(2026, 9, 1, 4))

    with answering(lambda _: httpx.Response(status, content=next(replies, b"{}")), name=publisher) as http:
        try:
            for reply in SOURCES[publisher](http).collect(ask):
                assert reply.size >= 0
        except (UnreadableReply, PublisherRefused, PublisherUnavailable, PublisherBusy) as error:
            check_told(error)
            quoted = KEY in str(error)
            assert not quoted


ENTSOE: Final = [
    (REPLIES / "entsoe" / name).read_bytes()
    for name in (
        "a44_hass_BE_15M_exact4.xml",
        "a65_A16_NL_2024-09-02_load_PT15M_A03.xml",
        "ack_no_data_HTTP200_NL.xml",
        "a86_imbalance_volumes_response.zip",
    )
]


@REPEATABLE
@given(
    content=damaged(st.sampled_from(ENTSOE)) | st.binary(max_size=80),
    kind=st.sampled_from(list(ASKED)),
)
def test_any_reply_of_entsoe_is_values_or_unreadable(content: bytes, kind: str) -> None:
    try:
        read(content, ASKED[kind], AREAS["NL"])
    except UnreadableReply as error:
        check_told(error)


# --- tokens and keys

SIGNING: Final = SigningKey.make()
CLAIMS: Final = objects(
    "iss", "aud", "role", "sub", "email", "exp", "iat", "nbf", values=documents | st.just("authenticated")
)
HEADS: Final = objects("kid", "typ", "crit", "b64", "x5u", "jku", values=documents | st.just(SIGNING.key_id))


def signed(claims: Any, head: Any) -> str:
    return jwt.api_jws.encode(
        as_json(claims), SIGNING.private_key, "ES256", headers={**head, "kid": SIGNING.key_id}
    )


@REPEATABLE
@given(data=st.data())
def test_any_token_is_a_user_or_refused(data: st.DataObject) -> None:
    # Anything else than ASCII is no token, as `callers` says.
    ascii_texts = texts.filter(str.isascii)
    token = data.draw(ascii_texts | st.lists(ascii_texts, min_size=3, max_size=3).map(".".join))
    if data.draw(st.booleans()):
        try:
            token = signed(
                data.draw(CLAIMS | documents), data.draw(objects("typ", "b64", values=st.booleans()))
            )
        except (jwt.PyJWTError, TypeError, ValueError):
            return

    def find(key_id: str) -> Any:
        return {SIGNING.key_id: SIGNING.public_jwk()}.get(key_id)

    try:
        user = read_user(token, find_key=find, project_url="https://x.supabase.co", legacy_secret="s" * 40)
    except Unauthenticated as error:
        check_told(error)
    else:
        assert isinstance(user, User)


@REPEATABLE
@given(claims=objects("role", "exp", "iss", values=documents | st.just("service_role")), key=texts)
@example(claims={"role": "service_role", "exp": -1e99}, key="")
@example(claims={"role": "\x1b[2J" * 99, "exp": 0}, key="")
@example(claims={"role": "service_role", "exp": float("nan")}, key="")
def test_any_key_of_the_project_is_judged(claims: Any, key: str) -> None:
    payload = base64.urlsafe_b64encode(as_json(claims)).decode().rstrip("=")

    for one in (key, f"a.{payload}.c", f"a.{key}.c"):
        found = judge_key(one, NOW)
        assert found.message.isprintable()
        assert len(found.message) < 300
