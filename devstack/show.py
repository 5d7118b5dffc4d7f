"""How a run and what it wrote look to a person: report, snapshots, incidents, rejected rows.

Pure: rows and reports as they come over HTTP go in, `rich` renderables come out. Everything fits 80 columns.
Times are shown on the plant's clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Record = Mapping[str, Any]

STATUS = {
    "below_target": Text("below", "bold red"),
    "on_target": Text("on target", "green"),
    "above_target": Text("above", "bold cyan"),
}
SEVERITY_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "low": ""}
OUTCOME_STYLE = {
    "succeeded": "bold green",
    "duplicate": "bold cyan",
    "partial": "bold yellow",
    "failed": "bold red",
}
NOTHING = Text("-", "dim")
QUERIES = ("output", "downtime", "oee", "quality", "labor", "safety")
STEPS = ("claim", "connect", "read", "safety", "evaluate", "commit")
OEE_AND_FACTORS = ("oee", "availability", "performance", "quality")
LINES_OF_A_MAIL = 8
SERIES_SHOWN = 8
TABLES_SEEN = ("assets", "live_snapshots", "safety_events", "rejected_records")


def report(body: Record, zone: ZoneInfo) -> Table:
    """The run report in a few lines."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _report_lines(body, zone):
        table.add_row(name, value)
    return table


def mail(recipients: Sequence[str], subject: str, text: str) -> Panel:
    """A mail as a mailbox shows it: who received it, its subject, and how its text begins."""
    lines = [line for line in text.strip().splitlines() if line not in {"", subject}]
    shown = "\n".join([*lines[:LINES_OF_A_MAIL], *(["..."] if len(lines) > LINES_OF_A_MAIL else [])])
    words = Text.assemble((f"To: {', '.join(recipients)}\n", "dim"), (f"{subject}\n\n", "bold"), shown)
    return Panel(words, box=box.ROUNDED, width=76)


def snapshots(rows: Sequence[Record], now: datetime) -> Table:
    """What every asset did in the window, by area; `age` is the time since the window's end."""
    table = _table(
        "Asset",
        *(">Actual\nunits", ">Target\nunits", ">Variance\n%", "Status"),
        *(">OEE\n%", "OEE\nfrom", ">Down\nmin", ">Age\nmin"),
    )
    for row in _by_area(rows, table):
        table.add_row(
            f"  {row['asset']['name']}",
            _number(row["output_actual"]),
            _number(row["output_target"]),
            _number(row["variance_percent"], "+.1f"),
            STATUS[row["status"]],
            _number(row["oee_current"], ".1f"),
            row["oee_source"] or NOTHING,
            _number(row["downtime_minutes"] or None),
            _number((now - _instant(row["snapshot_timestamp"])) / timedelta(minutes=1)),
        )
    return table


def changes(before: Sequence[Record], after: Sequence[Record]) -> Table:
    """How the assets stand now against the slot before."""
    table = _table("Asset", ">Actual units", ">Variance %", "Status", ">OEE %", gap=2)
    earlier = {row["asset"]["name"]: row for row in before}
    for row in _by_area(after, table):
        was = earlier[row["asset"]["name"]]
        table.add_row(
            f"  {row['asset']['name']}",
            _change(_number(was["output_actual"]), _number(row["output_actual"])),
            _change(_number(was["variance_percent"], "+.1f"), _number(row["variance_percent"], "+.1f")),
            _change(STATUS[was["status"]], STATUS[row["status"]]),
            _change(_number(was["oee_current"], ".1f"), _number(row["oee_current"], ".1f")),
        )
    return table


def summaries(rows: Sequence[Record]) -> Table:
    """What every asset did in a production day, by area."""
    table = _table(
        "Asset",
        *(">Actual\nunits", ">Target\nunits", ">OEE\n%", ">Avail.\n%", ">Perf.\n%", ">Qual.\n%"),
        *(">Down\nmin", ">Scrap\nunits", ">Loss\n$"),
    )
    for row in _by_area(rows, table):
        table.add_row(
            f"  {row['asset']['name']}",
            _number(row["actual_output"]),
            _number(row["target_output"]),
            *(_number(row[f"{name}_percentage"], ".1f") for name in OEE_AND_FACTORS),
            _number(row["downtime_minutes"]),
            _number(row["waste_count"]),
            _number(row["financial_loss"]),
        )
    return table


def safety_events(rows: Iterable[Record], zone: ZoneInfo) -> Table:
    """The incidents, the latest first, with what was typed in about them."""
    table = _table("When", "Asset", "Reason", "Severity", "Details", gap=2)
    for row in rows:
        table.add_row(
            local(_instant(row["event_timestamp"]), zone, "%a %H:%M"),
            row["asset"]["name"],
            " ".join(row["reason_code"].split()),
            Text(row["severity"], SEVERITY_STYLE[row["severity"]]),
            row["details"] or NOTHING,
        )
    return table


def rejected(rows: Iterable[Record]) -> Table:
    """The rows that could not be used, as the source returned them."""
    table = _table("Query", "Reason", "Row", gap=2)
    for row in rows:
        told = ", ".join(f"{name}={_plain(value)}" for name, value in row["row"].items())
        table.add_row(row["query"], Text(row["reason"], "yellow"), told)
    return table


def series(rows: Sequence[Record]) -> Table:
    """What is stored of each series: its newest value and how far it reaches; the loads and some more."""
    table = _table("Series", "Newest value", "Unit", "Until (UTC)")
    shown = sorted(rows, key=lambda row: row["kind"] != "load")[:SERIES_SHOWN]
    for row in shown:
        table.add_row(row["key"], _number(float(row["value"]), ",.2f"), row["unit"], row["until"][5:16])
    if more := len(rows) - len(shown):
        table.add_row(f"and {more} more", style="dim")
    return table


def gaps(rows: Iterable[Record], zone: ZoneInfo) -> Table:
    """The gaps that were found, and what became of them."""
    table = _table("Series", "From (plant time)", "Until", "State")
    for row in rows:
        ends = (local(_instant(row[name]), zone, "%a %H:%M") for name in ("starts_at", "ends_at"))
        table.add_row(
            row["group"], *ends, Text(row["state"], "bold green" if row["state"] == "filled" else "")
        )
    return table


def tags(rows: Iterable[Record]) -> Table:
    """What bursts stored of each group; `missed` are slots between the first and the last without a row."""
    table = _table("Group", ">Samples", ">Missed", ">Twice", "Newest")
    for row in rows:
        counts = (
            Text(f"{row[name]:,}", "green" if row[name] == 0 else "bold red") for name in ("missed", "twice")
        )
        table.add_row(row["group"], f"{row['samples']:,}", *counts, row["newest"])
    return table


def footprints(before: Mapping[str, int], after: Mapping[str, int]) -> Table:
    """The same counts before and after."""
    table = _table("", ">Before", ">After", gap=2)
    for name, count in before.items():
        style = "green" if after[name] == count else "bold red"
        table.add_row(name, f"{count:,}", Text(f"{after[name]:,}", style))
    return table


def people(seen: Mapping[str, Mapping[str, int]]) -> Table:
    """How many rows of each table everybody gets."""
    table = _table("Signed in as", *(f">{name.replace('_', ' ')}" for name in TABLES_SEEN), gap=2)
    for name, counts in seen.items():
        table.add_row(name, *(_number(counts[of] or None) for of in TABLES_SEEN))
    return table


def told(body: Record) -> str:
    """What an answer comes to, in one sentence: a report's outcome, an error's message."""
    error = body.get("error")
    outcome = body.get("outcome", "refused")
    return f"{outcome}, {error['code']}: {error['message']}" if error else str(outcome)


def local(instant: datetime, zone: ZoneInfo, form: str = "%H:%M") -> str:
    """An instant on the plant's clock."""
    return instant.astimezone(zone).strftime(form)


def _report_lines(body: Record, zone: ZoneInfo) -> Iterable[tuple[str, Text | str]]:
    yield "outcome", Text(body["outcome"], OUTCOME_STYLE.get(body["outcome"], "bold"))
    started = ", cold start" if body["is_cold_start"] else ""
    yield "run", f"{body['run_id']}, attempt {body['attempt']}, {body['duration_ms']} ms{started}"
    yield "window", " to ".join(local(_instant(body["window"][end]), zone) for end in ("start", "until"))
    counts = body["counts"]
    yield "rows read", _listed({name: counts.get(f"{name}_rows", 0) for name in QUERIES})
    yield "snapshots", _listed(_counts_of("snapshots_", counts))
    yield "safety", _listed(_counts_of("safety_", counts))
    set_aside = {"malformed rows": "rejected", "unknown asset names": "assets_unknown"}
    yield "set aside", _listed({words: counts.get(name, 0) for words, name in set_aside.items()})
    yield "time", _listed({name: f"{body['timings_ms'].get(name, 0)} ms" for name in STEPS})
    for warning in body["warnings"]:
        yield "warning", Text(f"{warning['code']}: {warning['message']}", "yellow")
    if body["error"]:
        yield "error", Text(f"{body['error']['code']}: {body['error']['message']}", "red")


def _table(*titles: str, gap: int = 1) -> Table:
    """An empty table; columns whose title begins with > are numbers."""
    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, padding=(0, gap - 1, 0, 0), pad_edge=False, header_style="bold"
    )
    for title in titles:
        is_number = title.startswith(">")
        table.add_column(title.removeprefix(">"), justify="right" if is_number else "left", no_wrap=is_number)
    return table


def _by_area(rows: Sequence[Record], table: Table) -> Iterable[Record]:
    """Yield the rows, each area under a line of its own in the table."""
    area = None
    for row in rows:
        if row["asset"]["area"] != area:
            area = row["asset"]["area"]
            table.add_row(Text(area, "bold"))
        yield row


def _change(was: Text, is_now: Text) -> Text:
    if was.plain == is_now.plain:
        return is_now
    return Text.assemble((was.plain, "dim"), " → ", is_now)


def _number(value: float | None, form: str = ".0f") -> Text:
    """A number; beside whole ones, parts of a unit do not help anybody."""
    return NOTHING if value is None else Text(f"{value:,{form}}" if form == ".0f" else f"{value:{form}}")


def _counts_of(prefix: str, counts: Record) -> dict[str, Any]:
    found = {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}
    return {name: found[name] for name in ("written", "recorded", "updated", "unchanged") if name in found}


def _listed(values: Record) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "none"


def _plain(value: Any) -> str:
    return "null" if value is None else str(value)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
