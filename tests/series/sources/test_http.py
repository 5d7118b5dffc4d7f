"""Requests to a publisher that stalls, drips, lies, redirects, bans, and repeats the key."""

import gzip
import json
import logging
import socket
import ssl
import traceback
import tracemalloc
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx
import pytest
import trustme

from plantpulse.connections import trust
from plantpulse.errors import (
    ConfigurationError,
    OutOfTime,
    PlantpulseError,
    PublisherBusy,
    PublisherRefused,
    PublisherUnavailable,
    UnreadableReply,
)
from plantpulse.settings import Secret
from tests.certificates import ADDRESS, certified
from tests.patience import ENDS_S
from tests.series.sources.asking import KEY, NOW, Waits, answering, opened
from tests.series.sources.publisher import Answer, Publisher, answer, dripping, publishing, say_nothing

MANY = 1_000_000
UNAVAILABLE = answer(b"<html><h1>Sorry</h1></html>", "503 Service Unavailable", {"Content-Type": "text/html"})


@pytest.fixture
def waits() -> Waits:
    return Waits()


def asked(publisher: Publisher, waits: Waits, most_bytes: int = MANY) -> bytes:
    with opened(publisher.url, waits) as http:
        return http.get("/v2/data/", {"api_key": Secret(KEY)}, most_bytes=most_bytes).content


def test_an_answer_comes_with_what_is_known_about_it(waits: Waits) -> None:
    with publishing(answer(b'{"a": 1}')) as publisher, opened(publisher.url + "/api/", waits) as http:
        reply = http.get("v2/data/", {"data[0]": "value"}, {"X-Token": Secret("abc")}, most_bytes=MANY)

    assert (reply.status, reply.content, reply.content_type) == (200, b'{"a": 1}', "application/json")
    assert (reply.received_at, reply.tries, waits) == (NOW, 1, [])
    assert publisher.targets() == ["/api/v2/data/?data%5B0%5D=value"]
    assert "x-token: abc" in publisher.requests[0].lower()
    assert "user-agent: plantpulse/" in publisher.requests[0].lower()


def test_without_a_path_the_base_itself_is_asked(waits: Waits) -> None:
    with publishing(answer()) as publisher, opened(publisher.url + "/api", waits) as http:
        http.get(params={"documentType": "A44"}, most_bytes=MANY)

    assert publisher.targets() == ["/api?documentType=A44"]


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found"])
def test_a_refusal_is_for_the_api_to_explain(status: str, waits: Waits) -> None:
    with publishing(answer(b"why", status)) as publisher, opened(publisher.url, waits) as http:
        reply = http.get("/", most_bytes=MANY)

    assert (reply.status, reply.content, waits) == (int(status[:3]), b"why", [])
    assert len(publisher.requests) == 1


@pytest.mark.parametrize("status", ["408 Request Timeout", "425 Too Early", "500 Oops", "503 No", "599 Odd"])
def test_a_fault_of_the_server_is_tried_three_times_from_two_seconds(status: str, waits: Waits) -> None:
    with publishing(answer(b"", status)) as publisher, pytest.raises(PublisherUnavailable, match=status[:3]):
        asked(publisher, waits)

    assert (len(publisher.requests), waits) == (3, [2.0, 4.0])


def test_a_second_try_that_succeeds_is_an_answer(waits: Waits) -> None:
    with publishing(UNAVAILABLE, answer(b"at last")) as publisher, opened(publisher.url, waits) as http:
        reply = http.get("/", most_bytes=MANY)

    assert (reply.content, reply.tries, waits) == (b"at last", 2, [2.0])


@pytest.mark.parametrize(
    ("retry_after", "wait_s"), [("30", 30.0), ("1", 2.0), ("Mon, 30 Nov 2026 06:01:00 GMT", 60.0)]
)
def test_a_server_that_says_when_is_asked_then(retry_after: str, wait_s: float, waits: Waits) -> None:
    unavailable = answer(b"", "503 Service Unavailable", {"Retry-After": retry_after})

    with publishing(unavailable, answer(b"now")) as publisher:
        assert asked(publisher, waits) == b"now"
    assert waits == [wait_s]


def test_a_server_that_says_when_is_not_asked_if_the_run_is_over_by_then() -> None:
    waits = Waits(left_s=60.0)
    unavailable = answer(b"", "503 Service Unavailable", {"Retry-After": "61"})

    with publishing(unavailable) as publisher, pytest.raises(PublisherUnavailable) as late:
        asked(publisher, waits)
    assert (len(publisher.requests), waits, late.value.retry_after_s) == (1, [], 61.0)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"Retry-After": "600"}, 600.0),
        ({"Retry-After": "Mon, 30 Nov 2026 06:10:00 GMT"}, 600.0),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_a_ban_ends_it_at_once(headers: dict[str, str], wait_s: float | None, waits: Waits) -> None:
    banned = answer(b"Too Many Requests\r\n", "429 Too Many Requests", headers)

    with publishing(banned) as publisher, pytest.raises(PublisherBusy) as busy:
        asked(publisher, waits)
    assert (busy.value.retry_after_s, len(publisher.requests), waits) == (wait_s, 1, [])


def test_nobody_at_the_address_is_tried_three_times(waits: Waits) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with (
            opened(f"http://127.0.0.1:{taken.getsockname()[1]}", waits) as http,
            pytest.raises(PublisherUnavailable, match=r"EIA at 127.0.0.1 did not answer: ConnectError"),
        ):
            http.get("/", most_bytes=MANY)
    assert waits == [2.0, 4.0]


OK = b"HTTP/1.1 200 OK\r\n"
ENDLESS: dict[str, Answer] = {
    "silence": say_nothing,
    "a status line that drips": dripping(b"HTTP/1.1 200 ", b"O"),
    "headers that drip": dripping(OK, b"X-Drip: 1\r\n"),
    "a body that drips": dripping(OK + b"Content-Length: 9999999\r\n\r\n", b"1"),
    "chunks that drip": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n"),
    "a body without an end": dripping(OK + b"Connection: close\r\n\r\n", b"1"),
    "a refusal that drips": dripping(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9999999\r\n\r\n", b"1"),
}


@pytest.mark.parametrize("said", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_an_end_ends_with_the_time_that_is_left(said: Answer) -> None:
    waits = Waits(left_s=0.6)

    with (
        publishing(said) as publisher,
        pytest.raises(PublisherUnavailable, match=r"did not answer completely within 0\.6 s"),
    ):
        asked(publisher, waits)
    assert len(publisher.requests) <= 1
    assert waits == []


@pytest.mark.parametrize(
    ("error", "within"), [(httpx.ReadTimeout(""), "60.0 s"), (httpx.ConnectTimeout(""), "10.0 s")]
)
def test_a_time_out_of_httpx_reads_like_one_of_the_whole_call(error: Exception, within: str) -> None:
    def time_out(_: httpx.Request) -> httpx.Response:
        raise error

    with (
        answering(time_out) as http,
        pytest.raises(PublisherUnavailable, match=f"completely within {within}"),
    ):
        http.get("/", most_bytes=MANY)


def test_without_time_nothing_is_asked() -> None:
    with publishing(answer()) as publisher, pytest.raises(OutOfTime, match=r"EIA at 127.0.0.1 was not asked"):
        asked(publisher, Waits(left_s=0.4))
    assert publisher.requests == []


BODY = json.dumps({"values": list(range(200))}).encode()
CUT: dict[str, bytes] = {
    "before a word": b"",
    "in the status line": b"HTTP/1.1 20",
    "in the headers": OK + b"Content-Le",
    "in the body": answer(BODY)[:-1],
    "of a body that is shorter than its length says": answer(BODY, headers={"Content-Length": "99999"}),
    "in a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
    "before the last chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "two lengths": answer(BODY, headers={"content-length": "3"}),
    "a negative length": answer(BODY, headers={"Content-Length": "-3"}),
    "gzip that breaks off": OK
    + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
    + gzip.compress(BODY)[:-1],
}


@pytest.mark.parametrize("said", CUT.values(), ids=CUT)
def test_an_answer_that_breaks_off_is_no_answer(said: bytes, waits: Waits) -> None:
    with publishing(said) as publisher, pytest.raises(PublisherUnavailable):
        asked(publisher, waits)
    assert (len(publisher.requests), waits) == (3, [2.0, 4.0])


SHORT = b'{"values": [1, 2]}'
CODED = {"Content-Encoding": "gzip"}
WHOLE: dict[str, bytes] = {
    "with a length": answer(SHORT),
    "in chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n12\r\n" + SHORT + b"\r\n0\r\n\r\n",
    "in gzip without a length": OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(SHORT),
    "in gzip with a length": answer(gzip.compress(SHORT), headers=CODED),
}


@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
def test_an_answer_that_is_cut_at_any_byte_is_never_half_an_answer(whole: bytes, waits: Waits) -> None:
    begin = whole.index(b"\r\n\r\n")
    with publishing(whole) as publisher:
        assert asked(publisher, waits) == SHORT
        for length in (*range(0, begin, 7), *range(begin, len(whole))):
            publisher.answers = [whole[:length]]
            with pytest.raises(PublisherUnavailable):
                asked(publisher, Waits())


def test_an_answer_that_was_cut_by_the_clock_is_never_taken_for_a_whole_one() -> None:
    """Its body ends where the connection ends, as an answer of HTTP/1.0 does."""
    said = dripping(OK + b"Connection: close\r\n\r\n" + BODY, b"")

    with publishing(said) as publisher, pytest.raises(PublisherUnavailable, match="completely"):
        asked(publisher, Waits(left_s=0.6))


def gzipped(*members: bytes) -> bytes:
    content = b"".join(gzip.compress(member) for member in members)
    return answer(content, headers={"Content-Encoding": "gzip"})


def test_a_compressed_answer_is_inflated(waits: Waits) -> None:
    with publishing(gzipped(BODY, b" and more")) as publisher:
        assert asked(publisher, waits) == BODY + b" and more"
    assert "accept-encoding: gzip\r\n" in publisher.requests[0].lower()


def test_an_empty_compressed_answer_is_empty(waits: Waits) -> None:
    with publishing(answer(b"", headers={"Content-Encoding": "gzip"})) as publisher:
        assert asked(publisher, waits) == b""


@pytest.mark.parametrize("size", [65_536, 65_537, 131_072, 700_000])
def test_no_byte_is_lost_between_two_pieces(size: int, waits: Waits) -> None:
    with publishing(gzipped(b"x" * size)) as publisher:
        assert asked(publisher, waits) == b"x" * size


def test_an_answer_may_have_as_many_bytes_as_it_is_allowed(waits: Waits) -> None:
    for said in (answer(BODY), gzipped(BODY)):
        with publishing(said) as publisher:
            assert asked(publisher, waits, most_bytes=len(BODY)) == BODY


def test_an_answer_with_a_byte_too_many_is_refused(waits: Waits) -> None:
    for said in (answer(BODY), gzipped(BODY), gzipped(BODY[:-1], BODY[-1:])):
        with publishing(said) as publisher, pytest.raises(UnreadableReply, match="more than"):
            asked(publisher, waits, most_bytes=len(BODY) - 1)
        assert len(publisher.requests) == 1
    assert waits == []


def test_a_bomb_is_given_up_before_it_goes_off(waits: Waits) -> None:
    bomb = gzip.compress(b"\0" * 2**26)

    with publishing(answer(bomb, headers={"Content-Encoding": "gzip"})) as publisher:
        tracemalloc.start()
        with pytest.raises(UnreadableReply, match="more than 100,000 bytes"):
            asked(publisher, waits, most_bytes=100_000)
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert most_bytes < 2**24


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "x\x01y"])
def test_an_encoding_that_nobody_asked_for_is_unreadable(coding: str, waits: Waits) -> None:
    said = answer(BODY, headers={"Content-Encoding": coding})

    with publishing(said) as publisher, pytest.raises((UnreadableReply, PublisherUnavailable)):
        asked(publisher, waits)


def test_gzip_that_is_none_is_unreadable(waits: Waits) -> None:
    said = answer(BODY, headers={"Content-Encoding": "gzip"})

    with publishing(said) as publisher, pytest.raises(UnreadableReply, match="not gzip"):
        asked(publisher, waits)


def moved(to: str, status: str = "301 Moved Permanently") -> bytes:
    return answer(b"", status, {"Location": to})


def test_a_redirect_on_the_same_host_is_followed(waits: Waits) -> None:
    with publishing(moved("/v2/data/?api_key=x"), answer(b"here")) as publisher:
        assert asked(publisher, waits) == b"here"
    assert publisher.targets()[1] == "/v2/data/?api_key=x"


@pytest.mark.parametrize("to", ["http://localhost/", "https://127.0.0.1/", "//[::1]/", "http://127.0.0.1:1/"])
def test_a_redirect_to_elsewhere_is_not_followed(to: str, waits: Waits) -> None:
    with publishing(moved(to), answer()) as publisher, pytest.raises(PublisherRefused, match="not followed"):
        asked(publisher, waits)
    assert (len(publisher.requests), waits) == (1, [])


def test_a_redirect_to_a_login_page_names_its_host_and_no_key(waits: Waits) -> None:
    to = f"https://login.example.com/?back={quote_plus(KEY)}"

    with (
        publishing(moved(to, "302 Found")) as publisher,
        pytest.raises(PublisherRefused, match=r"redirects to https://login\.example\.com, which"),
    ):
        asked(publisher, waits)


def test_redirects_in_a_circle_come_to_an_end(waits: Waits) -> None:
    with publishing(moved("/")) as publisher, pytest.raises(PublisherRefused, match="more than 3 times"):
        asked(publisher, waits)
    assert len(publisher.requests) == 4


def test_a_redirect_to_nowhere_is_refused(waits: Waits) -> None:
    with publishing(answer(b"", "304 Not Modified")) as publisher, pytest.raises(PublisherRefused):
        asked(publisher, waits)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """What a server needs for TLS with a certificate that this process trusts, for `127.0.0.1`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    trust.cache_clear()
    yield certified(authority, ADDRESS).context
    trust.cache_clear()


def test_tls_is_spoken_with_whom_it_trusts(tls: ssl.SSLContext, waits: Waits) -> None:
    with publishing(answer(b"sure"), tls=tls) as publisher:
        assert asked(publisher, waits) == b"sure"


def test_no_redirect_leads_out_of_tls(tls: ssl.SSLContext, waits: Waits) -> None:
    with publishing(answer(), tls=tls) as publisher:
        publisher.answers = [moved(f"http://127.0.0.1:{publisher.port}/")]
        with pytest.raises(PublisherRefused, match="redirects to http://127"):
            asked(publisher, waits)
    assert len(publisher.requests) == 1


def test_an_answer_that_drips_through_tls_ends_too(tls: ssl.SSLContext) -> None:
    said = dripping(OK + b"Content-Length: 9999999\r\n\r\n", b"1")

    with publishing(said, tls=tls) as publisher, pytest.raises(PublisherUnavailable, match="completely"):
        asked(publisher, Waits(left_s=1.0))


@pytest.mark.usefixtures("tls")
def test_a_certificate_of_a_stranger_is_refused_at_once(waits: Waits) -> None:
    stranger = certified(trustme.CA(), ADDRESS).context

    with (
        publishing(answer(), tls=stranger) as publisher,
        pytest.raises(PublisherRefused, match="certificate"),
    ):
        asked(publisher, waits)
    assert (publisher.requests, waits) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        "http://api.eia.gov/v2",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "api.eia.gov",
        "",
        "https://",
        "https://user:secretive@api.eia.gov",
        "https://api.eia.gov/?key=secretive",
        "https://api.eia.gov/#secretive",
        "https://api.eia.gov:99999",
        "https://[::1",
        "https://api.eia.gov/\x00",
    ],
)
def test_an_address_without_tls_or_sense_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="the URL of EIA must") as refused:
        opened(url)
    assert "secretive" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.2", "http://[::1]:80/api", "https://a.b"]
)
def test_this_machine_may_be_asked_without_tls(url: str) -> None:
    opened(url).close()


def test_a_proxy_of_the_environment_is_used_for_the_world(
    monkeypatch: pytest.MonkeyPatch, waits: Waits
) -> None:
    with publishing(answer(b"", "403 Forbidden")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            opened("https://api.eia.gov", waits) as http,
            pytest.raises(PublisherUnavailable, match="ProxyError"),
        ):
            http.get("/", {"api_key": Secret(KEY)}, most_bytes=MANY)

    assert [request.splitlines()[0] for request in proxy.requests] == 3 * ["CONNECT api.eia.gov:443 HTTP/1.1"]


def test_a_proxy_never_sees_what_this_machine_asks_itself(
    monkeypatch: pytest.MonkeyPatch, waits: Waits
) -> None:
    with publishing(answer(b"from the proxy")) as proxy, publishing(answer(b"itself")) as publisher:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert asked(publisher, waits) == b"itself"
    assert proxy.requests == []


def test_requests_keep_the_pace(waits: Waits) -> None:
    with publishing(answer()) as publisher, opened(publisher.url, waits, requests_a_minute=120) as http:
        for _ in range(4):
            http.get("/", most_bytes=MANY)

    assert waits == [0.5, 0.5, 0.5]


def test_tries_are_requests_and_keep_the_pace_too(waits: Waits) -> None:
    said = [UNAVAILABLE, answer()]

    with publishing(*said) as publisher, opened(publisher.url, waits, requests_a_minute=20) as http:
        http.get("/", most_bytes=MANY)

    assert waits == [2.0, 1.0]


def test_a_pace_that_does_not_fit_into_the_run_is_not_waited_for() -> None:
    waits = Waits(left_s=2.9)

    with publishing(answer()) as publisher, opened(publisher.url, waits, requests_a_minute=20) as http:
        http.get("/", most_bytes=MANY)
        with pytest.raises(OutOfTime):
            http.get("/", most_bytes=MANY)

    assert (len(publisher.requests), waits) == (1, [])


ODD_KEYS = [
    KEY,
    "abcd1234efgh5678",
    "ключ-€-鍵",
    'a"b\\c/d',
    "per%cent%2F",
    "two  spaces ",
    "new\nline",
    "ABCdef~*()'!",
]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_is_taken_out_in_every_way_in_which_it_may_be_written(key: str) -> None:
    http = opened("https://a.b", secrets=["", key, "another"])
    written = [
        key,
        quote(key),
        quote(key, safe=""),
        quote(key, safe="").lower(),
        quote_plus(key),
        str(httpx.QueryParams({"k": key}))[2:],
        json.dumps(key),
        json.dumps(key, ensure_ascii=False),
        json.dumps(key).replace("/", "\\/"),
        repr(key),
        key.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "another",
    ]

    for text in written:
        shown = http.redacted(f"before {text} after")
        assert key not in shown
        assert quote(key, safe="") not in shown
        assert shown.startswith("before ")
        assert shown.endswith(" after")
        assert "**********" in shown


def test_no_part_of_a_key_stays_where_a_reply_breaks_off() -> None:
    http = opened("https://a.b", secrets=["abcd1234efgh5678"])

    shown = [http.excerpt(b'{"api_key":"abcd1234efgh5678"}'[:length]) for length in range(13, 30)]

    assert not [text for text in shown if "abcd" in text]


def test_nothing_is_taken_out_where_there_is_no_key() -> None:
    assert opened("https://a.b", secrets=[""]).redacted("as it is") == "as it is"


def everything_about(error: BaseException) -> str:
    """The error, its causes, and the local variables of each frame: what an error tracker sends away."""
    told: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        shown = traceback.TracebackException.from_exception(seen, capture_locals=True)
        ours = [frame for frame in shown.stack if frame.filename != __file__]
        told += [*traceback.StackSummary.from_list(ours).format(), repr(seen), repr(vars(seen))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(told)


FAILING: dict[str, Answer] = {
    "429": answer(b"", "429 Too Many Requests"),
    "503": UNAVAILABLE,
    "not HTTP": b"no\r\n\r\n",
    "cut": answer(BODY)[:-1],
    "silence": say_nothing,
    "too large": answer(b"x" * (MANY + 1)),
    "redirect": moved(f"https://a.b/?api_key={quote(KEY, safe='')}"),
    "gzip": answer(BODY, headers={"Content-Encoding": "gzip"}),
    "encoding": answer(BODY, headers={"Content-Encoding": "br"}),
}


@pytest.mark.parametrize("said", FAILING.values(), ids=FAILING)
def test_a_key_is_in_no_error_and_in_no_log(
    said: Answer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    waits = Waits(left_s=1.0 if said is say_nothing else ENDS_S)

    with publishing(said) as publisher, opened(publisher.url, waits) as http:
        with pytest.raises(PlantpulseError) as failed:
            http.get("/v2/", {"api_key": Secret(KEY)}, {"X-Key": Secret("header-key")}, most_bytes=MANY)
        shown = everything_about(failed.value) + repr(http) + caplog.text + capsys.readouterr().out

    assert publisher.requests or said is say_nothing
    for form in (KEY, quote(KEY, safe=""), quote_plus(KEY), "header-key"):
        assert form not in shown
    assert failed.value.__cause__ is None
    assert not [record for record in caplog.records if record.name.startswith("http")]


def test_a_key_is_not_in_the_log_of_a_success(caplog: pytest.LogCaptureFixture, waits: Waits) -> None:
    caplog.set_level(logging.DEBUG)

    with publishing(answer(KEY.encode())) as publisher, opened(publisher.url, waits) as http:
        reply = http.get("/v2/", {"api_key": Secret(KEY)}, most_bytes=MANY)

    assert quote_plus(KEY) in publisher.requests[0]
    assert KEY not in caplog.text + repr(reply)
    assert quote_plus(KEY) not in caplog.text
    assert http.excerpt(reply.content) == "**********"


@pytest.mark.parametrize("key", ["€uro-key", "new\nline-key", "null\x00-key", "no-text-\udcff"])
def test_a_key_that_no_header_can_carry_is_named_and_not_shown(key: str, waits: Waits) -> None:
    with (
        publishing(answer()) as publisher,
        opened(publisher.url, waits, secrets=[key]) as http,
        pytest.raises(ConfigurationError, match="its key or address has letters") as refused,
    ):
        http.get("/", headers={"SECURITY_TOKEN": Secret(key)}, most_bytes=MANY)

    assert key not in everything_about(refused.value)
    assert (publisher.requests, waits) == ([], [])


def test_a_key_that_no_url_can_carry_is_named_and_not_shown(waits: Waits) -> None:
    key = "no-text-\udcff"
    with (
        publishing(answer()) as publisher,
        opened(publisher.url, waits, secrets=[key]) as http,
        pytest.raises(ConfigurationError, match="its key or address has letters") as refused,
    ):
        http.get("/", {"api_key": Secret(key)}, most_bytes=MANY)

    assert "no-text" not in everything_about(refused.value)
    assert (publisher.requests, waits) == ([], [])


def test_a_path_never_leads_to_another_host(waits: Waits) -> None:
    with publishing(answer()) as publisher, opened(publisher.url, waits) as http:
        for path in ("//a.b/x", "https://a.b/x", "@a.b", ":80@a.b/"):
            http.get(path, most_bytes=MANY)

    assert len(publisher.requests) == 4


def test_the_time_of_all_tries_is_told_without_the_waits(waits: Waits) -> None:
    ticks = count()
    with publishing(UNAVAILABLE, answer()) as publisher, opened(publisher.url, waits) as http:
        http.monotonic = lambda: float(next(ticks))
        reply = http.get("/", most_bytes=MANY)

    assert (reply.api_ms, reply.tries) == (2000, 2)


def test_a_stand_in_can_take_the_place_of_the_network(waits: Waits) -> None:
    stand_in = httpx.MockTransport(lambda request: httpx.Response(200, text=f"asked {request.url.path}"))

    with opened("https://api.eia.gov", waits, transport=stand_in) as http:
        assert http.get("/v2", most_bytes=MANY).content == b"asked /v2"
