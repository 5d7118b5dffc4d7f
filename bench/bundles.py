"""What is deployed, unpacked: the bundles of Live Pulse with the Python that functions run on.

A development environment has packages that no function has, some of which are imported where they are found
(httpx takes rich and click), and its Python may be another one. So contestants run in the bundles.
"""

import platform
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bundle.build import REQUIREMENTS, build_for_google, build_for_lambda
from bundle.interpreter import find_python
from bundle.targets import Lambda, python_version
from bundle.wheels import compile_sources, install

FUNCTION: Final = "live_pulse"


@dataclass(frozen=True)
class Deployed:
    """An interpreter beside which nothing is installed, and a folder for each cloud."""

    python: Path
    on_google: Path
    on_lambda: Path


def unpack(settings_file: Path, scratch: Path) -> Deployed:
    """Returns the function as Google's buildpack and as Lambda lay it out, for this machine's processor."""
    target = Lambda("arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64", python_version())
    bundles, python = scratch / "bundles", find_python(target.python)
    on_google = _unzip(build_for_google(FUNCTION, settings_file, bundles).path, scratch / "google")
    install(on_google / REQUIREMENTS, on_google, target)
    compile_sources(on_google, python)
    built = build_for_lambda(FUNCTION, settings_file, target, bundles)
    on_lambda = _unzip(built.path, scratch / "lambda")
    return Deployed(_empty_environment(python, scratch / "python"), on_google, on_lambda)


def _unzip(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def _empty_environment(python: Path, folder: Path) -> Path:
    subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"
