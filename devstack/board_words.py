"""Writes the words of alerts for the board, from those of the messages: `dashboard/src/words/alerts.json`.

`python -m devstack.board_words` writes them, `--check` ends with code 1 when they are stale. So an alert is
called the same in a mail and on the board.
"""

import json
import sys
from pathlib import Path
from typing import Final

from plantpulse.alerts.messages import english, german

FILE: Final = Path(__file__).resolve().parents[1] / "dashboard" / "src" / "words" / "alerts.json"
_LANGUAGES: Final = {"en": english.WORDS, "de": german.WORDS}


def words() -> str:
    """Return what alerts and codes are called and what to do about them, by language, as JSON."""
    of_languages = {
        language: {
            "what": dict(its.what),
            "do": dict(its.do),
            "value": dict(its.value),
            "pipeline": dict(its.pipeline),
        }
        for language, its in _LANGUAGES.items()
    }
    return json.dumps(of_languages, ensure_ascii=False, indent=2) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    if arguments != ["--check"]:
        FILE.write_text(words(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != words():
        print(f"{FILE} is stale: run make words", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
