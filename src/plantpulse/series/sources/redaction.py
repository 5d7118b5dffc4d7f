"""Takes secrets out of texts, in each way in which an API or a library may repeat them. Pure."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, quote_plus

from plantpulse.settings import Secret

HIDDEN: Final = "**********"
SHORTEST_BEGINNING: Final = 4  # letters of a secret at the end of a text that was cut


class Redaction:
    """Call it with a text: it returns the text without the secrets."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        forms = {form for secret in secrets for form in _forms(secret.reveal())} - {""}
        longest_first = sorted(forms, key=len, reverse=True)
        self._forms = [form.lower() for form in longest_first]
        self._any = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if forms else None

    def __call__(self, text: str) -> str:
        if self._any is None:
            return text
        return self._without_beginning(self._any.sub(HIDDEN, text))

    def _without_beginning(self, text: str) -> str:
        """Return the text without the part of a secret in which it breaks off."""
        end = text[-len(self._forms[0]) :].lower()
        for form in self._forms:
            for length in range(len(form) - 1, SHORTEST_BEGINNING - 1, -1):
                if end.endswith(form[:length]):
                    return text[:-length] + HIDDEN
        return text


def _forms(secret: str) -> Iterator[str]:
    """Yield the secret plain, and as URLs, JSON, XML, HTML and Python write it."""
    yield secret
    yield quote(secret, errors="replace")  # a key from the environment may be no text at all
    yield quote(secret, safe="", errors="replace")
    yield quote_plus(secret, errors="replace")
    yield html.escape(secret)
    yield html.escape(secret, quote=False)
    yield html.escape(secret).replace("&#x27;", "&apos;")
    yield repr(secret)[1:-1]
    yield secret.encode("latin-1", "ignore").decode("utf-8", "replace")
    for is_ascii in (True, False):
        written = json.dumps(secret, ensure_ascii=is_ascii)[1:-1]
        yield written
        yield written.replace("/", "\\/")
