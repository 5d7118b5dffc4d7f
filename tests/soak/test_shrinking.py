"""A seed that breaks something is made small: of its faults only those stay that it takes."""

from soak.seeds import Outcome, Seed
from soak.shrinking import Shrinker

FAULTS = [f"fault {number}" for number in range(40)]


def breaks_with(*needed: str, after_days: float = 0.0) -> Shrinker:
    """Return a shrinker of seeds that break where all needed faults happen and enough days pass."""

    def run(seed: Seed) -> Outcome:
        happened = {name: "kind" for name in FAULTS if seed.allowed is None or name in seed.allowed}
        is_broken = seed.days >= after_days and set(needed) <= happened.keys()
        return Outcome(seed, "broken" if is_broken else None, happened=happened)

    return Shrinker(run)


def test_only_the_faults_stay_that_it_takes() -> None:
    shrinker = breaks_with("fault 3", "fault 31")

    smallest = shrinker.shrink(shrinker.run(Seed(7, days=14)))

    assert sorted(smallest.happened) == ["fault 3", "fault 31"]
    assert smallest.seed.days == 1
    assert smallest.broken


def test_days_that_it_takes_stay() -> None:
    shrinker = breaks_with("fault 3", after_days=2.5)

    assert shrinker.shrink(shrinker.run(Seed(7, days=14))).seed.days == 3


def test_what_cannot_be_smaller_stays_as_it_is() -> None:
    shrinker = breaks_with(*FAULTS, after_days=14)
    whole = shrinker.run(Seed(7, days=14))

    assert shrinker.shrink(whole).happened == whole.happened


def test_it_gives_up_after_so_many_runs() -> None:
    shrinker = breaks_with("fault 3")
    shrinker.runs_left = 4

    shrinker.shrink(shrinker.run(Seed(7, days=14)))

    assert shrinker.runs_left == 0
