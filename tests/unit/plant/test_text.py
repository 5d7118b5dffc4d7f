"""Text of unknown quality is made comparable, storable and short."""

from collections.abc import Callable
from typing import Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.plant.text import KEY_LIMIT, clean_text, cut_text, normalise_key


@pytest.mark.parametrize(
    ("spelling", "key"),
    [
        ("PRESS-01", "press-01"),
        ("press-01   ", "press-01"),
        ("\tPress \n 01 ", "press 01"),
        ("Press\u00a001", "press 01"),
        ("PRÄSSE", "prässe"),
        ("מגרסה  1", "מגרסה 1"),
        ("   ", ""),
        ("İş Kazası", "iş kazasi"),
        ("IŞ KAZASI", "iş kazasi"),
        ("i\u0307ş kazas\u0131", "iş kazasi"),
        ("I\u0307s\u0327 Kazası", "iş kazasi"),
        ("İzmir Pres", "izmir pres"),
        ("İZMİR PRES", "izmir pres"),
        ("ΑΤΥΧΗΜΑ ΕΡΓΑΣΙΑΣ", "ατυχημα εργασιασ"),
        ("Ατύχημα εργασίας", "ατυχημα εργασιασ"),
        ("Κοπτης", "κοπτησ"),
        ("ΚΟΠΤΗΣ", "κοπτησ"),
        ("Safety\u3000Issue", "safety issue"),
        ("Safety\u202fIssue\u2009", "safety issue"),
        ("WELD\u00a001", "weld 01"),
        ("Su\u0308d-01", "süd-01"),
        ("S\u00fcd-01", "süd-01"),
        ("ｐﾚｽ０１", "pレス01"),
        ("Ｐレス０１", "pレス01"),
        ("Große Presse", "grosse presse"),
        ("Sa\u00adfe\u200dty\u200c \u200fIssue\u200e\ufeff", "safety issue"),
        ("\u200d\u00ad\ufeff", ""),
        ("Í́ris", "í́ris"),
    ],
)
def test_spellings_of_one_name_share_a_key(spelling: str, key: str) -> None:
    assert normalise_key(spelling) == key


@pytest.mark.parametrize(
    ("one", "other"), [("é", "e"), ("ï", "i"), ("Press 1", "Press1"), ("ş", "s"), ("й", "и")]
)
def test_other_letters_make_another_name(one: str, other: str) -> None:
    assert normalise_key(one) != normalise_key(other)


NormalForm = Literal["NFC", "NFD", "NFKC", "NFKD"]
BLANKS = ("  ", "\t", "\u00a0", "\u2009", "\u202f", "\u3000", " \n ")
INVISIBLE = ("\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff")
# Letters of the alphabets in which this went wrong, beside any character at all.
LETTERS = st.sampled_from("iIİıSsßςσΣάΆϊΪΰ ｱﾞﾊﾟＡ①ﬁüÜŞş-01\u0307\u0301\u0308\u3000\u200d") | st.characters()
NAMES = st.text(LETTERS, max_size=60)


@given(NAMES)
def test_a_key_is_its_own_key(name: str) -> None:
    key = normalise_key(name)

    assert normalise_key(key) == key
    assert key == " ".join(key.split())
    assert len(key) <= KEY_LIMIT


@given(NAMES, st.sampled_from([str.upper, str.lower, str.casefold, str.swapcase, str.title]))
def test_letter_case_changes_no_key(name: str, respell: Callable[[str], str]) -> None:
    assert normalise_key(respell(name)) == normalise_key(name)


@given(NAMES, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_form_of_the_characters_changes_no_key(name: str, form: NormalForm) -> None:
    assert normalise_key(normalize(form, name)) == normalise_key(name)


@given(st.lists(NAMES, max_size=5), st.sampled_from(BLANKS), st.sampled_from(INVISIBLE))
def test_blanks_and_invisible_characters_change_no_key(words: list[str], blank: str, invisible: str) -> None:
    respelt = invisible + blank + blank.join(invisible.join(word) for word in words) + blank

    assert normalise_key(respelt) == normalise_key(" ".join(words))


@given(NAMES)
def test_turkish_and_greek_spellings_change_no_key(name: str) -> None:
    turkish = name.replace("i", "ı").replace("I", "İ")
    greek = name.replace("σ", "ς").replace("ά", "Α")

    assert normalise_key(turkish) == normalise_key(greek) == normalise_key(name)


def test_control_characters_become_blanks() -> None:
    assert clean_text("a\x00b\x1b[31mc\x7f\x85") == "a b [31mc  "


def test_tabs_and_line_ends_stay_in_notes() -> None:
    assert clean_text("first\nsecond\tthird\r\n") == "first\nsecond\tthird\r\n"


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert clean_text("broken \ud83d here") == "broken ? here"


def test_emoji_and_right_to_left_text_stay() -> None:
    assert clean_text("🔥 \u202eשנה\u200d") == "🔥 \u202eשנה\u200d"


def test_text_at_its_limit_is_not_cut() -> None:
    assert cut_text("abcde", 5) == "abcde"


def test_cut_text_says_so_and_keeps_to_the_limit() -> None:
    assert cut_text("abcdef", 5) == "abcd…"
