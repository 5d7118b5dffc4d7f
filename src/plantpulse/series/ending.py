"""The end of a run that collected: its outcome, and its last commit, with the run's record in it."""

from collections.abc import Sequence

from plantpulse.runs import FinalStatus, Json, RunReport
from plantpulse.series.collecting import Collected, Collecting, outcome_of
from plantpulse.series.publisher import Ask


def end_run(collecting: Collecting, collected: Collected, asks: Sequence[Ask]) -> RunReport:
    """Store the rest, end the run, and return the recorded report; a dry run records nothing.

    Raises: the error of a run in which nothing went well, after its metrics are stored; FenceRefused.
    """
    run = collecting.run
    if error := outcome_of(collected, asks):
        collecting.store_rest()
        raise error
    if collected.unfinished:
        told = f"the time was up before {len(collected.unfinished)} of {len(asks)} questions were answered"
        run.progress.warn("series_unfinished", told)
    run.progress.finished = not collected.unfinished
    return complete(collecting, is_partial=bool(collected.failures or collected.unfinished))


def complete(collecting: Collecting, *, is_partial: bool = False) -> RunReport:
    """End the run with its last commit. Raises: FenceRefused; the store's errors."""
    run = collecting.run

    def report() -> RunReport:
        status: FinalStatus = "partial" if is_partial or collecting.refused else "succeeded"
        return run.report(status)

    def completion() -> dict[str, Json]:
        ended = report()
        return {"status": ended.status, "report": ended.as_json(), "alerts": run.alerts(ended)}

    if run.plan.is_dry_run:
        return report()
    return RunReport.from_json(collecting.write(completion)["report"])
