"""Secrets are taken out of texts, whatever letters they have."""

import json
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.sources.redaction import HIDDEN, Redaction
from plantpulse.settings import Secret

KEYS = st.text(min_size=8, max_size=40).filter(lambda key: not set(key) <= {"*"})
TEXTS = st.text(max_size=60)


@given(KEYS, TEXTS, TEXTS)
def test_no_key_stays_in_any_text(key: str, before: str, after: str) -> None:
    redacted = Redaction([Secret(key)])

    for written in (key, quote(key.encode("utf-8", "replace")), json.dumps(key)[1:-1], repr(key)[1:-1]):
        shown = redacted(f"{before}{written}{after}")
        assert written not in shown
        assert HIDDEN in shown


@given(KEYS, TEXTS, st.integers(min_value=4, max_value=40))
def test_no_beginning_of_a_key_stays_at_the_end(key: str, before: str, length: int) -> None:
    shown = Redaction([Secret(key)])(before + key[:length])

    assert not shown.endswith(key[: max(4, min(length, len(key)))])


@given(st.lists(KEYS, min_size=1, max_size=4), TEXTS)
def test_several_keys_are_all_taken_out(keys: list[str], between: str) -> None:
    shown = Redaction([Secret(key) for key in keys])(between.join(keys))

    assert not [key for key in keys if key in shown]


@given(TEXTS)
def test_without_a_key_nothing_changes(text: str) -> None:
    assert Redaction([])(text) == text
    assert Redaction([Secret("")])(text) == text


def test_a_key_is_known_by_how_a_form_writes_it() -> None:
    redacted = Redaction([Secret("two words+1")])

    assert redacted(quote_plus("two words+1")) == HIDDEN
