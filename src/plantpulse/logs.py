"""Structured logs: one JSON object per line on stdout, where both clouds collect it.

Google Cloud reads the names `severity` and `message`; CloudWatch takes any JSON. Rows and secrets are never
logged: callers pass counts, names and codes.
"""

import json
import sys
from typing import Literal, TextIO

Severity = Literal["INFO", "WARNING", "ERROR"]


def log(severity: Severity, message: str, *, stream: TextIO | None = None, **fields: object) -> None:
    """Write one line; `fields` must be JSON values or have a sensible `str`."""
    entry = {"severity": severity, "message": message, **fields}
    out = stream or sys.stdout
    out.write(json.dumps(entry, default=str, separators=(",", ":")) + "\n")
    out.flush()
