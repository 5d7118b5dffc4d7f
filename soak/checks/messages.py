"""No message comes twice, unless whoever sent it first met a fault that keeps it from knowing."""

from collections.abc import Collection

from soak.checks.view import View
from soak.ledger import Broken, Sent


def check_messages(view: View, faulty: Collection[str]) -> None:
    """Check all messages that the channels took; `faulty` are processes that met a fault. Raises: Broken."""
    first: dict[tuple[str, str], Sent] = {}
    for sent in view.ledger.sent:
        before = first.setdefault((sent.channel, sent.key), sent)
        if before is not sent and before.process not in faulty:
            raise Broken(f"{sent.channel} got {sent.key} from {before.process}, and again at {sent.at}")
        view.checked["messages"] += 1
        view.checked["messages that came again"] += before is not sent
