"""`plantpulse series quality`: how good the days of series are, and whether they get better or worse."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli.app import App, json_option, limit_option, pass_app
from plantpulse.cli.series_keys import filter_options, filtered
from plantpulse.cli.series_show import DAY_COLUMNS
from plantpulse.cli.series_words import SCORES, lowest_score
from plantpulse.cli.tables import Column, fitted
from plantpulse.series.quality.trends import BEFORE_DAYS, RECENT_DAYS, Trend, trend_of

Record = Mapping[str, Any]

MOST_DAYS: Final = 1000
_MOST_ROWS: Final = 100_000


@click.command()
@filter_options
@click.option(
    "--days", type=click.IntRange(1, MOST_DAYS), default=7, show_default=True, metavar="N",
    help="Only the last N days.",
)  # fmt: skip
@limit_option(30)
@json_option
@pass_app
def quality(app: App, area: str | None, kind: str | None, source: str | None, days: int, limit: int) -> None:
    """Show how good the days of series are, the worst first, and which series get worse or better."""
    today = app.now().date()
    reach = max(days, RECENT_DAYS + BEFORE_DAYS + 1)
    with app.series_records() as records:
        known = records.series()
        wanted = {one["key"] for one in filtered(known, area, kind, source)} if known else set()
        rows = records.quality({}, since=today - timedelta(days=reach), limit=_MOST_ROWS)
    rows = [row for row in rows if row["key"] in wanted]
    first = (today - timedelta(days=days)).isoformat()
    shown = sorted((row for row in rows if row["day"] >= first), key=_badness)
    trends = list(_trends(rows))
    answer = {"days": shown[:limit], "trends": trends}
    app.output.answer(answer, lambda: _page(app, answer, len(shown)))


def _badness(row: Record) -> tuple[float, int, str]:
    """Return the order: the worst day first, of equally bad ones the latest."""
    lowest = lowest_score(row)
    return (2.0 if lowest is None else lowest, -date.fromisoformat(row["day"]).toordinal(), row["key"])


def _trends(rows: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """Yield the scores of series that changed: the last week against the four before, the worst first."""
    of_series = defaultdict(list)
    for row in rows:
        of_series[row["key"]].append(row)
    found = []
    for key, own in of_series.items():
        last = max(date.fromisoformat(row["day"]) for row in own)
        for name in SCORES:
            scores = [(date.fromisoformat(row["day"]), _number(row[name])) for row in own]
            if (trend := trend_of(scores, last)) and trend.direction != "steady":
                found.append(_trend(key, name, trend))
    yield from sorted(found, key=lambda one: (one["recent"] - one["before"], one["key"]))


def _number(score: Any) -> float | None:
    return None if score is None else float(score)


def _trend(key: str, name: str, trend: Trend) -> dict[str, Any]:
    return {
        "key": key,
        "score": name,
        "direction": trend.direction,
        "recent": round(trend.recent, 4),
        "before": round(trend.before, 4),
    }


def _page(app: App, answer: Mapping[str, Any], days: int) -> RenderableType:
    if not days:
        return Text("no quality is known of these days: `plantpulse run series-backfill` works it out")
    columns = [Column("Series", lambda one: one["key"], folds=True), *DAY_COLUMNS]
    parts: list[RenderableType] = [fitted(app.output.console, columns, answer["days"])]
    if (left := days - len(answer["days"])) > 0:
        parts.append(Text(f"and {left} better days: --limit shows more", "dim"))
    if answer["trends"]:
        parts += [Text("\nTrends", "bold"), *(_told(one) for one in answer["trends"])]
    return Group(*parts)


def _told(trend: Record) -> Text:
    style = "bold red" if trend["direction"] == "worse" else "green"
    change = f"{trend['before'] * 100:.1f} % in four weeks, {trend['recent'] * 100:.1f} % in the last one"
    return Text.assemble((trend["direction"], style), f": {trend['score']} of {trend['key']}: {change}")
