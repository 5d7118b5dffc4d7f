"""What a function reaches: the modules of plantpulse and the distributions that its imports lead to.

The imports are read from the source, also those inside functions, so nobody keeps a list. A change to Live
Pulse does not change the bundles of the other functions.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import grimp

import plantpulse
from bundle.refusal import BundleRefused
from plantpulse.tags import drivers

PACKAGE: Final = "plantpulse"
PACKAGE_FOLDER: Final = Path(plantpulse.__file__).parent
# What a module imports by a name that it puts together: no import statement shows it.
_BY_NAME: Final = {drivers.__name__: tuple(f"{drivers.__name__}.{name}" for name in drivers.DRIVERS)}


@dataclass(frozen=True)
class Reach:
    """What is needed: files of plantpulse by their place below its folder, distributions by their names."""

    files: tuple[Path, ...]
    distributions: frozenset[str]


def reach_of(function: Path) -> Reach:
    """Return what the sources in a function's folder reach. Raises: BundleRefused."""
    graph = _graph()
    imported = {name for source in sorted(function.glob("*.py")) for name in _imports(source)}
    modules: set[str] = set()
    for name in imported:
        if name in graph.modules and name.partition(".")[0] == PACKAGE:
            modules |= _with_what_it_needs(name)
    outside = {name.partition(".")[0] for name in imported | modules} - {PACKAGE, *sys.stdlib_module_names}
    own = {name for name in modules if name.partition(".")[0] == PACKAGE}
    return Reach(tuple(sorted(_files(own))), frozenset(map(_distribution, outside)))


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        PACKAGE, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def _imports(source: Path) -> Iterator[str]:
    """Yield every name that a file may import, a module or something in one."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _with_what_it_needs(module: str) -> set[str]:
    """Return a module, the packages it lies in, and everything that these import, directly or indirectly."""
    found: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _graph().find_modules_directly_imported_by(name)
            pending += [one for one in _BY_NAME.get(name, ()) if one in _graph().modules]
            pending += [name.rpartition(".")[0]] if name.startswith(f"{PACKAGE}.") else []
    return found


def _files(modules: set[str]) -> Iterator[Path]:
    """Yield the source of each module, and what lies beside the sources of a package: its query files."""
    for name in modules:
        place = Path(*name.split(".")[1:])
        if (PACKAGE_FOLDER / place).is_dir():
            yield place / "__init__.py"
            yield from _data(place)
        else:
            yield place.with_suffix(".py")


def _data(package: Path) -> Iterator[Path]:
    for path in (PACKAGE_FOLDER / package).iterdir():
        if path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            yield from (file.relative_to(PACKAGE_FOLDER) for file in path.rglob("*") if file.is_file())


def _distribution(package: str) -> str:
    found = packages_distributions().get(package)
    if not found:
        raise BundleRefused(f"no installed distribution has {package}, which a function imports")
    return normalised(found[0])


def normalised(name: str) -> str:
    """Return a distribution's name as locks write it. Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
