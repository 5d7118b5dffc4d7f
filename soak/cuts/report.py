"""What came of broken polls, as tables in Markdown."""

from collections import Counter
from collections.abc import Sequence

from devstack.fault_proxy import Direction
from soak.cuts.cases import PHASES, SETTINGS, Harm, Talk
from soak.cuts.stored import Outcome
from soak.cuts.trials import Trial, Trials


def tell(trial: Trial) -> str | None:
    """Return a line about a poll that somebody may want to replay; None for all others."""
    if trial.outcome in (Outcome.FAILED, Outcome.HARMLESS):
        return None
    told = f"{trial.outcome.value}: {trial.case}"
    return f"{told}\n  {trial.wrong}" if trial.wrong else told


def show(trials: Trials) -> None:
    """Print all tables."""
    done = trials.done
    rows = [
        (f"{setting}, {phase}", [one for one in done if (one.case.setting, one.phase) == (setting, phase)])
        for setting in SETTINGS
        for phase in PHASES
    ]
    rows += [(harm.value, [one for one in done if one.case.harm is harm]) for harm in Harm]
    rows += [("all", done)]
    _table("broken at", [(name, Counter(one.outcome for one in found)) for name, found in rows])
    for truth in trials.truths.values():
        print(_covered(truth.talk, done))
    print("longest, s: " + ", ".join(f"{harm.value} {_longest(done, harm):.1f}" for harm in Harm))
    print(f"latest behind its time-out, s: {max(one.over_s for one in done):.1f}")
    print("errors: " + _counted(Counter(str(one.error_code) for one in done if one.error_code)))
    print("the slot after the next poll: " + _counted(Counter(one.mended for one in done if one.mended)))
    print(f"most memory of a function, MiB: {trials.memory_mb:.0f}")


def _table(title: str, rows: Sequence[tuple[str, Counter[Outcome]]]) -> None:
    shown = [outcome for outcome in Outcome if rows[-1][1][outcome] or outcome is Outcome.BROKEN]
    print(f"\n| {title} | polls | {' | '.join(one.value for one in shown)} |")
    print(f"| --- | --: | {' | '.join('--:' for _ in shown)} |")
    for name, counts in rows:
        if counts:
            cells = [counts.total(), *(counts[one] for one in shown)]
            print(f"| {name} | {' | '.join(f'{cell:,}' for cell in cells)} |")
    print()


def _covered(talk: Talk, done: Sequence[Trial]) -> str:
    hit = {(one.case.direction, one.case.place) for one in done if one.case.setting == talk.setting}
    every = Counter(talk.phase(way, place) for way in Direction for place in range(talk.length(way)))
    found = Counter(talk.phase(*spot) for spot in hit)
    told = ", ".join(f"{phase} {found[phase]:,} of {every[phase]:,}" for phase in PHASES)
    return f"bytes of {talk.setting} that were hit: {told}"


def _longest(done: Sequence[Trial], harm: Harm) -> float:
    return max(
        (one.took_s for one in done if one.case.harm is harm and not one.case.is_run_short), default=0.0
    )


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.most_common())
