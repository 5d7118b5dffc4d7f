"""A copy of this repository, to which a test adds a pipeline that lives in `sample/` alone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SAMPLE: Final = Path(__file__).with_name("sample")
_COPIED: Final = (
    "src",
    "functions",
    "bundle",
    "devstack",
    "infra",
    "docs",
    "requirements",
    "supabase",
    "examples",
    "tests",
)
_COPIED_FILES: Final = (".importlinter", "pyproject.toml", "plantpulse.yaml")

# What a new pipeline changes in files that are there already: what is added behind which text.
CHANGES: Final[Mapping[str, Mapping[str, str]]] = {
    "src/plantpulse/settings/settings.py": {
        "from plantpulse.settings.supabase import SupabaseSettings\n": (
            "from plantpulse.settings.tool_wear import ToolWearSettings\n"
        ),
        'setting(CleanupSettings(), description="Settings of the cleanup")\n': (
            "    tool_wear: ToolWearSettings = setting(ToolWearSettings(), description='Tool wear')\n"
        ),
    },
    "src/plantpulse/schedules/pipelines.py": {
        "PIPELINES: Final = (\n": (
            "    RegisteredFunction(\n"
            "        name='tool_wear',\n"
            "        purpose='Counts the assets of each plant',\n"
            "        memory_mb=128,\n"
            "        calls=of_each_plant('tool_wear', on_grid, needs_sql_server=False),\n"
            "        job='plantpulse.tool_wear:ToolWear',\n"
            "    ),\n"
        ),
    },
    ".importlinter": {
        "    live_pulse | morning_report | health | cleanup": " | tool_wear",
        " | manual_calls | sql_server | supabase": " | tool_wear",
    },
}


@dataclass
class Repository:
    """The copy. `places` counts what the sample changed: a new file is one, and each change of an old one."""

    folder: Path
    places: list[str] = field(default_factory=list)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run Python as a process of its own, with the copy's code."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=kept | {"PYTHONPATH": f"{self.folder / 'src'}:{self.folder}"} | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def add_sample(self, *, but: str | None = None) -> None:
        """Add the pipeline, all of it or all `but` one file."""
        for path in sorted(path for path in SAMPLE.rglob("*.py") if path.is_file()):
            place = path.relative_to(SAMPLE)
            (self.folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, self.folder / place)
            self.places.append(place.as_posix())
        for name, changes in CHANGES.items():
            if name != but:
                self._change(name, changes)

    def _change(self, name: str, changes: Mapping[str, str]) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        for before, added in changes.items():
            assert text.count(before) == 1, f"{name} has no line, or several, such as {before!r}"
            text = text.replace(before, before + added)
            self.places.append(name)
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A copy of what makes the product, without the sample."""
    folder = tmp_path / "repository"
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", ".terraform*", "*.zip")
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for file in (*(ROOT / name for name in _COPIED_FILES), *ROOT.glob("*.md")):
        shutil.copyfile(file, folder / file.name)
    return Repository(folder)
