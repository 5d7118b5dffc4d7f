"""Writes the message of a group: what happened, where, since when; then how bad, and what to do. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from plantpulse.alerts.due import DueOccasion, Group, Item
from plantpulse.alerts.messages import english, german
from plantpulse.alerts.messages.run_warnings import translated
from plantpulse.alerts.messages.words import Words
from plantpulse.alerts.notices import Notice, Occasion
from plantpulse.errors import one_line
from plantpulse.schedules.pipelines import shown_plant

LANGUAGES: Final[Mapping[str, Words]] = {"en": english.WORDS, "de": german.WORDS}

LONGEST_TITLE: Final = 140
NAMES_IN_A_TITLE: Final = 3
ITEMS_IN_A_TEXT: Final = 25
_INSTANTS: Final = {
    "event_timestamp",
    "missing_since",
    "last_success_at",
    "lease_expired_at",
    "data_until",
    "failing_since",
    "dropped_at",
    "unheard_since",
}
_NOT_SHOWN: Final = {"told_after_s", "warnings", "report", "title", "period"}


def notice_of(
    group: Group, words: Words, zone: ZoneInfo, now: datetime, *, board_url: str | None, held_back: int = 0
) -> Notice:
    """Return the message of a group in a language, with times of a plant's clock."""
    first = group.items[0]
    writer = _Writer(words, zone, now)
    title = writer.digest_title(group) if group.is_digest else writer.title(group)
    text = writer.text(group, title, held_back, board_url)
    is_over = all(one.is_over for one in group.items)
    return Notice(
        key=group.key,
        thread=group.thread,
        occasion=_occasion(group),
        severity=group.severity,
        title=title,
        text=text,
        at=now,
        facts=writer.facts(first) if len(group.items) == 1 else writer.list_of(group),
        link=board_url,
        color=_color(group.severity, is_over=is_over or first.rule == "run_succeeded"),
        plant=shown_plant(first.plant),
        alerts=[_as_json(one) for one in group.items],
        is_first=group.is_first,
    )


class _Writer:
    """Writes in one language, by one clock."""

    def __init__(self, words: Words, zone: ZoneInfo, now: datetime) -> None:
        self.words, self.zone, self.now = words, zone, now
        self.language = next((code for code, one in LANGUAGES.items() if one is words), "en")

    def title(self, group: Group) -> str:
        first = group.items[0]
        what = self.many(group) if len(group.items) > 1 else self.what(first)
        occasion = self.words.occasion[_worst_occasion(group)]
        return one_line(f"{occasion}{what}, {self.where(first)}, {self.when(group)}", LONGEST_TITLE)

    def digest_title(self, group: Group) -> str:
        return one_line(self.words.digest.format(n=len(group.items)), LONGEST_TITLE)

    def what(self, item: Item) -> str:
        """Return an alert in a few words."""
        code = str(item.facts.get("error") or "?")
        facts = {
            **{name: self.spoken(value) for name, value in item.facts.items()},
            "error": self.words.value.get(code, code),
            "pipeline": self.words.pipeline.get(item.scope, item.scope),
        }
        told = self.words.what.get(item.rule, item.rule).format_map(_Known(facts))
        return told[:1].upper() + told[1:]

    def many(self, group: Group) -> str:
        first, n = group.items[0], len(group.items)
        template = self.words.many.get(first.rule)
        if template is None:
            return f"{n} x {self.what(first)}"
        shown = ", ".join(
            str(one.facts.get("asset") or one.subject) for one in group.items[:NAMES_IN_A_TITLE]
        )
        if (more := n - NAMES_IN_A_TITLE) > 0:
            shown += f" {self.words.and_more.format(n=more)}"
        return f"{template.format(n=n)} ({shown})"

    def where(self, item: Item) -> str:
        return shown_plant(item.plant) or self.words.all_plants

    def when(self, group: Group) -> str:
        opened = min(_happened(one) for one in group.items)
        if all(one.is_over for one in group.items):
            ended = max(one.resolved_at or self.now for one in group.items)
            return self.words.lasted.format(span=self.span(ended - opened))
        return self.words.since.format(at=self.instant(opened))

    def text(self, group: Group, title: str, held_back: int, board_url: str | None) -> str:
        items = group.items
        parts = [title, self.severity(group)]
        parts.append(self.details(items[0]) if len(items) == 1 else self.listing(group))
        parts += [self.spoken(one.facts["report"]) for one in items if "report" in one.facts]
        if not group.is_digest and _worst_occasion(group) != "resolved":
            parts.append(self.words.do.get(items[0].rule, ""))
        if held_back:
            parts.append(self.words.held_back.format(n=held_back))
        if board_url:
            parts.append(f"{self.words.board}: {board_url}")
        return "\n\n".join(part for part in parts if part)

    def spoken(self, value: Any) -> Any:
        """Return a text that comes in several languages in the one of the message; else the value."""
        is_of_languages = isinstance(value, dict) and LANGUAGES.keys() <= value.keys()
        return value[self.language] if is_of_languages else value

    def severity(self, group: Group) -> str:
        """Return how bad it is; nothing if all of it is over."""
        if all(one.is_over for one in group.items):
            return ""
        return f"{self.words.how_bad}: {self.words.severity[group.severity]}"

    def details(self, item: Item) -> str:
        lines = [f"{name}: {value}" for name, value in self.facts(item)]
        if item.acknowledged_by:
            lines.append(self.words.acknowledged.format(by=one_line(item.acknowledged_by)))
        if item.reopened:
            lines.append(self.words.reopened.format(n=item.reopened))
        return "\n".join(lines)

    def listing(self, group: Group) -> str:
        lines = [f"- {name}: {value}" for name, value in self.list_of(group)]
        if (more := len(group.items) - ITEMS_IN_A_TEXT) > 0:
            lines.append(self.words.and_more.format(n=more))
        return "\n".join(lines)

    def list_of(self, group: Group) -> list[tuple[str, str]]:
        """Return each alert of a group with the time that matters."""
        shown = islice(group.items, ITEMS_IN_A_TEXT)
        return [(one_line(self.what(one)), f"{self.where(one)}, {self.when(Group([one]))}") for one in shown]

    def facts(self, item: Item) -> list[tuple[str, str]]:
        """Return an alert's facts as pairs of a name and a value."""
        facts = dict(item.facts)
        if warnings := facts.get("warnings"):
            facts["message"] = self.warnings(warnings)
        named = [(name, value) for name, value in facts.items() if name not in _NOT_SHOWN]
        return [
            (self.words.fact.get(name, name), self.value(name, value))
            for name, value in named
            if value not in (None, "", [], {}) and (name, value) != ("failures", 0)
        ]

    def warnings(self, warnings: Iterable[Mapping[str, str]]) -> str:
        """Return what a run warned of, in the language as far as plantpulse wrote it."""
        told = (translated(one["code"], one["message"], self.words.warning) for one in warnings)
        return "; ".join(told)

    def value(self, name: str, value: Any) -> str:
        if name == "state":
            return self.words.value.get(value, one_line(str(value)))
        if name in _INSTANTS:
            return self.instant(datetime.fromisoformat(value))
        if isinstance(value, list):
            return one_line(", ".join(map(str, value)))
        if isinstance(value, dict):
            return one_line(", ".join(f"{key} {number}" for key, number in value.items()))
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return one_line(str(value))

    def instant(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        is_today = local.date() == self.now.astimezone(self.zone).date()
        return local.strftime(self.words.at if is_today else self.words.date_and_time)

    def span(self, span: timedelta) -> str:
        minutes = round(span.total_seconds() / 60)
        if minutes < 1:
            return self.words.less_than_a_minute
        days, rest = divmod(minutes, 1440)
        parts = [(days, self.words.days), (rest // 60, self.words.hours), (rest % 60, self.words.minutes)]
        return " ".join([word.format(n=n) for n, word in parts if n][:2])


class _Known(dict[str, Any]):
    """Facts of a template: one that is not known leaves a question mark, and every one is on one line."""

    def __missing__(self, _key: str) -> str:
        return "?"

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key) if key in self else self.__missing__(key)
        return one_line(str(value), 80)


def _happened(item: Item) -> datetime:
    """Return when something began: an incident has a time of its own."""
    told = item.facts.get("event_timestamp") or item.facts.get("missing_since")
    return datetime.fromisoformat(told) if told else item.opened_at


def _worst_occasion(group: Group) -> DueOccasion:
    return min((one.occasion for one in group.items), key=get_args(DueOccasion).index)


def _occasion(group: Group) -> Occasion:
    worst = _worst_occasion(group)
    return "resolved" if worst == "over" else worst


def _color(severity: str, *, is_over: bool) -> Literal["good", "warning", "danger"]:
    if is_over:
        return "good"
    return "danger" if severity == "critical" else "warning"


def _as_json(item: Item) -> dict[str, Any]:
    """Return an alert for machines."""
    return {
        "alert_id": item.alert_id,
        "fingerprint": item.fingerprint,
        "rule": item.rule,
        "plant": shown_plant(item.plant),
        "scope": item.scope,
        "subject": item.subject,
        "severity": item.severity,
        "occasion": item.occasion,
        "opened_at": item.opened_at.isoformat(),
        "resolved_at": item.resolved_at.isoformat() if item.resolved_at else None,
        "facts": {name: value for name, value in item.facts.items() if name not in _NOT_SHOWN},
    }
