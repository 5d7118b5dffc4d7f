"""Reads a YAML file as people mean it: no key twice, and a number is what looks like one.

YAML 1.1 takes 010 for eight, 16:00 for 960, and of two equal keys the last. Nobody means that.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from plantpulse.errors import ConfigurationError

# libyaml's loader, which every wheel of PyYAML has: it reads a thousand plants in a seventh of the time.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = "tag:yaml.org,2002:int"
_MERGE: Final = "tag:yaml.org,2002:merge"
_DECIMAL: Final = re.compile(r"^[-+]?(0|[1-9][0-9_]*)$")


class _Loader(_Safe):  # type: ignore[misc] # chosen when it is imported, so mypy knows no class
    """A safe loader; what YAML 1.1 takes for a number in another base, or in sixties, stays a text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:  # what an anchor brings may be overridden
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"{key} is written twice", problem_mark=key_node.start_mark
                )
            seen |= {key} if isinstance(key, Hashable) else set()
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return found


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _INTEGER]
    for first, resolvers in _Safe.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_INTEGER, _DECIMAL, list("-+0123456789"))


def read_yaml(path: Path) -> Any:
    """Return what a file holds. Raises: ConfigurationError with the line."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        problem = str(getattr(error, "problem", ""))
        what = problem if problem.endswith("is written twice") else "this is not valid YAML"
        raise ConfigurationError(f"{path.name}: {what}{where}") from None
