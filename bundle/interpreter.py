"""The Python that functions run on, found on this machine.

It compiles beforehand what Lambda would otherwise compile at each cold start.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from uv import find_uv_bin

from bundle.refusal import BundleRefused


def find_python(version: str) -> Path:
    """Return a Python interpreter of a version such as 3.13. Raises: BundleRefused."""
    for candidate in _candidates(version):
        if _answers_with(candidate, version):
            return candidate
    raise BundleRefused(
        f"Python {version} is needed, the version that the functions run on: install it, by"
        f" `.venv/bin/uv python install {version}` for instance"
    )


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    if found := shutil.which(f"python{version}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    command = [find_uv_bin(), "python", "find", "--managed-python", "--no-python-downloads", version]
    managed = subprocess.run(command, capture_output=True, text=True, check=False)
    if managed.returncode == 0:
        yield Path(managed.stdout.strip())


def _answers_with(candidate: Path, version: str) -> bool:
    code = "import sys; print('{}.{}'.format(*sys.version_info))"
    try:
        told = subprocess.run([candidate, "-I", "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return told.stdout.strip() == version
