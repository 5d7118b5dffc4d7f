"""What the documentation says about settings and errors is what the code has."""

import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import get_args

from plantpulse.cli.csv_tables import MOST_ROWS
from plantpulse.cli.csv_text import MOST_BYTES
from plantpulse.errors import PermanentError, PlantpulseError, TransientError
from plantpulse.health.states import State
from plantpulse.live_pulse.catch_up import CORRECTED_SLOTS
from plantpulse.runs import SLOW_RUN
from plantpulse.settings import (
    CleanupSettings,
    LivePulseSettings,
    MorningReportSettings,
    config,
    secret_variables,
    variables,
)
from plantpulse.settings.series import KEY_VARIABLES
from plantpulse.source.answers import KEPT_REJECTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VIEW = (ROOT / "src" / "plantpulse" / "health" / "view.py").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_every_variable_stands_on_the_page_of_settings_and_nothing_else() -> None:
    by_reference = {name + secret_variables.ARN_SUFFIX for name in secret_variables.SECRETS}
    passwords = {secret_variables.PASSWORD_OF_PLANT, secret_variables.PASSWORDS}
    channels = {secret_variables.SECRET_OF_CHANNEL, secret_variables.CHANNEL_SECRETS}
    publishers = {secret_variables.SERIES_KEYS, *KEY_VARIABLES.values()}
    known = {
        *variables.ENVIRONMENT,
        *(*by_reference, *passwords, *channels, *publishers),
        config.CONFIG_FILE_VARIABLE,
    }

    told = set(re.findall(r"`([A-Z]+_[A-Z_]+?)(?:<PLANT>|<CHANNEL>)?`", SETTINGS))

    assert told == known


def told_by_operations(*sections: str) -> set[str]:
    """Return the codes that the tables of these sections explain."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    tables = [part for part in text.split("\n## ") if part.partition("\n")[0] in sections]
    assert len(tables) == len(sections)
    return set(re.findall(r"^\| `([a-z_]+)` \|", "\n".join(tables), flags=re.MULTILINE))


def classes_of(error: type[PlantpulseError]) -> Iterator[type[PlantpulseError]]:
    for below in error.__subclasses__():
        yield below
        yield from classes_of(below)


def test_every_error_and_warning_stands_in_the_operations_guide_and_nothing_else() -> None:
    parents = {PlantpulseError, TransientError, PermanentError}
    errors = {error.code for error in classes_of(PlantpulseError) if error not in parents}
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    warnings = {code for text in sources for code in re.findall(r"\.warn\(\s*\"([a-z_]+)\"", text)}

    assert told_by_operations("Errors", "Warnings") == errors | warnings | {SLOW_RUN, "failure_not_recorded"}


def test_every_state_of_a_pipeline_stands_in_the_operations_guide_and_nothing_else() -> None:
    assert told_by_operations("States") == set(get_args(State))


def test_everything_that_health_shows_of_a_pipeline_is_explained() -> None:
    page = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
    section = page.partition("## Asking how it is")[2].partition("\n## ")[0]
    told = set(re.findall(r"`(?:pipelines\[\]\.)?([a-z_0-9]+)`", section))
    shown = re.findall(r"^        \"([a-z_]+)\":", VIEW, re.MULTILINE)

    assert {"state", "last_poll_timestamp", "data_age_s"} <= set(shown)
    assert set(shown) - told <= {"pipeline", "plant", "pipelines", "checked_at", "code_version"}


def test_every_page_of_the_documentation_is_linked_from_the_readme() -> None:
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}

    assert pages - set(re.findall(r"\]\(([^)#]+)", README)) == set()


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headlines, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headlines = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", headline).strip().lower().replace(" ", "-") for headline in headlines}


def broken_links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if ":" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield f"{page.relative_to(ROOT)}: {link}"


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "infra").rglob("README.md")]

    assert [link for page in pages for link in broken_links(page)] == []


def floors(text: str) -> list[set[str]]:
    """Return the names on each line of a text."""
    return [set(re.findall(r"\w+", line)) for line in text.splitlines()]


def test_the_floors_of_the_architecture_are_those_that_are_enforced() -> None:
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter", encoding="utf-8")
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    [drawn] = re.findall(r"^```\n(functions .*?)\n```$", page, re.MULTILINE | re.DOTALL)

    [top, jobs, *below] = floors(rules["importlinter:contract:layers"]["layers"].strip())
    [drawn_top, drawn_jobs, *drawn_below] = floors(drawn)

    assert drawn_top == top | {"functions"}
    assert drawn_jobs <= jobs  # a new pipeline need not be drawn
    assert drawn_below == below


def test_a_number_stands_for_one_decision() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    numbers = [path.name[:4] for path in decisions]

    assert [path.read_text(encoding="utf-8").split()[1] for path in decisions] == numbers
    assert len(set(numbers)) == len(numbers)


def test_a_decision_that_the_code_cites_is_there() -> None:
    numbers = {file.name[:4] for file in (ROOT / "docs" / "decisions").glob("0*.md")}
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "src").rglob("*.py")]

    cited = {number for source in sources for number in re.findall(r"docs/decisions/(\d{4})", source)}

    assert cited
    assert cited <= numbers


def longest_passwords_kb(cloud: str) -> int:
    text = (ROOT / "infra" / "terraform" / cloud / "secrets.tf").read_text(encoding="utf-8")
    [longest] = re.findall(r"length\(local\.values\[each\.key\]\) <= (\d+)", text)
    return int(longest) // 1024


def test_the_limits_in_numbers_are_those_of_the_code() -> None:
    pulse, report, cleanup = LivePulseSettings(), MorningReportSettings(), CleanupSettings()
    section = README.partition("| limit | in numbers |")[2].partition("\n\n")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines()[2:]]
    told = {
        name: [int(found.replace(",", "")) for found in re.findall(r"[\d,]*\d", text.partition("(")[0])]
        for name, text in cells
    }
    schema = (ROOT / "supabase" / "schema.sql").read_text(encoding="utf-8")
    seats = re.search(r"greatest\((\d+) - count\(\*\), 0\) as seats", schema)

    stops = (ROOT / "src" / "plantpulse" / "source" / "queries" / "downtime.sql").read_text(encoding="utf-8")
    days = re.search(r"dateadd\(day, -(\d+), @from\)", stops)

    assert report.row_limit == pulse.row_limit
    assert report.timeout_s == cleanup.timeout_s
    assert report.look_back_days == 1
    assert seats
    assert days
    assert told == {
        "missed polls and mornings": [pulse.catch_up_hours, report.catch_up_days],
        "late rows": [CORRECTED_SLOTS],
        "stops": [int(days[1])],
        "rows of one query": [pulse.row_limit],
        "plants of a deployment": [longest_passwords_kb("aws"), longest_passwords_kb("gcp")],
        "malformed rows": [KEPT_REJECTS],
        "names that nobody has mapped": [int(seats[1])],
        "time of a run": [pulse.timeout_s, report.timeout_s],
        "calls of a poll to Supabase": [2, 3],  # tests/functions/test_live_pulse.py
        "rows of a table to import": [MOST_ROWS, MOST_BYTES >> 20],
    }
