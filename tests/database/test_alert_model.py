"""Any order of looks, signatures, silences, sweeps, failures and deaths, beside a model written apart.

    ALERT_EXAMPLES=2000 pytest -n 0 tests/database/test_alert_model.py

looks for longer.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from psycopg.types.json import Jsonb

from tests.database.alert_model import Ear, Episode, Fault, Silence, World
from tests.database.alerting import LEASE_S, RETRY_S, Plant, channel, firing, look
from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import event

# After every wall clock: what people sign ends at once, and the end is never before the beginning.
START = datetime(2040, 11, 22, 6, tzinfo=UTC)
PLANTS = ("northfield", "southfield")
RULES = ("overdue", "stuck", "run_failed")
CHANNELS = {"mail": channel("mail"), "pager": channel("pager", is_single=True, least_severity="warning")}
EMPTY = """
delete from public.alerts; delete from public.silences; delete from public.alert_channels;
delete from public.safety_events; delete from public.pipeline_runs
"""

plants, severities = st.sampled_from(PLANTS), st.sampled_from(("info", "warning", "critical"))
faults = st.builds(Fault, st.sampled_from(RULES[:2]), severities, st.booleans())


class Alerts(RuleBasedStateMachine):
    """The database and the model, moved by the same hands."""

    database: Connection
    operator: Api

    @initialize()
    def begin(self) -> None:
        self.database.execute(EMPTY.encode())
        self.real = Plant(self.database, START)
        self.world = World()
        self.pending: list[tuple[str, dict[str, Any], list[Episode]]] = []
        self.channel_rests_until: dict[str, datetime] = {}
        self.slots: dict[str, datetime] = {}
        self.numbers = 0
        for one in CHANNELS.values():
            assert self.real.claim(one)["items"] == []
        self.real.wait(hours=1)

    @property
    def now(self) -> datetime:
        return self.real.now

    @rule(seconds=st.sampled_from((1, 60, 100, 240, 300, 360, 600, 3600, 14400, -20)))
    def time_passes(self, seconds: int) -> None:
        self.real.wait(seconds=seconds)

    @rule(
        plant=plants,
        rules=st.sets(st.sampled_from(RULES), min_size=1),
        fires=st.lists(faults, max_size=2, unique_by=lambda fault: fault.rule),
        late_minutes=st.sampled_from((0, 0, 0, 0, 1, 7, 20)),
        slots_known=st.sampled_from((None, None, -1, 0)),
    )
    def somebody_looks(
        self, plant: str, rules: set[str], fires: list[Fault], late_minutes: int, slots_known: int | None
    ) -> None:
        at = self.now - timedelta(minutes=late_minutes)
        changes: dict[str, Any] = {"plant": plant, "rules": sorted(rules), "at": at.isoformat()}
        newest = self.slots.get(plant)
        if slots_known is not None and newest:
            changes["slot"] = (newest + slots_known * timedelta(minutes=15)).isoformat()
        said = [firing(one.rule, one.severity, is_told_when_over=one.is_told_when_over) for one in fires]
        self.real.see(look(*said, **changes))
        if not (slots_known == -1 and newest):
            self.world.look(plant, rules, fires, at, self.now)

    @rule(plant=plants, severity=severities, is_again=st.booleans())
    def an_event_happens(self, plant: str, severity: str, *, is_again: bool) -> None:
        self.numbers += 0 if is_again else 1
        fault = Fault(
            "run_ended", severity, is_told_when_over=False, is_event=True, subject=str(self.numbers)
        )
        said = firing(fault.rule, severity, subject=fault.subject, is_event=True)
        self.real.see(look(said, plant=plant, rules=[]))
        self.world.look(plant, set(), [fault], self.now, self.now)

    @rule(plant=plants)
    def a_newer_run_succeeds(self, plant: str) -> None:
        self.slots[plant] = self.slots.get(plant, START) + timedelta(minutes=15)
        self._add_run(plant, self.slots[plant])

    def _add_run(self, plant: str, slot: datetime | None) -> str:
        """Enter a run that succeeded: the one of a slot, or one by hand; return its fence."""
        query = """
        insert into public.pipeline_runs (
          pipeline, plant, trigger, slot, status, fence, started_at, lease_expires_at, finished_at
        )
        select
          'live_pulse', %s, case when slot is null then 'manual' else 'schedule' end, slot, 'succeeded',
          gen_random_uuid(), at, at + interval '90 s', at
        from (select %s::timestamptz, %s::timestamptz) as one (slot, at)
        returning fence::text
        """
        fence: str = self.real.ask(query, plant, slot, self.now)
        return fence

    @rule(plant=plants, is_again=st.booleans(), severity=severities)
    def an_incident_is_read(self, plant: str, severity: str, *, is_again: bool) -> None:
        known = [one for one in self.world.episodes if one.rule == "safety_event" and one.plant == plant]
        if is_again and known:
            number = self.real.ask(
                "select source_id from public.safety_events where plant = %s order by id limit 1", plant
            )
            self._record(plant, int(number), severity)
            return
        self.numbers += 1
        self._record(plant, self.numbers, severity)
        event_id = self.real.ask("select max(id) from public.safety_events")
        self.world.episodes.append(
            Episode(
                f"safety/{plant}/safety_event/{event_id}", plant, "safety_event", severity,
                self.now, self.now, self.now, is_told_when_over=True,
            )
        )  # fmt: skip

    def _record(self, plant: str, number: int, severity: str) -> None:
        fence = self._add_run(plant, None)
        body = Jsonb([event(source_id=str(number))])
        self.real.ask("select public.record_safety_events(%s, %s, %s, %s)", fence, body, self.now, severity)

    @rule(data=st.data(), by=st.sampled_from(("name", "operator", "event")))
    def somebody_signs(self, data: st.DataObject, by: str) -> None:
        if not self.world.episodes:
            return
        place = data.draw(st.integers(0, len(self.world.episodes) - 1))
        episode = self.world.episodes[place]
        alert_id = self._ids()[place]
        event_id = self.real.ask("select safety_event_id from public.alerts where id = %s", alert_id)
        if by == "name":
            self.real.ask("select public.acknowledge_alerts(%s, 'ada')", [alert_id])
        elif by == "operator" or event_id is None:
            self.operator.update("alerts", {"is_acknowledged": True}, id=f"eq.{alert_id}")
        else:
            self.real.ask("select public.acknowledge_safety_events(%s, 'ada')", [event_id])
        episode.is_acknowledged = True
        if event_id and episode.resolved_at is None:
            episode.resolved_at = episode.opened_at

    def _ids(self) -> list[int]:
        return [row["id"] for row in self.real.rows("select id from public.alerts order by id")]

    @rule(plant=plants, rule_=st.sampled_from((None, *RULES)), minutes=st.sampled_from((0, 5, 60, 300)))
    def somebody_silences(self, plant: str, rule_: str | None, minutes: int) -> None:
        self.real.silence(minutes=minutes, plant=plant, rule=rule_)
        self.world.silences.append(Silence(plant, rule_, self.now, self.now + timedelta(minutes=minutes)))

    @rule(name=st.sampled_from(tuple(CHANNELS)), is_quiet=st.sampled_from((False, False, True)))
    def a_sweep_claims(self, name: str, *, is_quiet: bool) -> None:
        settings_ = {**CHANNELS[name], "quiet_plants": [PLANTS[0]] if is_quiet else []}
        claimed = self.real.claim(settings_)
        ids = self._ids()
        expected: dict[int, tuple[str, str]] = {}
        if self.channel_rests_until.get(name, self.now) <= self.now:
            for alert_id, episode in zip(ids, self.world.episodes, strict=True):
                ear = episode.ears.setdefault(name, Ear())
                word = self.world.word_for(
                    episode, ear, self.now,
                    is_quiet=is_quiet and episode.plant == PLANTS[0],
                    least=CHANNELS[name]["least_severity"],
                    is_single=CHANNELS[name]["is_single"],
                )  # fmt: skip
                if word:
                    expected[alert_id] = (word, episode.severity)

        items = {item["alert_id"]: (item["occasion"], item["severity"]) for item in claimed["items"]}
        assert items == expected
        told = [
            episode for alert_id, episode in zip(ids, self.world.episodes, strict=True) if alert_id in items
        ]
        for episode in told:
            self._lease(episode, name, claimed, *expected[ids[self.world.episodes.index(episode)]])
        if told:
            self.pending.append((name, claimed, told))

    def _lease(self, episode: Episode, name: str, claimed: dict[str, Any], word: str, severity: str) -> None:
        ear = episode.ears[name]
        if ear.lease:
            ear.is_exact = False
        ear.beliefs = set(ear.may_believe(self.now))
        ear.lease, ear.claimed = claimed["lease"], (word, severity, self.now)
        ear.lease_ends_at = self.now + timedelta(seconds=LEASE_S)
        ear.has_failed = True  # until it has succeeded

    @rule(
        data=st.data(),
        outcome=st.sampled_from(
            ("sent", "sent", "sent", "left", "failed", "channel down", "died before", "died after")
        ),
    )
    def a_send_ends(self, data: st.DataObject, outcome: str) -> None:
        if not self.pending:
            return
        name, claimed, told = self.pending.pop(data.draw(st.integers(0, len(self.pending) - 1)))
        results: dict[str, dict[str, Any]] = {
            "sent": {},
            "left": {"left_recipients": ["late@plant.example"], "retry_s": RETRY_S},
            "failed": {"error": "refused", "retry_s": RETRY_S},
            "channel down": {"error": "down", "retry_s": RETRY_S, "is_of_channel": True},
        }
        if outcome in results:
            self.real.mark(claimed, CHANNELS[name], **results[outcome])
            self._rest_channel(name, outcome)
        for episode in told:
            self._heard(episode, episode.ears[name], claimed, outcome)

    def _rest_channel(self, name: str, outcome: str) -> None:
        if outcome == "channel down":
            self.channel_rests_until[name] = self.now + timedelta(seconds=RETRY_S)
        elif outcome != "failed":
            self.channel_rests_until.pop(name, None)

    def _heard(self, episode: Episode, ear: Ear, claimed: dict[str, Any], outcome: str) -> None:
        alert_id = self._ids()[self.world.episodes.index(episode)]
        [item] = [item for item in claimed["items"] if item["alert_id"] == alert_id]
        if outcome in ("sent", "left", "died after"):
            ear.received.append(item["occasion"])
        if outcome in ("left", "died before", "died after"):
            ear.is_exact = False
        if ear.lease != claimed["lease"] or outcome.startswith("died"):
            return
        assert ear.claimed is not None
        word, severity, claimed_at = ear.claimed
        ear.lease = ear.lease_ends_at = ear.claimed = None
        if outcome in ("sent", "left"):
            ear.beliefs = {ear.after(word, severity)}
            ear.word, ear.told_at, ear.has_failed = word, claimed_at, False
            ear.is_left = outcome == "left"
            ear.next_try_at = self.now + timedelta(seconds=RETRY_S) if ear.is_left else None
        elif outcome == "failed":
            ear.next_try_at = self.now + timedelta(seconds=RETRY_S)

    @invariant()
    def the_episodes_are_those_of_the_model(self) -> None:
        if not hasattr(self, "world"):
            return
        real = [
            (
                row["fingerprint"], row["severity"], row["opened_at"], row["resolved_at"], row["reopened"],
                row["is_acknowledged"],
            )
            for row in self.real.alerts()
        ]  # fmt: skip
        model = [
            (one.fingerprint, one.severity, one.opened_at, one.resolved_at, one.reopened, one.is_acknowledged)
            for one in self.world.episodes
        ]
        assert real == model
        open_ones = [one.fingerprint for one in self.world.open_ones()]
        assert len(open_ones) == len(set(open_ones))

    def teardown(self) -> None:
        """Let all end and everybody be told, and look at what each channel received."""
        if not hasattr(self, "world"):
            return
        self._send_all()
        for plant in PLANTS:
            self.real.see(look(plant=plant))
            self.world.look(plant, set(RULES), [], self.now, self.now)
        for _ in range(3):
            self.real.wait(hours=6)
            for name in CHANNELS:
                self.a_sweep_claims(name, is_quiet=False)
                self._send_all()
        for episode in self.world.episodes:
            for ear in episode.ears.values():
                _check(episode, ear)

    @rule(seconds=st.sampled_from((0, 60, 240, 300)), fires=st.sampled_from(((), ("overdue",))))
    def a_minute_of_health(self, seconds: int, fires: tuple[str, ...]) -> None:
        """What happens nearly always: time passes, somebody looks, all are told."""
        self.real.wait(seconds=seconds)
        self.somebody_looks(
            "northfield",
            {"overdue"},
            [Fault(one, "critical", is_told_when_over=True) for one in fires],
            0,
            None,
        )
        for name in CHANNELS:
            self.a_sweep_claims(name, is_quiet=False)
        self._send_all()

    def _send_all(self) -> None:
        while self.pending:
            name, claimed, told = self.pending.pop()
            self.real.mark(claimed, CHANNELS[name])
            for episode in told:
                self._heard(episode, episode.ears[name], claimed, "sent")


def _check(episode: Episode, ear: Ear) -> None:
    """Every end that was told had a beginning, and every beginning has one end."""
    words = ear.received
    if episode.is_event:
        assert words in ([], ["fired"]) or not ear.is_exact
        return
    is_firing = False
    for word in words:
        if ear.is_exact:
            assert is_firing == (word in ("worse", "repeat", "resolved")), words
        is_firing = word in ("fired", "worse", "repeat")
    if episode.resolved_at is None:
        return
    assert not (is_firing and ear.is_exact), (words, episode)
    # A sweep that outlives its lease may tell the beginning once more, after the end.
    is_told = any(word in ("fired", "worse", "repeat") for word in words)
    assert not is_told or "resolved" in words


@pytest.mark.usefixtures("members")
def test_alerts_and_their_messages_are_those_of_the_model(
    database: Connection, api_of: Callable[[str], Api]
) -> None:
    database.execute(
        "insert into public.plant_members (user_id, plant, role) "
        "select user_id, 'southfield', role from public.plant_members where role = 'operator'"
    )

    class Bound(Alerts):
        pass

    Bound.database, Bound.operator = database, api_of("operator")
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=int(os.environ.get("ALERT_EXAMPLES", "25")),
            stateful_step_count=40,
            deadline=None,
            phases=(Phase.explicit, Phase.generate) if "ALERT_QUICK" in os.environ else tuple(Phase),
            derandomize=bool(os.environ.get("CI")),
            suppress_health_check=list(HealthCheck),
        ),
    )
