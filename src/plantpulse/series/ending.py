"""The end of a run that collected: its outcome, and its last commit, with the run's record in it."""

from collections.abc import Sequence

from plantpulse.runs import FinalStatus, RunReport, require_fence
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
    status: FinalStatus = "partial" if collected.failures or collected.unfinished else "succeeded"
    return complete(collecting, status)


def complete(collecting: Collecting, status: FinalStatus) -> RunReport:
    """End the run with its last commit. Raises: FenceRefused; the store's errors."""
    run, commit = collecting.run, collecting.commit
    report = run.report(status)
    if run.plan.is_dry_run:
        return report
    completion = {"status": status, "report": report.as_json(), "alerts": run.alerts(report)}
    answer = require_fence(collecting.store.commit_series(run.fence, commit.as_json(completion)))
    return RunReport.from_json(answer["report"])
