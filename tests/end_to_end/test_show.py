"""How rows and reports look to a person."""

import io
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console, RenderableType

from devstack import show

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


def rendered(what: RenderableType, width: int = 80, *, is_terminal: bool = False) -> str:
    colours: Literal["standard"] | None = "standard" if is_terminal else None
    console = Console(file=io.StringIO(), width=width, color_system=colours, no_color=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def last_line(what: RenderableType) -> str:
    return words(rendered(what).splitlines()[-1])


def words(line: str) -> str:
    return " ".join(line.split())


def snapshot(**changed: Any) -> dict[str, Any]:
    return {
        "asset": {"name": "Press 1", "area": "Body Shop"},
        "snapshot_timestamp": "2026-11-22T17:45:00+00:00",
        "output_actual": 1234.0,
        "output_target": 1400.5,
        "variance_percent": -11.886,
        "status": "below_target",
        "oee_current": 82.04,
        "oee_source": "reported",
        "downtime_minutes": 3,
        **changed,
    }


def test_a_snapshot_is_one_line_with_its_age() -> None:
    lines = rendered(show.snapshots([snapshot()], NOON)).splitlines()

    assert words(lines[-2]) == "Body Shop"
    assert words(lines[-1]) == "Press 1 1,234 1,400 -11.9 below 82.0 reported 3 15"


def test_what_is_not_known_is_a_dash_and_never_a_zero() -> None:
    idle = snapshot(
        variance_percent=None, oee_current=None, oee_source=None, downtime_minutes=0, status="on_target"
    )

    assert last_line(show.snapshots([idle], NOON)) == "Press 1 1,234 1,400 - on target - - - 15"


def test_an_area_is_named_once() -> None:
    rows = [snapshot(), snapshot(asset={"name": "Press 2", "area": "Body Shop"})]

    assert rendered(show.snapshots(rows, NOON)).count("Body Shop") == 1


@pytest.mark.parametrize(
    ("status", "colour"), [("below_target", "1;31"), ("on_target", "32"), ("above_target", "1;36")]
)
def test_a_status_has_a_colour_on_a_terminal_alone(status: str, colour: str) -> None:
    table = show.snapshots([snapshot(status=status)], NOON)

    assert f"\x1b[{colour}m" in rendered(table, is_terminal=True)
    assert "\x1b" not in rendered(table)


def test_a_change_shows_both_and_what_stayed_shows_once() -> None:
    was = snapshot()
    row = snapshot(output_actual=1300.0, status="on_target")

    assert last_line(show.changes([was], [row])) == "Press 1 1,234 → 1,300 -11.9 below → on target 82.0"


def test_an_incident_is_shown_at_the_plants_time_with_white_space_made_plain() -> None:
    event = {
        "event_timestamp": "2026-11-22T05:55:00+00:00",
        "asset": {"name": "Weld cell 2"},
        "reason_code": " Safety  Issue",
        "severity": "critical",
        "details": None,
    }

    assert last_line(show.safety_events([event], CHICAGO)) == "Sat 23:55 Weld cell 2 Safety Issue critical -"


def test_no_line_is_wider_than_80_columns() -> None:
    row = snapshot(asset={"name": "Assembly line 1", "area": "Final Assembly"}, variance_percent=-100.0)
    other = snapshot(asset=row["asset"], output_actual=12345.0, status="on_target", variance_percent=112.5)

    tables = (show.snapshots([row], NOON), show.changes([row], [other]))

    assert max(len(line) for table in tables for line in rendered(table).splitlines()) <= 80
    assert "Assembly line 1" in rendered(tables[0])


def test_a_report_says_why_it_failed() -> None:
    body = {
        "outcome": "failed",
        "run_id": 4,
        "attempt": 1,
        "duration_ms": 12,
        "is_cold_start": False,
        "window": {"start": "2026-11-22T17:15:00+00:00", "until": "2026-11-22T17:45:00+00:00"},
        "counts": {"output_rows": 3},
        "timings_ms": {"claim": 9},
        "warnings": [{"code": "slow_run", "message": "it took long"}],
        "error": {"code": "source_login_failed", "message": "connecting: refused", "is_retryable": False},
    }

    text = rendered(show.report(body, CHICAGO))

    assert "window     11:15 to 11:45" in text
    assert "warning    slow_run: it took long" in text
    assert "error      source_login_failed: connecting: refused" in text


def test_a_daily_summary_shows_figures_and_what_is_not_known() -> None:
    row = {
        "asset": {"name": "Press 1", "area": "Body Shop"},
        "actual_output": 10726,
        "target_output": 12000,
        "oee_percentage": 81.3421,
        "availability_percentage": 86.8,
        "performance_percentage": 94.7,
        "quality_percentage": None,
        "downtime_minutes": 1305,
        "waste_count": 111,
        "financial_loss": 4023.75,
    }

    assert last_line(show.summaries([row])) == "Press 1 10,726 12,000 81.3 86.8 94.7 - 1,305 111 4,024"


def test_a_mail_is_its_subject_once_and_how_its_text_begins() -> None:
    subject = "No data from [bold]north[/]"
    text = f"{subject}\n\n" + "\n".join(f"line {number}" for number in range(1, 10))

    lines = rendered(show.mail(["ada@example.com"], subject, text)).splitlines()

    inside = [words(line.strip("│ ")) for line in lines[1:-1]]
    assert inside == [
        "To: ada@example.com",
        subject,
        "",
        *(f"line {number}" for number in range(1, 9)),
        "...",
    ]
    assert max(map(len, lines)) <= 76
