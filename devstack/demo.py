"""`make run`: shows what plantpulse does, on real components, and proves it on the way.

A plant has worked until a quarter of an hour ago. The scheduler calls, and calls again; the plant works on,
and the scheduler calls for the next slot. Everything that is shown was read back from Supabase the way a
signed-in member of the plant reads it.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx
from psycopg import sql
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from devstack import show, stack
from devstack.clock import STEP
from devstack.function import Answer, Function
from devstack.machines import READ_ON_REQUEST, Bursts
from devstack.mailbox import Mail
from devstack.members import Person
from devstack.patience import ENDS_S
from devstack.plant.model import Plant, northfield
from devstack.plant.rows import Downtime, Production
from devstack.remains import left_over
from devstack.stack import Stack
from devstack.steps import Steps
from plantpulse.schedules.schedules import DailyAt
from plantpulse.schedules.slots import slot_at_or_before

Record = dict[str, Any]

DID_WORK = ("succeeded", "partial")
# From the start of a stop until an operator types that it was an incident: longer than a poll's window.
TYPED_AFTER = timedelta(minutes=63)
A_DAY = timedelta(days=1)

_LATE_INCIDENT = "Safety incident at Press 1: safety issue"
_SNAPSHOTS = {"select": "*,asset:assets(name,area)", "order": "asset_id"}
_EVENTS = {"select": "*,asset:assets(name)", "order": "event_timestamp.desc"}
_FIXED_GROUPS = {"select": "id,name,interval_ms", "mode": "eq.fixed", "order": "name"}
_REJECTED = {"select": "query,reason,row", "order": "id"}


class NothingToShow(Exception):
    """A poll did no work, so that what would come next has nothing to show."""


@dataclass
class Verdict:
    """What was not as expected, so far."""

    surprises: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a surprise unless the expectation holds."""
        if not holds:
            self.surprises.append(otherwise)


def run(console: Console) -> int:
    """Show everything; return the exit code, 0 when all was as expected."""
    verdict = Verdict()
    latest = slot_at_or_before(datetime.now(UTC), STEP)
    console.print("[bold]plantpulse[/]: a plant, its SQL Server, Supabase and a function, all on 127.0.0.1\n")
    with stack.running(northfield(), latest - STEP, Steps(console)) as running:
        try:
            _Demonstration(console, running, verdict).show(latest - STEP, latest)
        except NothingToShow as reason:
            verdict.expect(False, str(reason))
    for left in left_over(running.remains):
        verdict.expect(False, f"left behind: {left}")
    return _conclude(console, verdict)


def typed_late(plant: Plant, now: datetime) -> Downtime:
    """Return an incident of an hour ago that somebody types in only now, and carelessly."""
    happened_at = plant.local((now - TYPED_AFTER).replace(second=0, microsecond=0))
    notes = "Emergency stop pulled: oil on the walkway beside the press. Cleaned, nobody hurt."
    return Downtime(now, plant.assets[0].name_in_records, "safety  issue ", 6, happened_at, notes)


@dataclass(frozen=True)
class _Demonstration:
    """The three deliveries, and what is seen of them."""

    console: Console
    stack: Stack
    verdict: Verdict

    def show(self, first: datetime, second: datetime) -> None:
        before = self._poll_first(first)
        self._repeat(first)
        self._poll_next(second, before)
        bursts = Bursts(self.stack.tags)
        first_burst = bursts.call()  # it polls while the rest is shown
        self._compare_people()
        self._report_a_day(second)
        self._tell_people()
        self._collect_series()
        self._relieve(bursts, first_burst)

    def _poll_first(self, slot: datetime) -> list[Record]:
        self._headline(1, f"The scheduler calls for {self._local(slot)}, plant time")
        self._poll(slot)
        rows = self._snapshots(slot)
        span = f"the half hour from {self._local(slot - 2 * STEP)} to {self._local(slot)}"
        self._show(f"Snapshots: {span}", show.snapshots(rows, datetime.now(UTC)))
        self._show_events("the last 24 hours, recorded before anything else", limit="5")
        rejected = self.stack.manager.read("rejected_records", **_REJECTED)
        self.verdict.expect(bool(rejected), "first tick: no rejected rows")
        self._show("Rejected rows: kept aside, the others went on", show.rejected(rejected))
        self._call_health()  # as every minute: what can wait is told while it lasts
        return rows

    def _repeat(self, slot: datetime) -> None:
        self._headline(2, f"The same call for {self._local(slot)} again: schedulers deliver at least once")
        before = self._footprint()
        answer = self._deliver(slot)
        after = self._footprint()
        self.verdict.expect(
            answer.body.get("outcome") == "duplicate", f"repeated tick: {show.told(answer.body)}"
        )
        self.verdict.expect(before == after, f"repeated tick: {before} became {after}")
        self.console.print(
            f"   [bold cyan]duplicate[/] of run {answer.body.get('run_id')}: nothing changed\n"
        )
        self._print(show.footprints(before, after))

    def _poll_next(self, slot: datetime, before: list[Record]) -> None:
        now = datetime.now(UTC)
        written = self.stack.work_on(slot - STEP, now)
        self.stack.enter(Production(downtime=(typed_late(self.stack.plant, now),)))
        self._headline(3, f"The plant works on and writes {written} rows; the call for {self._local(slot)}")
        run_id = self._poll(slot)
        self._show(
            f"What changed since {self._local(slot - STEP)}", show.changes(before, self._snapshots(slot))
        )
        self._show_events("new; the reason was typed in an hour after the stop", run_id=f"eq.{run_id}")

    def _compare_people(self) -> None:
        self._headline(4, "Who sees what: Row Level Security by membership in the plant")
        seen = {
            name: {table: len(person.read(table)) for table in show.TABLES_SEEN}
            for name, person in self._people().items()
        }
        self._print(show.people(seen))
        self.verdict.expect(not any(seen["stranger"].values()), f"a stranger sees {seen['stranger']}")
        self.verdict.expect(not seen["viewer"]["rejected_records"], "a viewer sees rejected rows")

    def _report_a_day(self, now: datetime) -> None:
        """Deliver the last morning to the Morning Report and show the day before it."""
        zone = self.stack.plant.timezone
        morning = DailyAt(time(6), zone).slot_at_or_before(now)
        day = morning - A_DAY
        self._headline(5, f"The morning after: the Morning Report of {show.local(day, zone, '%A')}")
        self._deliver_morning(morning)
        query = {"report_date": f"eq.{show.local(day, zone, '%Y-%m-%d')}", **_SNAPSHOTS}
        rows = self.stack.viewer.read("daily_summaries", **query)
        expected = len(self.stack.plant.mapped_assets)
        self.verdict.expect(len(rows) == expected, f"{len(rows)} summaries instead of {expected}")
        self._show("Daily summaries: what each asset made and lost", show.summaries(rows))
        for row in sorted(rows, key=lambda row: -(row["financial_loss"] or 0))[:1]:
            self.console.print(Padding(escape(row["summary_text"]), (1, 0, 0, 3)))

    def _deliver_morning(self, morning: datetime) -> None:
        function = self.stack.morning_report
        answer = function.deliver(morning)
        self.console.print(f"   [dim]POST {function.url} → {answer.status} in {answer.seconds:.2f} s[/]")
        told = f"morning report: {show.told(answer.body)}"
        self.verdict.expect(answer.body.get("outcome") in DID_WORK, told)

    def _tell_people(self) -> None:
        """Show the mail of the late incident, and those that health sends."""
        self._headline(6, "Who hears of it: mails of the channel office, as they arrived")
        self._call_health()
        mails = self._mails()
        # The plant may have had another incident meanwhile: then one mail has both.
        incidents = [mail for mail in mails if _LATE_INCIDENT in mail.text]
        others = [mail for mail in mails if "ncident" not in mail.subject]
        self.console.print("   The function that finds an incident sends it before it answers:\n")
        self._print_mails(incidents[-1:])
        self.console.print("   Health, which is called every minute, sends what can wait:\n")
        self._print_mails(others)
        texts = [f"{mail.subject}\n{mail.text}" for mail in mails]
        self.verdict.expect(bool(incidents), "no mail of the late incident")
        self.verdict.expect(bool(others), "no mail of health")
        self.verdict.expect(len(set(texts)) == len(texts), "a mail came twice")

    def _collect_series(self) -> None:
        """Collect energy data, let the publisher mend a hole, and have the gap found and filled."""
        self._headline(7, "Energy: loads and generation, and a publisher with a hole in them")
        now = datetime.now(UTC)
        collected = self._deliver_to(self.stack.energy_actuals, slot_at_or_before(now, 2 * STEP))
        self.verdict.expect(collected.get("counts", {}).get("points_new", 0) > 0, "no values were collected")
        status: Any = self.stack.viewer.read("rpc/series_status")
        self._show("Series: what is stored, as a member reads it", show.series(status["series"]))
        self.console.print()
        self.console.print("   The publisher enters what it had left out; the search for gaps is called:\n")
        self.stack.fill_hole()
        self._deliver_to(self.stack.series_gaps, slot_at_or_before(now, 16 * STEP))
        gaps = self.stack.viewer.read("gaps", select="group,starts_at,ends_at,state", order="id")
        # Beside the hole there may be gaps of the newest hours: due, but not published yet.
        filled = [gap["group"] for gap in gaps if gap["state"] == "filled"]
        self.verdict.expect(filled == ["DE/load"], f"gaps: {gaps}")
        self._show(
            "Gaps: the hole was found and filled in one run", show.gaps(gaps, self.stack.plant.timezone)
        )

    def _relieve(self, bursts: Bursts, first_burst: Future[Answer]) -> None:
        """Have one burst of machine tags relieve another, read a group on request, and stop everything."""
        self._headline(8, "Machines: a second burst relieves the first, and nothing is missed")
        second_burst = bursts.call()
        self._read_on_request()
        relieved = first_burst.result()
        self._expect_burst("the first burst", relieved)
        took = f"{relieved.seconds:.1f} s"
        self.console.print(f"   The first burst heard of it, ended its slot, and answered after {took}.\n")
        self.stack.manager.write("tag_commands", {"plant": self.stack.plant.key, "kind": "stop"})
        self._expect_burst("the second burst", second_burst.result())
        bursts.close()
        rows = [self._polled(group) for group in self.stack.viewer.read("tag_groups", **_FIXED_GROUPS)]
        self.verdict.expect(all(row["samples"] > 0 for row in rows), f"machine tags: {rows}")
        self.verdict.expect(not any(row["missed"] or row["twice"] for row in rows), f"machine tags: {rows}")
        self._show("Samples of both bursts: a row for each second", show.tags(rows))

    def _read_on_request(self) -> None:
        body = {"plant": self.stack.plant.key, "group": READ_ON_REQUEST}
        response = httpx.post(self.stack.tags.url, json=body, timeout=ENDS_S)
        answer = response.json()
        self.verdict.expect(response.status_code == httpx.codes.OK, f"read on request: {answer}")
        [value] = answer.get("values", [{}])
        self.console.print(
            f"   Meanwhile somebody asks for the group {READ_ON_REQUEST}, which is read in the call:\n"
            f"   [bold]{value.get('tag')}: {value.get('value')} {value.get('unit')}[/]\n"
        )

    def _expect_burst(self, which: str, answer: Answer) -> None:
        self.verdict.expect(answer.body.get("outcome") in DID_WORK, f"{which}: {show.told(answer.body)}")

    def _polled(self, group: Record) -> Record:
        samples = self.stack.viewer.read(
            "tag_samples", select="slot,quality", group_id=f"eq.{group['id']}", order="slot"
        )
        slots = [datetime.fromisoformat(sample["slot"]) for sample in samples]
        due = (slots[-1] - slots[0]) // timedelta(milliseconds=group["interval_ms"]) + 1 if slots else 0
        kept = len(set(slots))
        newest = "good" if samples and samples[-1]["quality"] == 0 else "bad"
        return {
            "group": group["name"],
            "samples": kept,
            "missed": due - kept,
            "twice": len(slots) - kept,
            "newest": newest,
        }

    def _deliver_to(self, function: Function | None, slot: datetime) -> Record:
        if function is None:  # only on a compressed clock
            raise NothingToShow("series are not served")
        answer = function.deliver(slot)
        self.console.print(f"   [dim]POST {function.url} → {answer.status} in {answer.seconds:.2f} s[/]")
        told = f"series: {show.told(answer.body)}"
        self.verdict.expect(answer.body.get("outcome") in DID_WORK, told)
        return answer.body

    def _call_health(self) -> None:
        answer = self.stack.health.deliver(datetime.now(UTC))
        self.verdict.expect(answer.status == httpx.codes.OK, f"health: status {answer.status}")

    def _mails(self) -> list[Mail]:
        return self.stack.mailbox.mails()

    def _print_mails(self, mails: Sequence[Mail]) -> None:
        for mail in mails:
            self.console.print(Padding(show.mail(mail.recipients, mail.subject, mail.text), (0, 0, 1, 3)))

    def _people(self) -> dict[str, Person]:
        return {"stranger": self.stack.stranger, "viewer": self.stack.viewer, "manager": self.stack.manager}

    def _poll(self, slot: datetime) -> int:
        """Deliver a slot that is to be polled, show the report and return the run's id."""
        mails = len(self._mails())
        answer = self._deliver(slot)
        self.verdict.expect(
            len(self._mails()) > mails, f"tick {self._local(slot)}: no mail before the answer"
        )
        if "outcome" in answer.body:
            self._print(show.report(answer.body, self.stack.plant.timezone))
        if answer.body.get("outcome") not in DID_WORK:
            raise NothingToShow(f"tick {self._local(slot)}: {show.told(answer.body)}")
        return int(answer.body["run_id"])

    def _deliver(self, slot: datetime) -> Answer:
        answer = self.stack.function.deliver(slot)
        self.verdict.expect(
            answer.status == httpx.codes.OK, f"tick {self._local(slot)}: status {answer.status}"
        )
        self.console.print(
            f"   [dim]POST {self.stack.function.url} → {answer.status} in {answer.seconds:.2f} s[/]"
        )
        return answer

    def _snapshots(self, slot: datetime) -> list[Record]:
        rows = self.stack.viewer.read(
            "live_snapshots", snapshot_timestamp=f"eq.{slot.isoformat()}", **_SNAPSHOTS
        )
        expected = len(self.stack.plant.mapped_assets)
        self.verdict.expect(len(rows) == expected, f"{len(rows)} snapshots instead of {expected}")
        return rows

    def _show_events(self, what: str, **query: str) -> None:
        events = self.stack.viewer.read("safety_events", **_EVENTS, **query)
        self.verdict.expect(bool(events), f"no safety event: {what}")
        self._show(f"Safety events: {what}", show.safety_events(events, self.stack.plant.timezone))

    def _footprint(self) -> dict[str, int]:
        """Count every row in Supabase and every connection to SQL Server."""
        with self.stack.supabase.access.connect() as connection:
            tables = connection.execute(
                "select tablename from pg_tables where schemaname = 'public'"
            ).fetchall()
            counts = sql.SQL(" + ").join(
                sql.SQL("(select count(*) from public.{})").format(sql.Identifier(table["tablename"]))
                for table in tables
            )
            [row] = connection.execute(sql.SQL("select {} as rows").format(counts)).fetchall()
        connections = self.stack.sql_server.connections
        return {"rows in Supabase": row["rows"], "connections to SQL Server": connections}

    def _headline(self, number: int, text: str) -> None:
        self.console.print(f"\n[bold]{number}  {escape(text)}[/]\n")

    def _show(self, title: str, table: Table) -> None:
        name, _, rest = title.partition(":")
        self.console.print(f"\n   [bold]{escape(name)}[/]{':' if rest else ''}{escape(rest)}\n")
        self._print(table)

    def _print(self, table: Table) -> None:
        self.console.print(Padding(table, (0, 0, 0, 3), expand=False))

    def _local(self, instant: datetime) -> str:
        return show.local(instant, self.stack.plant.timezone)


def _conclude(console: Console, verdict: Verdict) -> int:
    if verdict.surprises:
        console.print("\n[bold red]Not as expected:[/]")
        for surprise in verdict.surprises:
            console.print(f"  - {escape(surprise)}")
        return 1
    console.print("\n[bold green]All as expected.[/] Every process has ended, and the data is deleted.")
    console.print("Next: [bold]make up[/]    keeps it running to look around in, on a compressed clock")
    console.print("      [bold]make test[/]  runs the whole suite on the same stack")
    console.print("      docs/architecture.md says how it works")
    return 0
