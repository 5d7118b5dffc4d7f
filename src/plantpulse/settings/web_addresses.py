"""Web addresses that people write into the settings. Pure."""

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit


def web_address(example: str) -> Callable[[str], str]:
    """Return a check that gives back the URL of a page or a service; its message shows an example.

    A user and a password in it would be a secret in a file.
    """

    def check(text: str) -> str:
        parts = _split(text)
        is_complete = parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)
        if is_complete and parts and "@" not in parts.netloc and text.isascii() and " " not in text:
            return text
        raise ValueError(f"must be a URL without a user, such as {example}")

    return check


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises for a wrong port
    except ValueError:
        return None
    return parts if text.isprintable() else None
