"""Writes docs/openapi.yaml, or with --check ends with code 1 when it is stale."""

import sys
from pathlib import Path
from typing import Final

import yaml

from devstack.openapi.document import document

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
_HEAD: Final = "# Written by `make openapi` from the code; nobody edits it.\n"


class _Dumper(yaml.SafeDumper):
    """Writes everything where it stands, without anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def text() -> str:
    """Return the description as YAML."""
    return _HEAD + yaml.dump(document(), Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def main(arguments: list[str]) -> int:
    """Write the page, or with --check compare it; return the exit code."""
    if arguments != ["--check"]:
        PAGE.write_text(text(), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text():
        return 0
    print("docs/openapi.yaml is stale: run `make openapi`")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
