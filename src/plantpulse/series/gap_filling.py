"""Looks for gaps, asks for what is missing again, and notes what came of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from plantpulse.runs import Json, require_fence
from plantpulse.series.asks import Stored
from plantpulse.series.collecting import Collected, Collecting, OpenSources
from plantpulse.series.gaps import Gap, asks_for, attempted, looks_at
from plantpulse.series.publisher import Ask
from plantpulse.series.seen import seen_of_gaps


class Store(Protocol):
    """What filling gaps needs from Supabase."""

    def claim_run(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def watch_series_gaps(self, fence: str, looks: Sequence[Mapping[str, Json]]) -> dict[str, Json]: ...
    def commit_series(self, fence: str, commit: Mapping[str, Json]) -> dict[str, Json]: ...
    def fail_run(self, fence: str, failure: Mapping[str, Json]) -> dict[str, Json]: ...
    def end_dry_run(self, fence: str) -> dict[str, Json]: ...


@dataclass(frozen=True, slots=True)
class GapFilling:
    """The gaps of one run. `tried` are those that were asked for before without success."""

    collecting: Collecting
    store: Store
    stored: Sequence[Stored]
    days: int | None
    tried: list[Gap] = field(default_factory=list)

    def look(self, groups: Collection[str] | None = None) -> list[Gap]:
        """Return the open gaps whose next attempt is due; new ones are noted, and filled ones closed.

        It looks at all series, or at some `groups` alone. A dry run cannot look, because looking notes.
        Raises: the store's errors; FenceRefused.
        """
        run = self.collecting.run
        looks = looks_at(self.stored, run.plan.at, days=self.days)
        looks = [look for look in looks if groups is None or look["group"] in groups]
        if not looks or run.plan.is_dry_run:
            return []
        with run.progress.timed("look"):
            answer = require_fence(self.store.watch_series_gaps(run.fence, looks))
        for name in ("opened", "filled"):
            run.progress.count(f"gaps_{name}", answer[name])
        self.tried[:] = [Gap.of(row) for row in answer["tried"]]
        self._note_for_alerts(())
        return [Gap.of(row) for row in answer["gaps"]]

    def _note_for_alerts(self, still_open: Sequence[Gap]) -> None:
        self.collecting.run.progress.seen["series_gap"] = seen_of_gaps([*self.tried, *still_open])

    def fill(self, gaps: Sequence[Gap], open_sources: OpenSources) -> tuple[Collected, Sequence[Ask]]:
        """Ask for the gaps again, store what comes, and note each attempt.

        Raises: the store's errors; FenceRefused.
        """
        run, collecting = self.collecting.run, self.collecting
        questions, groups = asks_for(gaps, self.stored), {gap.group for gap in gaps}
        asks = [ask for ask, _ in questions]
        if not asks:
            return Collected(), ()
        opened = open_sources(collecting.settings, seconds_left=collecting.seconds_left, clock=collecting.now)
        with run.progress.timed("collect"), opened as sources:
            collected = collecting.collect(asks, sources)
        collecting.store_rest()
        elsewhere = [gap for gap in self.tried if gap.group not in groups]
        still_open = self.look(groups)
        self.tried.extend(elsewhere)
        self._note_for_alerts(still_open)
        self._note_attempts(questions, collected, {gap.id for gap in still_open})
        return collected, asks

    def _note_attempts(
        self,
        questions: Sequence[tuple[Ask, tuple[Gap, ...]]],
        collected: Collected,
        still_open: Collection[int],
    ) -> None:
        collecting, kinds = self.collecting, {one.group: one.kind for one in self.stored}
        not_asked = {one.ask for one in collected.failures if one.is_not_asked}.union(collected.unfinished)
        for ask, gaps in questions:
            if ask in not_asked:
                continue
            for gap in (one for one in gaps if one.id in still_open):
                is_answered = ask not in collected.failed and not collecting.is_refused(ask)
                attempt = attempted(
                    gap, kinds[gap.group], collecting.settings, collecting.now(), is_answered=is_answered
                )
                collecting.commit.gap_attempts.append(attempt)
                collecting.run.progress.count("gaps_tried", 1)
