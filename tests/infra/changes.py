"""A plan of Terraform as a test reads it: what changes, and what surely comes before what.

The order is that of Terraform's own graph of the apply. Two changes without a path between them may come in
either order, so a test asks whether one must come first, not whether it happened to.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True)
class Change:
    """One resource that is made, changed or removed, with its values as far as they are known."""

    address: str
    type: str
    action: Action
    before: dict[str, Any] = field(hash=False)
    after: dict[str, Any] = field(hash=False)

    @property
    def node(self) -> str:
        return f"{self.address} (destroy)" if self.action == "delete" else self.address


class Changes:
    """A plan's changes, and their order."""

    def __init__(self, plan: dict[str, Any], graph: str) -> None:
        self._resources = plan.get("resource_changes", [])
        self._graph = graph

    @cached_property
    def all(self) -> list[Change]:
        return [
            Change(
                one["address"],
                one["type"],
                action,
                one["change"]["before"] or {},
                one["change"]["after"] or {},
            )
            for one in self._resources
            for action in one["change"]["actions"]
            if action in ("create", "update", "delete")
        ]

    def of(self, action: Action, *types: str) -> list[Change]:
        """Return the changes of one kind, of these types of resources."""
        return [one for one in self.all if one.action == action and one.type in types]

    def of_address(self, address: str) -> Change | None:
        return next((one for one in self.all if one.address == address), None)

    def before(self, *types: str) -> dict[str, dict[str, Any]]:
        """Return the resources that there are before the apply, changed or not, by address."""
        return self._values("before", types)

    def after(self, *types: str) -> dict[str, dict[str, Any]]:
        """Return the resources that there are after it."""
        return self._values("after", types)

    def surely_comes_before(self, first: Change, then: Change) -> bool:
        """Say whether the graph lets no apply do `then` before `first`."""
        return first.node in self._reached_from(then.node)

    def _values(self, when: str, types: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        found = {one["address"]: one["change"][when] for one in self._resources if one["type"] in types}
        return {address: values for address, values in found.items() if values}

    def _reached_from(self, node: str) -> set[str]:
        reached: set[str] = set()
        ahead = [node]
        while ahead:
            new = self._edges[ahead.pop()] - reached
            reached |= new
            ahead += new
        return reached

    @cached_property
    def _edges(self) -> defaultdict[str, set[str]]:
        edges: defaultdict[str, set[str]] = defaultdict(set)
        for source, target in re.findall(
            r'^\t\t"\[root\] (.+)" -> "\[root\] (.+)"$', self._graph, re.MULTILINE
        ):
            edges[source.replace('\\"', '"')].add(target.replace('\\"', '"'))
        return edges
