"""Numbers as people type them: what has one meaning is read, and what has two is asked about or refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantpulse.cli.numbers import Decimals, decimals_of, meanings

REPEATABLE = settings(deadline=None, derandomize=True, database=None)
COMMA, POINT = Decimals(",", is_asked=True), Decimals(".", is_asked=True)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1250", "1250"),
        ("120,50", "120.50"),
        ("120.50", "120.50"),
        ("1.250,50", "1250.50"),
        ("1,250.50", "1250.50"),
        ("1 250", "1250"),
        ("1\u00a0250,5", "1250.5"),
        ("1\u202f250\u202f000", "1250000"),
        ("1'250", "1250"),
        ("1\u2019250.50", "1250.50"),
        ("1.250.000", "1250000"),
        ("0,125", "0.125"),
        ("1250,500", "1250.500"),
        ("1,25E+06", "1.25E+06"),
        ("\uff11\uff12\uff0c\uff15", "12.5"),
        ("\u22125", "-5"),
        ("+5", "5"),
        (",5", "0.5"),
        ("5,", "5"),
    ],
)
def test_a_number_with_one_meaning_is_read_whatever_the_file_separates_its_cells_by(
    text: str, plain: str
) -> None:
    for delimiter in (",", ";", "\t"):
        assert decimals_of([text], delimiter, None).plain(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "50 %", "50%", "1_250", "\u0661\u0662", "1 25", "1,25.3", "1.25.3", "1..2", "1e", "inf", "nan",
        "5\u00b2", "\u00bd", "0.125.000", "1,250,00", "+-5", "-+5", "--5", "-", "+", ".", ",", "",
        "120,50 \u20ac", "$5", "1 1", "1'25", "1.250'000", "1 250.000,5", "0x10", "1" * 41, "1e999", "#N/A",
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(text: str) -> None:
    for decimals in (COMMA, POINT, decimals_of([text], ";", None), decimals_of([text], ",", None)):
        with pytest.raises(ValueError, match="is not a number such as 1250 or 0"):
            decimals.plain(text)


@pytest.mark.parametrize(
    ("delimiter", "asked", "plain", "question"),
    [
        (";", None, "1250", "'1.250' is read as 1250, with a decimal comma; with --decimal point it is 1.25"),
        (
            ",",
            None,
            "1.250",
            "'1.250' is read as 1.25, with a decimal point; with --decimal comma it is 1250",
        ),
        (";", ".", "1.250", None),
        (",", ",", "1250", None),
        ("\t", ".", "1.250", None),
    ],
)
def test_a_number_with_two_meanings_is_asked_about_until_somebody_says(
    delimiter: str, asked: str | None, plain: str, question: str | None
) -> None:
    decimals = decimals_of(["1.250", "40"], delimiter, asked)

    assert (decimals.plain("1.250"), decimals.question("1.250")) == (plain, question)
    assert decimals.question("40") is None


@pytest.mark.parametrize(
    ("delimiter", "proof", "plain"),
    [(";", "120,50", "1250"), (",", "0.5", "1.250"), ("\t", "0.5", "1.250"), ("\t", "1,5", "1250")],
)
def test_a_file_that_proves_its_decimal_sign_is_not_asked_about(
    delimiter: str, proof: str, plain: str
) -> None:
    decimals = decimals_of([proof, "1.250"], delimiter, None)

    assert (decimals.plain("1.250"), decimals.question("1.250")) == (plain, None)


@pytest.mark.parametrize(
    ("delimiter", "proofs"),
    [(";", ["120.50"]), (",", ["1,5"]), (";", ["1,5", "2.5"]), ("\t", ["1,5", "2.5"]), ("\t", [])],
)
def test_a_file_that_contradicts_itself_needs_the_option(delimiter: str, proofs: list[str]) -> None:
    decimals = decimals_of([*proofs, "1.250"], delimiter, None)

    with pytest.raises(ValueError, match=r"'1\.250' may be 1\.25 or 1250: use --decimal"):
        decimals.plain("1.250")
    assert [decimals.plain(proof) for proof in proofs] == [proof.replace(",", ".") for proof in proofs]


def test_an_option_refuses_the_other_form() -> None:
    with pytest.raises(ValueError, match=r"'120\.50' is not a number such as 1250 or 0,75"):
        COMMA.plain("120.50")
    with pytest.raises(ValueError, match=r"'120,50' is not a number such as 1250 or 0\.75"):
        POINT.plain("120,50")


@REPEATABLE
@given(st.integers(0, 10**9), st.integers(0, 999), st.sampled_from(["", ".", " ", "'", "\u00a0", "\u2019"]))
def test_a_number_written_in_german_is_read_back(whole: int, thousandths: int, group: str) -> None:
    text = f"{whole:,}".replace(",", group) + f",{thousandths:03}"

    assert COMMA.plain(text) == f"{whole}.{thousandths:03}"
    assert all(float(plain) >= 0 for plain in meanings(text).values())
