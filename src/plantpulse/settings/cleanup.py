"""How long rows are kept."""

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import MINUTES_A_DAY, Section, Whole, require_divisor_of_a_day, setting

LONGEST_RETENTION_DAYS = 3650
LONGEST_RETENTION_HOURS = 24 * LONGEST_RETENTION_DAYS
READING_RETENTION_DAYS = 30  # a reply that is stored later than this is compared with the values alone


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupSettings(Section):
    """How long rows are kept, and how often old ones are removed. The same for all plants."""

    every_minutes: Whole = setting(
        60, ge=1, le=MINUTES_A_DAY, description="Minutes between runs; must divide a day"
    )
    timeout_s: Whole = setting(
        120, ge=30, le=900, description="A run ends within this time, in seconds; the next run goes on"
    )
    snapshot_retention_hours: Whole = setting(
        24, ge=1, le=LONGEST_RETENTION_HOURS, description="How long live_snapshots are kept, in hours"
    )
    rejected_record_retention_days: Whole = setting(
        30, ge=1, le=LONGEST_RETENTION_DAYS, description="How long rejected_records are kept, in days"
    )
    daily_summary_retention_days: Whole | None = setting(
        None,
        # A missed morning is made up for up to 31 days later; its row should not go within the hour.
        ge=35,
        le=LONGEST_RETENTION_DAYS,
        description="How long daily_summaries are kept, in days after the day they report on; "
        "nothing keeps them for good",
    )
    report_mail_retention_days: Whole = setting(
        90,
        # The report of a day is checked again for up to 31 days; its mail must not go out anew.
        ge=35,
        le=LONGEST_RETENTION_DAYS,
        description="How long report_mails are kept, in days after the day they report on",
    )
    alert_retention_days: Whole = setting(
        400,
        # An alert that ended may be told for up to 7 days.
        ge=8,
        le=LONGEST_RETENTION_DAYS,
        description="How long alerts are kept after their end, with their history, and silences after "
        "theirs, in days",
    )
    collection_retention_days: Whole = setting(
        400,
        # A collection is compared with the same hour of the last eight weeks.
        ge=60,
        le=LONGEST_RETENTION_DAYS,
        description="How long collections, failed_batches and gaps that were filled are kept, in days",
    )
    series_quality_retention_days: Whole | None = setting(
        None,
        ge=35,
        le=LONGEST_RETENTION_DAYS,
        description="How long series_quality, series_flags and series_reports are kept, in days after "
        "they were computed; "
        "nothing keeps them for good",
    )
    series_retention_days: Whole | None = setting(
        None,
        # The values of the last 13 months are collected again, and would come back.
        ge=400,
        le=10 * LONGEST_RETENTION_DAYS,
        description="How long values of series and their revisions are kept, in days after their time; "
        "nothing keeps them for good",
    )
    tag_sample_retention_hours: Whole = setting(
        24, ge=1, le=LONGEST_RETENTION_HOURS, description="How long tag_samples are kept, in hours"
    )
    tag_minute_retention_days: Whole = setting(
        365, ge=1, le=LONGEST_RETENTION_DAYS, description="How long tag_minutes are kept, in days"
    )
    tag_command_retention_days: Whole = setting(
        30,
        ge=1,
        le=LONGEST_RETENTION_DAYS,
        description="How long tag_commands and tag_triggers are kept, in days",
    )
    run_retention_days: Whole = setting(
        90,
        # A slot may run a week late (catch_up_hours), and only its run says that it has.
        ge=8,
        le=LONGEST_RETENTION_DAYS,
        description="How long pipeline_runs are kept, in days, and with them each Idempotency-Key; "
        "at least 8, because a slot may still run a week late",
    )

    def __post_init__(self) -> None:
        require_divisor_of_a_day(self.every_minutes)

    def keep_hours(self) -> dict[str, int]:
        """Return how long the rows of each table are kept, in the order of removal.

        A table that is kept for good is not in it. Runs come last: a run stays while rows of another table
        refer to it.
        """
        days = {
            "rejected_records": self.rejected_record_retention_days,
            "daily_summaries": self.daily_summary_retention_days,
            "report_mails": self.report_mail_retention_days,
            "alerts": self.alert_retention_days,
            "silences": self.alert_retention_days,
            "collections": self.collection_retention_days,
            "failed_batches": self.collection_retention_days,
            "gaps": self.collection_retention_days,
            "series_readings": READING_RETENTION_DAYS,
            "series_flags": self.series_quality_retention_days,
            "series_quality": self.series_quality_retention_days,
            "series_reports": self.series_quality_retention_days,
            "series_points": self.series_retention_days,
            "series_revisions": self.series_retention_days,
            "tag_minutes": self.tag_minute_retention_days,
            "tag_commands": self.tag_command_retention_days,
            "tag_triggers": self.tag_command_retention_days,
            "pipeline_runs": self.run_retention_days,
        }
        kept = {table: number * 24 for table, number in days.items() if number is not None}
        hours = {
            "live_snapshots": self.snapshot_retention_hours,
            "tag_samples": self.tag_sample_retention_hours,
        }
        return hours | kept
