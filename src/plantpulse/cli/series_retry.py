"""`plantpulse series retry`: asks a publisher again for what could not be read or stored, as a run."""

import click

from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.arguments import ID
from plantpulse.cli.running import run_by_hand
from plantpulse.cli.series_failed import known_batch
from plantpulse.errors import InvalidRequest


@click.command()
@click.argument("batch_id", type=ID)
@json_option
@pass_app
def retry(app: App, batch_id: int) -> int:
    """Ask again for a reply that could not be read or stored, and store it."""
    # The way in and the publishers' clients take their time, and only this command needs them.
    from plantpulse.series.retry_job import RetryBatch  # noqa: PLC0415 - only who retries
    from plantpulse.series.sources import open_sources  # noqa: PLC0415 - as above

    with app.series_records() as records:
        batch = known_batch(records.failed_batch(batch_id), batch_id)
    if batch["resolved_at"]:
        raise InvalidRequest(f"failed batch {batch_id} is resolved already", field="batch_id")
    return run_by_hand(app, RetryBatch.of(open_sources, batch), {})
