"""The two calls of Supabase that a trigger makes, in memory: enough to claim, to wait and to commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class TriggerStore:
    """Knows one group. `refuses` is its answer to every claim; `elsewhere` is another call's read.

    `on_ask` is called before each claim is answered.
    """

    group: Mapping[str, Any]
    refuses: str | None = None
    elsewhere: dict[str, Any] | None = None
    on_ask: Callable[[], None] = lambda: None
    commit_answer: str = "committed"
    asks: list[Mapping[str, Any]] = field(default_factory=list)
    commits: list[Mapping[str, Any]] = field(default_factory=list)

    def claim_tag_trigger(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        self.asks.append(ask)
        self.on_ask()
        if self.refuses:
            return {"answer": self.refuses, "trigger": None, "group": None, "result": None}
        if self.elsewhere is None:
            return self._claimed("claimed", ask["id"], None)
        is_own, result = ask["id"] == self.elsewhere["id"], self.elsewhere["result"]
        answer = "claimed" if is_own and result is None else "duplicate"
        return self._claimed(answer, self.elsewhere["id"], result)

    def _claimed(self, answer: str, trigger: str, result: Any) -> dict[str, Any]:
        at = "2026-03-11T12:00:00.123987+00:00"
        return {"answer": answer, "trigger": trigger, "group": self.group, "result": result, "at": at}

    def commit_tag_trigger(self, commit: Mapping[str, Any]) -> dict[str, Any]:
        self.commits.append(commit)
        return {"answer": self.commit_answer, "slot": commit["slot"], "result": commit["result"]}
