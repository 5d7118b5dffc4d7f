"""What a refused call to Supabase means, and which headers carry the key."""

import gzip
from dataclasses import replace

import pytest

from plantpulse.database import Supabase, refusal
from plantpulse.database.http import Reply
from plantpulse.database.transport import document_of
from plantpulse.errors import OutOfTime, StatementTimedOut, StoreRefused, StoreUnavailable
from plantpulse.retry import Pacing
from plantpulse.settings import Secret
from tests.answering import KEY, Asked, Told, answering, as_json

AT_ONCE = Pacing(sleep=lambda _: None, jitter=lambda: 0.0)


@pytest.mark.parametrize(
    ("code", "http_status"),
    [
        ("57014", 500),  # statement time-out
        ("23503", 409),  # an asset was deleted meanwhile
        ("25006", 500),  # read-only for a while
        ("55P03", 500),  # lock not available
        ("40001", 500),  # serialisation failure
        ("40P01", 500),  # deadlock
        ("08006", 503),  # connection failure
        ("53300", 503),  # too many connections
        ("PGRST001", 503),  # PostgREST cannot reach the database
        ("PGRST003", 504),  # pool exhausted
        (None, 503),
        (None, 429),
        *[(None, status) for status in (500, 520, 525, 527, 530, 544, 599)],  # Cloudflare's and Supabase's
        ("530", 530),
        ("502", 502),  # a proxy's own page: the client library puts the status there
    ],
)
def test_what_may_succeed_later_is_transient(code: str | None, http_status: int) -> None:
    assert isinstance(refusal("claim_run", code, http_status, "x"), StoreUnavailable)


def test_a_statement_that_took_too_long_is_told_from_the_rest() -> None:
    assert isinstance(refusal("remove_expired", "57014", 500, "x"), StatementTimedOut)
    assert not isinstance(refusal("remove_expired", "57P01", 500, "x"), StatementTimedOut)


@pytest.mark.parametrize(
    ("code", "http_status", "advice"),
    [
        ("42501", 403, "lacks a grant"),
        ("PGRST202", 404, "apply the newest migrations"),
        ("PGRST301", 401, "check SUPABASE_SECRET_KEY"),
        ("22P02", 400, "22P02"),
        ("23514", 400, "23514"),
        ("P0001", 500, "P0001"),  # our own raise: the status says 500, the code says otherwise
        (None, 401, "check SUPABASE_URL"),
        (None, 404, "check SUPABASE_URL"),
        (None, 540, "the project is paused"),
    ],
)
def test_what_somebody_must_mend_is_permanent_and_says_how(
    code: str | None, http_status: int, advice: str
) -> None:
    error = refusal("claim_run", code, http_status, "x")

    assert isinstance(error, StoreRefused)
    assert advice in str(error)


@pytest.mark.parametrize("code", ["22P02", "22003", "22007"])
def test_a_value_that_postgres_quotes_in_its_message_is_left_out(code: str) -> None:
    error = refusal("commit_live_pulse", code, 400, 'invalid input syntax for type integer: "Anna"')

    assert str(error) == f"Supabase refused commit_live_pulse: a value does not fit its column ({code} 400)"


def test_a_message_of_supabase_is_one_line_of_bounded_length() -> None:
    error = refusal("claim_run", "P0001", 400, "gone\n\x1b[2J" + "x" * 5000)

    assert str(error).isprintable()
    assert len(str(error)) < 400


def test_details_that_may_quote_a_row_are_left_out() -> None:
    body = {
        "code": "23514",
        "message": "violates check",
        "details": "Failing row contains (7, Anna)",
        "hint": None,
    }

    with (
        answering(lambda _: as_json(body, 400)) as project,
        Supabase(project, seconds_left=lambda: 60.0) as store,
        pytest.raises(StoreRefused, match="violates check") as raised,
    ):
        store.commit_live_pulse("f", {})

    assert "Anna" not in str(raised.value)


def test_a_code_that_is_none_of_supabases_is_one_line_too() -> None:
    error = refusal("claim_run", "\x1b[2J" * 900, 400, "x")

    assert str(error).isprintable()
    assert len(str(error)) < 100


def test_an_answer_of_hundreds_of_objects_in_one_another_is_no_answer() -> None:
    body = b'{"a":' * 700 + b"1" + b"}" * 700

    with (
        answering(lambda _: Told(body=body)) as project,
        Supabase(project, seconds_left=lambda: 60.0) as store,
        pytest.raises(StoreRefused, match="no JSON that can be read for claim_run"),
    ):
        store.claim_run({})


@pytest.mark.parametrize("length", [0, 1, 20, 21, 30])
def test_an_answer_that_breaks_off_is_asked_for_again(length: int) -> None:
    whole = b'{"answer": "claimed", "run": {"slot": "2026"}}'
    told = [Told(body=whole[:length]), Told(body=whole)]

    with (
        answering(lambda _: told.pop(0)) as project,
        Supabase(project, seconds_left=lambda: 60.0, pacing=AT_ONCE) as store,
    ):
        assert store.claim_run({})["run"]["slot"] == "2026"


def test_an_answer_that_breaks_off_within_a_letter_is_one_that_did_not_come() -> None:
    body = '{"answer": "ä'.encode()[:-1]

    with pytest.raises(StoreUnavailable, match="answer to claim_run breaks off"):
        document_of("claim_run", Reply(200, "OK", body))


BROKEN = [
    Told(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    Told(body=gzip.compress(b'{"answer": "claimed"}')[:-4], headers={"Content-Encoding": "gzip"}),
    Told(body=b"{}", headers={"Content-Encoding": "br"}),
    Told(body=b"{}", headers={"Content-Length": "two"}),
    Told(body=b"{}", headers={"X-Long": "x" * 70_000}),
    Told(body=b"{}", headers={f"X-{number}": "x" for number in range(200)}),
    Told(body=None),
]


@pytest.mark.parametrize("told", BROKEN)
def test_a_reply_that_cannot_be_read_is_worth_another_try(told: Told) -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Told:
        seen.append(asked)
        return told

    with (
        answering(answer) as project,
        Supabase(project, seconds_left=lambda: 60.0, pacing=AT_ONCE) as store,
        pytest.raises(StoreUnavailable, match=r"Supabase at 127\.0\.0\.1 did not answer claim_run"),
    ):
        store.claim_run({})

    assert len(seen) == 3


def test_a_packed_reply_is_unpacked() -> None:
    body = gzip.compress(b'{"answer": "' + b"claimed" * 500_000 + b'"}')

    with (
        answering(lambda _: Told(body=body, headers={"Content-Encoding": "gzip"})) as project,
        Supabase(project, seconds_left=lambda: 60.0) as store,
    ):
        assert store.claim_run({}) == {"answer": "claimed" * 500_000}


def test_a_reply_that_unpacks_to_more_than_memory_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plantpulse.database.http.LONGEST_REPLY", 1_000_000)
    body = gzip.compress(b" " * 50_000_000)

    with (
        answering(lambda _: Told(body=body, headers={"Content-Encoding": "gzip"})) as project,
        Supabase(project, seconds_left=lambda: 60.0, pacing=AT_ONCE) as store,
        pytest.raises(StoreUnavailable, match="did not answer claim_run: with less than"),
    ):
        store.claim_run({})


def test_a_redirection_is_not_followed() -> None:
    with (
        answering(lambda _: Told(307, headers={"Location": "http://169.254.169.254/"})) as project,
        Supabase(project, seconds_left=lambda: 60.0) as store,
        pytest.raises(StoreRefused, match="307"),
    ):
        store.claim_run({})


def test_a_call_that_no_time_is_left_for_is_not_begun() -> None:
    seen: list[str] = []

    def answer(asked: Asked) -> Told:
        seen.append(asked.path)
        return as_json({"answer": "failed"})

    with answering(answer) as project, Supabase(project, seconds_left=lambda: 2.4) as store:
        with pytest.raises(OutOfTime, match="commit_live_pulse was not sent"):
            store.commit_live_pulse("f", {})
        store.fail_run("f", {})

    assert seen == ["/rest/v1/rpc/fail_run"]


def test_calls_within_a_second_clock_end_with_it() -> None:
    seen: list[str] = []

    def answer(asked: Asked) -> Told:
        seen.append(asked.path)
        return as_json({"marked": 0})

    with answering(answer) as project, Supabase(project, seconds_left=lambda: 60.0) as store:
        with store.within(lambda: 0.0), pytest.raises(OutOfTime, match="claim_notifications was not sent"):
            store.claim_notifications({"name": "office"}, 1)
        with store.within(lambda: 90.0):
            store.mark_notifications("lease", "office", [1], {})
        store.fail_run("f", {})

    assert seen == ["/rest/v1/rpc/mark_notifications", "/rest/v1/rpc/fail_run"]


@pytest.mark.parametrize(
    ("key", "authorization"),
    [(KEY, None), ("eyJhbGciOi." + "x" * 30, "Bearer eyJhbGciOi." + "x" * 30)],
)
def test_a_new_key_goes_into_the_apikey_header_alone(key: str, authorization: str | None) -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Told:
        seen.append(asked)
        return as_json({"answer": "claimed"})

    with (
        answering(answer) as project,
        Supabase(replace(project, secret_key=Secret(key)), seconds_left=lambda: 60.0) as store,
    ):
        assert store.claim_run({"plant": "Süd"}) == {"answer": "claimed"}

    assert seen[0].headers["apikey"] == key
    assert seen[0].headers.get("authorization") == authorization
    assert seen[0].headers["user-agent"].startswith("plantpulse/")
    assert seen[0].headers["content-type"] == "application/json"
    assert (seen[0].method, seen[0].path) == ("POST", "/rest/v1/rpc/claim_run")
    assert seen[0].body.decode() == '{"p_claim":{"plant":"Süd"}}'


def test_a_lost_reply_is_asked_for_again() -> None:
    replies = [Told(body=None), Told(body=None), as_json({"answer": "committed"})]

    with (
        answering(lambda _: replies.pop(0)) as project,
        Supabase(project, seconds_left=lambda: 60.0, pacing=AT_ONCE) as store,
    ):
        assert store.commit_live_pulse("f", {}) == {"answer": "committed"}

    assert replies == []


def test_who_claims_groups_of_tags_hears_when_each_attempt_begins() -> None:
    replies = [Told(body=None), as_json({"groups": []})]
    left_at_begin: list[int] = []

    with (
        answering(lambda _: replies.pop(0)) as project,
        Supabase(project, seconds_left=lambda: 60.0, pacing=AT_ONCE) as store,
    ):
        store.claim_tag_groups({}, lambda: left_at_begin.append(len(replies)))

    assert left_at_begin == [2, 1]


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew() -> None:
    ports: list[str] = []

    def answer(asked: Asked) -> Told:
        ports.append(asked.path)
        return Told(body=b'{"answer": "claimed"}', headers={"Connection": "close"})

    with (
        answering(answer) as project,
        Supabase(project, seconds_left=lambda: 60.0, pacing=Pacing(sleep=_not_again)) as store,
    ):
        store.claim_run({})
        store.claim_run({})

    assert len(ports) == 2


def _not_again(_: float) -> None:
    pytest.fail("a call was tried again")


def test_an_answer_that_is_no_object_is_refused() -> None:
    with (
        answering(lambda _: as_json([1])) as project,
        Supabase(project, seconds_left=lambda: 60.0) as store,
        pytest.raises(StoreRefused, match="check SUPABASE_URL"),
    ):
        store.claim_run({})


def test_the_key_appears_in_no_error() -> None:
    with (
        answering(lambda _: as_json({"message": "Invalid API key"}, 401)) as project,
        Supabase(project, seconds_left=lambda: 60.0) as store,
        pytest.raises(StoreRefused, match="Invalid API key") as raised,
    ):
        store.claim_run({})

    assert "sb_secret" not in f"{raised.value} {raised.value.__cause__!r}"


@pytest.mark.parametrize("body", ["{}", '{"answer": "claimed"}', '{"answer": "claimed", "run": {}}'])
def test_an_answer_that_lacks_what_it_must_have_is_supabases_mistake(body: str) -> None:
    with (
        answering(lambda _: Told(body=body.encode())) as project,
        Supabase(project, seconds_left=lambda: 60.0) as store,
    ):
        answer = store.claim_run({})
        with pytest.raises(StoreRefused, match=r"answer to claim_run has no (answer|run|run_id): check"):
            (answer["answer"], answer["run"]["run_id"])


@pytest.mark.parametrize(
    "body",
    ['{"answer": ' + "7" * 5000 + "}", '{"answer": ' + "[" * 100_000 + "]" * 100_000 + "}", "<html>", "\xff"],
)
@pytest.mark.parametrize("http_status", [200, 400])
def test_an_answer_that_cannot_be_read_is_supabases_mistake(body: str, http_status: int) -> None:
    content = body.encode("latin-1")

    with (
        answering(lambda _: Told(http_status, content)) as project,
        Supabase(project, seconds_left=lambda: 60.0) as store,
    ):
        with pytest.raises(StoreRefused, match="claim_run"):
            store.claim_run({})
        with pytest.raises(StoreRefused, match=r"signing keys|jwks"):
            store.signing_keys()
