"""The languages that the mail can be written in, by the value of a plant's `language` setting."""

from collections.abc import Mapping
from typing import Final

from plantpulse.report_mail.english import ENGLISH
from plantpulse.report_mail.german import GERMAN
from plantpulse.report_mail.words import Words

LANGUAGES: Final[Mapping[str, Words]] = {words.code: words for words in (ENGLISH, GERMAN)}
