"""The languages in which findings are said, by the value of the `language` setting."""

from collections.abc import Mapping
from typing import Final

from plantpulse.series.quality.english import ENGLISH
from plantpulse.series.quality.german import GERMAN
from plantpulse.series.quality.words import Words

LANGUAGES: Final[Mapping[str, Words]] = {words.code: words for words in (ENGLISH, GERMAN)}
