"""The shape of a document: which keys it has at which place, and of which types the values are."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from devstack.patience import ENDS_S

DASHBOARD: Final = Path(__file__).resolve().parents[2] / "dashboard"
# The page's type of each function's document, in dashboard/src/data/documents.ts.
TYPES: Final[Mapping[str, str]] = {
    "board_plants": "Plants",
    "board": "Board",
    "board_asset": "AssetDay",
    "board_safety": "Safety",
    "board_report": "Report",
    "board_pipelines": "Pipelines",
    "board_alerts": "Alerts",
    "board_energy": "Energy",
    "board_tags": "Tags",
    "board_tag_history": "TagHistory",
}
# Their keys are of each rule of alerts, and no page knows them.
_OPAQUE: Final = re.compile(r"\.facts$")
# Under these keys stand texts of closed lists.
_CODED: Final = re.compile(
    r"\.(status|state|kind|severity|role|rule|scope|mode|driver|pipeline|what|\w*code|warnings\[\])$"
)


def shape(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each place of a document with the type of what stands there; elements of a list share a place."""
    yield place, _kind(value)
    if _OPAQUE.search(place):
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from shape(inner, f"{place}.{key}")
    if isinstance(value, list):
        for inner in value:
            yield from shape(inner, f"{place}[]")


def codes(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text of a closed list, with its place."""
    if isinstance(value, str) and _CODED.search(place):
        yield place, value
    if isinstance(value, dict) and not _OPAQUE.search(place):
        for key, inner in value.items():
            yield from codes(inner, f"{place}.{key}")
    if isinstance(value, list):
        for inner in value:
            yield from codes(inner, f"{place}[]")


def complaints_of_typescript(documents: Mapping[str, Any], folder: Path) -> str:
    """Return what the TypeScript compiler says of documents as values of the pages' own types."""
    names = ", ".join(sorted(set(TYPES.values())))
    lines = [
        f"import type {{ {names} }} from '{DASHBOARD / 'src' / 'data' / 'documents'}'",
        "type Given<T> = T extends readonly (infer E)[] ? readonly Given<E>[]"
        " : T extends object ? { readonly [K in keyof T]: Given<T[K]> } : T",
    ]
    for name, document in documents.items():
        text = json.dumps(_few(document), ensure_ascii=False)
        lines.append(f"const {name} = {text} as const")
        lines.append(f"export const {name}_typed: Given<{TYPES[name]}> = {name}")
    file = folder / "given.ts"
    file.write_text("\n".join(lines), encoding="utf-8")
    compiler = DASHBOARD / "node_modules" / ".bin" / "tsc"
    options = "--noEmit --strict --skipLibCheck --target esnext --module esnext --moduleResolution bundler"
    done = subprocess.run(
        [compiler, *options.split(), file],
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_S,
    )
    return done.stdout


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    names = {bool: "boolean", str: "text", list: "list", dict: "object"}
    return next(name for kind, name in names.items() if isinstance(value, kind))


def _few(value: Any) -> Any:
    """Return the document with one element of each kind in its lists: types tell the others not apart."""
    if isinstance(value, dict):
        return {key: _few(inner) for key, inner in value.items()}
    if isinstance(value, list):
        kinds = {repr((sorted(set(shape(one))), sorted(set(codes(one))))): one for one in value}
        return [_few(one) for one in kinds.values()]
    return value
