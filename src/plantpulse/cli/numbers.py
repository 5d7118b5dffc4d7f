"""Reads numbers as people type them: 1250, 1,250.50, 1.250,50, 1 250, 1'250. Pure.

A number may have two meanings: 1.250 is a thousand in Germany and little more than one in England. The whole
file is asked first, then the separator of its cells, and then the person who imports it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

LONGEST: Final = 40

# By the decimal sign: groups of thousands have another sign, and no number with groups begins with a zero.
_FORMS: Final = {
    sign: re.compile(
        r"(?:\+|(?P<minus>-))?(?P<whole>[0-9]*|"
        rf"[1-9][0-9]{{0,2}}(?P<group>[{other} '])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*)"
        rf"(?:{re.escape(sign)}(?P<part>[0-9]*))?(?P<power>[eE][-+]?[0-9]{{1,2}})?"
    )
    for sign, other in ((".", ","), (",", "."))
}
_NAMES: Final = {".": "point", ",": "comma"}
SIGNS: Final = {name: sign for sign, name in _NAMES.items()}

# What looks the same: blanks that do not break, the apostrophe of Switzerland, signs of wide letters, minus.
_LOOKALIKES: Final = str.maketrans(
    "\u00a0\u2007\u2009\u202f\u2019\u02bc\uff0c\uff0e\u2212\uff0d０１２３４５６７８９",  # noqa: RUF001
    "    '',.--0123456789",
)


@dataclass(frozen=True)
class Decimals:
    """Which sign the numbers of a file have before their decimals; None: each number must say so itself.

    `is_asked`: a person named it, so other numbers are refused. `others` are signs that the file has besides.
    """

    sign: str | None
    is_asked: bool = False
    is_proven: bool = False
    others: frozenset[str] = frozenset()

    def plain(self, text: str) -> str:
        """Return a number with a decimal point and no groups. Raises: ValueError that says what to write."""
        found = meanings(text)
        if self.is_asked:
            found = {sign: plain for sign, plain in found.items() if sign == self.sign}
        if not found:
            example = "0,75" if self.is_asked and self.sign == "," else "0.75"
            raise ValueError(f"{text!r} is not a number such as 1250 or {example}")
        if len(set(found.values())) == 1:
            return next(iter(found.values()))
        if self.sign is None or self.others:
            raise ValueError(f"{text!r} may be {_told(found['.'])} or {_told(found[','])}: use --decimal")
        return found[self.sign]

    def question(self, text: str) -> str | None:
        """Return what to ask about a number that may mean something else; None if its meaning is sure."""
        found = meanings(text)
        if self.is_asked or self.is_proven or self.sign is None or len(set(found.values())) < len(_FORMS):
            return None
        [other] = found.keys() - {self.sign}
        return (
            f"{text!r} is read as {_told(found[self.sign])}, with a decimal {_NAMES[self.sign]}; "
            f"with --decimal {_NAMES[other]} it is {_told(found[other])}"
        )


def decimals_of(texts: Iterable[str], delimiter: str, asked: str | None) -> Decimals:
    """Return how to read the numbers of a file.

    `asked` is the sign that a person named. Otherwise numbers that can be read in one way alone tell it;
    without any the delimiter does: Excel writes `;` where the comma is the decimal sign.
    """
    if asked:
        return Decimals(asked, is_asked=True)
    usual = {";": ",", ",": "."}.get(delimiter)
    proven = {sign for text in texts if (sign := _sign_of(text))}
    if usual is None and len(proven) == 1:
        usual = next(iter(proven))
    return Decimals(usual, is_proven=proven == {usual}, others=frozenset(proven - {usual}))


def meanings(text: str) -> Mapping[str, str]:
    """Return a number in plain digits by the decimal sign that it would have; empty if it is no number."""
    plain = text.translate(_LOOKALIKES)
    if len(plain) > LONGEST:
        return {}
    found = {sign: _plain(form.fullmatch(plain)) for sign, form in _FORMS.items()}
    return {sign: number for sign, number in found.items() if number is not None}


def _plain(found: re.Match[str] | None) -> str | None:
    if found is None:
        return None
    whole, part = re.sub("[^0-9]", "", found["whole"]), found["part"]
    if not (whole or part) or (found["group"] and found["power"]):
        return None
    return f"{found['minus'] or ''}{whole or '0'}{f'.{part}' if part else ''}{found['power'] or ''}"


def _sign_of(text: str) -> str | None:
    """Return the decimal sign that a number proves; None if it has another meaning too, or is no number."""
    found = meanings(text)
    return next(iter(found)) if len(found) == 1 else None


def _told(plain: str) -> str:
    return format(Decimal(plain).normalize(), "f")
