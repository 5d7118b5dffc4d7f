"""Text of unknown quality is made comparable, storable and short."""

import pytest

from plantpulse.plant.text import clean_text, cut_text, normalise_key


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
    ],
)
def test_spellings_of_one_name_share_a_key(spelling: str, key: str) -> None:
    assert normalise_key(spelling) == key


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
