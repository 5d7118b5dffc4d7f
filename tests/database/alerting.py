"""A plant in which things go wrong, told by a clock that the test moves, and channels that hear of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from tests.database.conftest import Connection

BEGIN = datetime(2026, 11, 22, 6, tzinfo=UTC)
RULE, OTHER_RULE = "overdue", "stuck"
LEASE_S = 90
RETRY_S = 120


def firing(rule: str = RULE, severity: str = "warning", **changes: Any) -> dict[str, Any]:
    """Return what a rule says that fires."""
    return {"rule": rule, "subject": "", "severity": severity, "facts": {}, **changes}


def look(*fires: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a look at live_pulse of northfield that evaluated all rules."""
    return {
        "scope": "live_pulse",
        "plant": "northfield",
        "rules": [RULE, OTHER_RULE, "run_failed"],
        "firing": list(fires),
        **changes,
    }


def channel(name: str = "mail", **changes: Any) -> dict[str, Any]:
    """Return a channel that is told of everything at once."""
    return {
        "name": name,
        "least_severity": "info",
        "plants": None,
        "rules": None,
        "quiet_plants": [],
        "repeat_hours": 4,
        "is_single": False,
        "most_per_hour": 1000,
        "lease_s": LEASE_S,
        **changes,
    }


@dataclass
class Plant:
    """What happens, at the instant `now`; nothing passes but what a test lets pass."""

    database: Connection
    now: datetime = BEGIN
    messages: int = 0

    def wait(self, **span: float) -> None:
        """Let time pass: minutes=5, hours=4."""
        self.now += timedelta(**span)

    def see(self, *looks: dict[str, Any]) -> dict[str, Any] | None:
        """Apply looks; return how many episodes changed, or None."""
        query = "select public.apply_alerts(%s, %s) as changed"
        changed: dict[str, Any] | None = self.ask(query, Jsonb(list(looks)), self.now)
        return changed

    def fires(self, rule: str = RULE, severity: str = "warning", **changes: Any) -> dict[str, Any] | None:
        return self.see(look(firing(rule, severity, **changes)))

    def is_well(self) -> dict[str, Any] | None:
        return self.see(look())

    def acknowledge(self, *alert_ids: int) -> None:
        self.ask("select public.acknowledge_alerts(%s, 'ada')", list(alert_ids) or [1])

    def silence(self, *, minutes: float, **changes: Any) -> None:
        """Begin a silence of northfield that lasts so long."""
        row = {"plant": "northfield", "rule": None, "fingerprint": None, **changes}
        self.database.execute(
            """
            insert into public.silences (plant, rule, fingerprint, starts_at, ends_at, why, created_by_name)
            values (%s, %s, %s, %s, %s, 'maintenance', 'ada')
            """,
            (row["plant"], row["rule"], row["fingerprint"], self.now, self.now + timedelta(minutes=minutes)),
        )

    def claim(self, to: dict[str, Any] | None = None, limit: int = 500) -> dict[str, Any]:
        """Return what a sweep is to send."""
        query = "select public.claim_notifications(%s, %s, %s) as claimed"
        claimed: dict[str, Any] = self.ask(query, Jsonb(to or channel()), limit, self.now)
        return claimed

    def mark(
        self, claimed: dict[str, Any], to: dict[str, Any] | None = None, **result: Any
    ) -> dict[str, Any]:
        """Write down that one message with all that was claimed was sent, or what `result` says."""
        self.messages += 1
        ids = [item["notification_id"] for item in claimed["items"]]
        query = "select public.mark_notifications(%s, %s, %s, %s, %s) as marked"
        outcome = {"key": f"message-{self.messages}", **result}
        name = (to or channel())["name"]
        marked: dict[str, Any] = self.ask(query, claimed["lease"], name, ids, Jsonb(outcome), self.now)
        return marked

    def sweep(self, to: dict[str, Any] | None = None, **result: Any) -> list[str]:
        """Claim and mark; return what was told, as `occasion rule`."""
        claimed = self.claim(to)
        if claimed["items"]:
            self.mark(claimed, to, **result)
        return told(claimed)

    def fail(self, to: dict[str, Any] | None = None, **result: Any) -> list[str]:
        """Claim and find the channel down; return what could not be told."""
        return self.sweep(to, error="connection refused", retry_s=RETRY_S, **result)

    def rows(self, query: str) -> list[dict[str, Any]]:
        return self.database.execute(query.encode()).fetchall()

    def alerts(self) -> list[dict[str, Any]]:
        return self.rows("select * from public.alerts order by id")

    def history(self) -> list[str]:
        rows = self.rows("select what from public.alert_history order by id")
        return [row["what"] for row in rows]

    def ask(self, query: str, *arguments: Any) -> Any:
        row = self.database.execute(query.encode(), arguments).fetchone()
        assert row is not None
        (answer,) = row.values()
        return answer


def told(claimed: dict[str, Any]) -> list[str]:
    """Return what was claimed, as `occasion rule`."""
    return [f"{item['occasion']} {item['rule']}" for item in claimed["items"]]


def fingerprints(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["fingerprint"] for row in rows]
