"""The commands that README and guide show are run, one after the other, where a plant is configured."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devstack.access import SupabaseAccess
from devstack.members import sign_up
from plantpulse.schedules.slots import slot_at_or_before
from tests.cli.conftest import CommandLine
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import Floor, World
from tests.patience import ENDS_S

ROOT = Path(__file__).parents[2]


def commands(page: str, headline: str) -> list[str]:
    """Return the commands below a headline, without comments."""
    text = (ROOT / page).read_text(encoding="utf-8")
    [block] = re.findall(rf"^## {headline}$.*?^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line.partition("  #")[0].strip() for line in block.splitlines()]


TOUR = commands("docs/command-line.md", "A tour")
ON_THE_PATH = 'export PATH="$PWD/.venv/bin:$PATH"'


def test_the_commands_of_the_readme_are_part_of_the_tour() -> None:
    assert "plantpulse check" in commands("README.md", "Use it")
    assert set(commands("README.md", "Use it")) <= set(TOUR)


@pytest.mark.parametrize(("page", "headline"), [("README.md", "Use it"), ("docs/command-line.md", "A tour")])
def test_a_newcomer_is_told_first_how_to_get_plantpulse_on_the_path(page: str, headline: str) -> None:
    assert commands(page, headline)[:2] == [ON_THE_PATH, "plantpulse check"]


def test_every_command_of_the_tour_works(
    cli: CommandLine, world: World, floor: Floor, supabase: SupabaseAccess, mssql: SqlServerUnderTest
) -> None:
    guide = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    tables = [block.partition("```")[0] for block in guide.split("```csv\n")[1:]]
    names = ("cost-centers", "assets", "targets", "closed-days", "product-rates")
    for name, table in zip(names, tables, strict=True):
        cli.write(f"{name}.csv", table)
    sign_up(supabase, "ada")
    world.store.execute("delete from public.shift_targets")
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:40:00")
    world.tick()  # in March, where the incident is
    world.now = datetime.now(UTC)
    world.tick(slot_at_or_before(world.now, timedelta(minutes=15)))
    (cli.folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    on_the_path, *tour = TOUR

    failed = {}
    for command in tour:
        ended = subprocess.run(
            ["/bin/bash", "-c", f"{on_the_path}\n{command}"],
            cwd=cli.folder, env=cli.environ, capture_output=True, text=True, timeout=ENDS_S, check=False,
        )  # fmt: skip
        if ended.returncode:
            failed[command] = ended.stdout + ended.stderr

    # An outside server has one login, which may write: what check says then is right.
    assert set(failed) <= {"plantpulse check"}, failed
    assert ("INSERT" in failed.get("plantpulse check", "")) is (mssql.stand_in is None)
    assert len(TOUR) >= 15
    assert (cli.folder / "plantpulse.schema.json").stat().st_size > 1000
