"""Empty environments to try bundles in, and the Python that they have.

That is the Python of the functions where this machine has one, else the one that runs the tests: the same
sources and versions are then tried on it, in a bundle built for it.
"""

import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

from uv import find_uv_bin

from bundle.interpreter import find_python
from bundle.lock import as_requirements, needed_for, read_lock
from bundle.refusal import BundleRefused
from bundle.targets import REPOSITORY, python_version
from bundle.wheels import CACHE

DEV_LOCK = REPOSITORY / "requirements" / "dev.txt"


@cache
def python() -> tuple[str, Path]:
    """Return the version and the interpreter that bundles are tried on."""
    try:
        return python_version(), find_python(python_version())
    except BundleRefused:
        return "{}.{}".format(*sys.version_info), Path(sys.executable)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a bundle as its cloud does; return the folder."""
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return folder


def make_environment(folder: Path) -> Path:
    """Make an environment with nothing in it; return its interpreter."""
    _uv("venv", "--quiet", "--python", str(python()[1]), str(folder))
    return folder / "bin" / "python"


def install(requirements: Path, interpreter: Path) -> None:
    """Install a requirements file with hashes, as Google's buildpack does."""
    _uv(
        "pip", "install", "--quiet", "--require-hashes", "--python", str(interpreter), "-r", str(requirements)
    )


def install_runtime(interpreter: Path) -> None:
    """Install what Lambda's own image has: the real runtime client, and boto3."""
    requirements = interpreter.parents[1] / "runtime.txt"
    pins = needed_for(read_lock(DEV_LOCK), {"awslambdaric", "boto3"})
    requirements.write_text(as_requirements(pins), encoding="utf-8")
    install(requirements, interpreter)


def _uv(*arguments: str) -> None:
    environment = {"UV_CACHE_DIR": str(CACHE), **os.environ}
    done = subprocess.run(
        [find_uv_bin(), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
