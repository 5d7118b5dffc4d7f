"""Rules about how a run ended. Pure; a run that failed says nothing of what it would have seen."""

from typing import Final

from plantpulse.alerts.sights import Fires, Firing, Json, RunSight
from plantpulse.runs import RunReport
from plantpulse.settings import Rule

LONGEST_LIST: Final = 20  # warnings that one alert quotes


def run_failed(sight: RunSight, rule: Rule) -> Fires:
    """Fire at once where a repetition cannot help, else after `threshold` failures in a row."""
    report = sight.report
    if report is None:
        return None
    if report.status != "failed":
        return ()
    failures, error = sight.failures_before + 1, report.error or {}
    if error.get("is_retryable") and failures < (rule.threshold or 1):
        return None
    told = {"error": error.get("code"), "message": error.get("message"), "failures": failures}
    return [Firing(told | _records(report))]


def run_partial(sight: RunSight, _rule: Rule) -> Fires:
    """Fire where a run ended with gaps; the warnings say which."""
    if not _has_ended_well(sight):
        return None
    if sight.report is None or _status(sight) != "partial":
        return ()
    return [Firing(_told(sight) | _records(sight.report))]


def run_succeeded(sight: RunSight, _rule: Rule) -> Fires:
    """Fire for every run that succeeded, once."""
    report = sight.report
    if report is None or report.status != "succeeded":
        return None
    return [Firing(_records(report), subject=str(report.run_id), is_event=True)]


def run_slow(sight: RunSight, _rule: Rule) -> Fires:
    """Fire where a run took longer than warn_after_s."""
    return _of_warning(sight, "slow_run")


def rows_rejected(sight: RunSight, _rule: Rule) -> Fires:
    """Fire where more rows were malformed than rejected_share_for_partial allows."""
    return _of_warning(sight, "rows_rejected")


def result_truncated(sight: RunSight, _rule: Rule) -> Fires:
    """Fire where a query returned as many rows as row_limit allows, or a day could not be reported so."""
    return _of_warning(sight, "result_truncated", "safety_cut_off", "day_not_reported")


def slots_given_up(sight: RunSight, _rule: Rule) -> Fires:
    """Fire where slots or days stay missing."""
    return _of_warning(sight, "slots_given_up", "days_given_up")


def source_clock(sight: RunSight, _rule: Rule) -> Fires:
    """Fire where SQL Server's clock is wrong."""
    return _of_warning(sight, "source_clock_skew")


def oee_scale(sight: RunSight, _rule: Rule) -> Fires:
    """Fire where the plant's own OEE figures do not fit the setting."""
    return _of_warning(sight, "oee_scale_doubtful")


def ideal_rate(sight: RunSight, _rule: Rule) -> Fires:
    """Fire where assets are faster than their ideal rates allow."""
    return _of_warning(sight, "ideal_rate_too_low")


def _records(report: RunReport) -> dict[str, dict[str, int]]:
    """Return how many records a run has fetched, by query, and stored, by table."""
    return {
        "fetched": _counts(report, "_rows"),
        "stored": _counts(report, "_written") | _counts(report, "_recorded"),
    }


def _counts(report: RunReport, ending: str) -> dict[str, int]:
    return {
        name.removesuffix(ending): number for name, number in report.counts.items() if name.endswith(ending)
    }


def _of_warning(sight: RunSight, *codes: str) -> Fires:
    if not _has_ended_well(sight):
        return None
    told = _told(sight, *codes)
    return [Firing(told)] if told["warnings"] else ()


def _told(sight: RunSight, *codes: str) -> dict[str, Json]:
    """Return what a run warned of: in English for everybody, and by code for other languages."""
    warnings = sight.report.warnings if sight.report else ()
    told = [dict(one) for one in warnings if not codes or one["code"] in codes][:LONGEST_LIST]
    return {"message": "; ".join(one["message"] for one in told), "warnings": told}


def _status(sight: RunSight) -> str | None:
    return sight.report.status if sight.report else None


def _has_ended_well(sight: RunSight) -> bool:
    return _status(sight) in {"succeeded", "partial"}
