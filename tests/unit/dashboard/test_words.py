"""What the pages call things that Python names: the same words."""

import re

from bundle.targets import REPOSITORY
from plantpulse.tags.readings import Quality

WORDS = (REPOSITORY / "dashboard" / "src" / "words" / "words.ts").read_text(encoding="utf-8")


def test_pages_have_words_for_each_quality_of_a_tag() -> None:
    told = re.findall(r"^  quality_(\d): \['([^']*)'", WORDS, re.MULTILINE)

    assert told == [(str(int(one)), one.words) for one in Quality if one is not Quality.GOOD]
