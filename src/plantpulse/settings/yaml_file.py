"""Reads a YAML file as people mean it: no key twice, and a number is what looks like one.

YAML 1.1 takes 010 for eight, 16:00 for 960, and of two equal keys the last. Nobody means that. It takes the
name NO for false, too: names that are no texts are refused with what to write. What an anchor repeats is a
copy for each place: what is written into one plant later, as its password, is not another one's.
"""

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from plantpulse.errors import ConfigurationError, one_line

# libyaml's loader, which every wheel of PyYAML has: it reads a thousand plants in a seventh of the time.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = "tag:yaml.org,2002:int"
_MERGE: Final = "tag:yaml.org,2002:merge"
_NAMES: Final = {_MERGE, "tag:yaml.org,2002:str"}
_KINDS: Final = {
    "bool": "true or false",
    "null": "nothing",
    "int": "a number",
    "float": "a number",
    "timestamp": "a date",
}
_OUR_ENDINGS: Final = ("is written twice", "write it in quotes")
_DEEPEST: Final = 30  # levels; the settings have nine
_MOST_VALUES: Final = 1_000_000  # with each alias counted as what it repeats; a thousand plants have 50,000
_DECIMAL: Final = re.compile(r"^[-+]?(0|[1-9][0-9_]*)$")


class _Loader(_Safe):  # type: ignore[misc] # chosen when it is imported, so mypy knows no class
    """A safe loader; what YAML 1.1 takes for a number in another base, or in sixties, stays a text."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except ValueError:  # a day such as 2026-02-30, or a number with thousands of digits
            raise yaml.constructor.ConstructorError(
                problem="this looks like a date or a number and is none: write it in quotes",
                problem_mark=node.start_mark,
            ) from None

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
        return _read(path)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        problem = str(getattr(error, "problem", ""))
        what = one_line(problem) if problem.endswith(_OUR_ENDINGS) else "this is not valid YAML"
        raise ConfigurationError(f"{path.name}: {what}{where}") from None


def _read(path: Path) -> Any:
    loader = _Loader(path.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        if root is not None and _values_in(root, {}, path.name) > _MOST_VALUES:
            raise ConfigurationError(f"{path.name}: its anchors repeat more than {_MOST_VALUES:,} values")
        if wrong := list(_wrong_names(root)):
            raise ConfigurationError(f"{path.name}: {'; '.join(wrong)}")
        return None if root is None else _copied(loader.construct_document(root))
    finally:
        loader.dispose()


def _values_in(node: yaml.Node, known: dict[int, int], file: str, depth: int = 0) -> int:
    """Return how many values a node stands for, with each alias counted as what it repeats.

    Raises: ConfigurationError for one that is nested too deep, as one that contains itself is.
    """
    if depth > _DEEPEST:
        line = node.start_mark.line + 1
        raise ConfigurationError(
            f"{file}: nested more than {_DEEPEST} deep, or contains itself (line {line})"
        )
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        inside = (
            [one for pair in node.value for one in pair] if isinstance(node, yaml.MappingNode) else node.value
        )
        known[id(node)] = 1 + sum(_values_in(one, known, file, depth + 1) for one in inside)
    return known[id(node)]


def _copied(value: Any) -> Any:
    """Return a tree in which nothing stands in two places."""
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _wrong_names(root: yaml.Node | None) -> Iterator[str]:
    """Yield what is wrong with the names in a file that YAML takes for something else than a text."""
    seen: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if node is None or id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        pairs = node.value if isinstance(node, yaml.MappingNode) else [(None, one) for one in node.value]
        yield from (_told(name) for name, _ in pairs if name is not None and name.tag not in _NAMES)
        left += [value for _, value in reversed(pairs)]


def _told(name: yaml.Node) -> str:
    line = name.start_mark.line + 1
    if not isinstance(name, yaml.ScalarNode):
        return f"a name must be a text, not a list or a mapping (line {line})"
    kind = _KINDS.get(name.tag.rpartition(":")[2], "no text")
    if not name.value:
        return f"a name is missing (line {line})"
    shown = one_line(name.value)
    return f"YAML takes {shown} for {kind}: write '{shown}' in quotes (line {line})"
