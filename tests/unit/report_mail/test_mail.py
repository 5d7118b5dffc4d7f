"""What a mail says, and what its HTML is made of. No browser is needed."""

import re
import string
from datetime import date
from html.parser import HTMLParser
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from plantpulse.report_mail.english import ENGLISH
from plantpulse.report_mail.german import GERMAN
from plantpulse.report_mail.languages import LANGUAGES
from plantpulse.report_mail.mail import Mail, make_mail
from tests.unit.report_mail.plant_days import A_DAY, A_WEEK, TUESDAY, day_of, row, unknown

CHICAGO = ZoneInfo("America/Chicago")
BERLIN = ZoneInfo("Europe/Berlin")
HOSTILE = "<img src=x onerror=alert(1)>\"'&</td><script>alert(2)</script>{{ 7*7 }}{name}"
RICH = day_of(
    row("Press 1", unplanned_output=12),
    row(HOSTILE, area=HOSTILE, downtime_reasons=[{"reason": HOSTILE, "minutes": 60, "is_planned": True}]),
    row("Paint 1", area=None, waste_count=None, downtime_loss=None, oee_percentage=None),
    row("Press 1", TUESDAY - A_DAY, actual_output=500),
    row("Press 1", TUESDAY - A_WEEK, oee_percentage=70),
    unmapped=["LATHE-09", HOSTILE],
)


def made(*rows: dict[str, Any], language: str = "en", zone: ZoneInfo = CHICAGO, **changes: Any) -> Mail:
    return make_mail(day_of(*rows, **changes), language, zone)


def test_a_day_is_told_in_two_sentences() -> None:
    told = made(row(), row(day=TUESDAY - A_WEEK, oee_percentage=71.2))

    assert told.subject == "northfield, Tue 10 March: 95% of plan, OEE 75.0%, $390 lost"
    assert told.text.splitlines()[0].replace("\u00a0", " ") == (
        "Plant northfield made 912 of 960 planned units on Tuesday, 10 March 2026 (95%), OEE 75.0%, "
        "3.8 points above an average Tuesday. It lost 1 h to stops ($120), 2 h that nothing explains "
        "($240) and 12 units of scrap ($30)."
    )


def test_a_day_is_told_in_german_with_its_numbers_and_dates() -> None:
    told = made(
        row(actual_output=1234.5, target_output=2000),
        row(day=TUESDAY - A_WEEK, oee_percentage=80),
        language="de",
        zone=BERLIN,
    )

    assert told.subject.replace("\u00a0", " ") == (
        "northfield, Di 10.3.: 62 % vom Plan, OEE 75,0 %, 390 $ Verlust"
    )
    first, *rest = told.text.replace("\u00a0", " ").splitlines()
    assert first == (
        "Das Werk northfield hat am Dienstag, 10. März 2026 1.234 von 2.000 geplanten Stück gefertigt "
        "(62 %), OEE 75,0 %, 5,0 Punkte unter einem üblichen Dienstag. Verloren gingen 1 h durch "
        "Stillstände (120 $), 2 h ohne erfassten Grund (240 $) und 12 Stück Ausschuss (30 $)."
    )
    assert rest[-1].startswith("Stand Mi 11.3., 12:00 CET.")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([row(target_output=0)], "Plant northfield made 912 units on Tuesday", id="no target"),
        pytest.param([row(unplanned_output=12)], "12 units outside the planned time", id="extra work"),
        pytest.param([row()], "(95%), OEE 75.0%. It lost", id="nothing to compare with"),
        pytest.param(
            [row(), row(day=TUESDAY - A_WEEK, oee_percentage=75.4)], "like an average Tuesday", id="as usual"
        ),
        pytest.param(
            [row(downtime_minutes=0, unexplained_minutes=None, waste_count=0)],
            "No loss was recorded.",
            id="no loss",
        ),
        pytest.param(
            [row(downtime_loss=None, speed_loss=None, scrap_loss=None)],
            "It lost 1 h to stops, 2 h that nothing explains and 12 units of scrap.",
            id="no prices",
        ),
        pytest.param(
            [unknown()],
            "No data came from plant northfield on Tuesday, 10 March 2026. What it made and lost is not "
            "known.",
            id="no data",
        ),
    ],
)
def test_what_the_sentences_say_of_other_days(rows: list[dict[str, Any]], expected: str) -> None:
    assert expected in made(*rows).text.splitlines()[0].replace("\u00a0", " ")


def test_a_day_without_data_has_no_tables() -> None:
    told = made(unknown())

    assert told.subject == "northfield, Tue 10 March: no data came from the plant"
    assert "The day in figures" not in told.text + told.html
    assert "By area" not in told.text + told.html


def test_a_correction_says_so() -> None:
    told = make_mail(RICH, "en", CHICAGO, is_correction=True)

    assert told.subject.startswith("Corrected: northfield, Tue 10 March: ")
    for body in (told.text, told.html):
        assert "Late records changed this day since the last mail" in body


def test_what_cost_most_comes_first_and_no_more_than_five() -> None:
    lines = made(
        row("A", downtime_loss=500, speed_loss=10, scrap_loss=0, waste_count=0),
        row("B", downtime_loss=20, speed_loss=900, scrap_loss=0, waste_count=0),
        row("C", downtime_loss=0, downtime_minutes=0, speed_loss=30, scrap_loss=700, waste_count=70),
        row("D", downtime_loss=1, speed_loss=2, scrap_loss=0, waste_count=0),
    ).text.replace("\u00a0", " ")

    part = lines.split("What cost most\n")[1].split("\n\n")[0].splitlines()
    assert part == [
        "  B: nothing explains 2 h, $900",
        "  C: 70 units of scrap, $700",
        "  A: 1 h of stops, most for No Material, $500",
        "  C: nothing explains 2 h, $30",
        "  B: 1 h of stops, most for No Material, $20",
    ]


def test_without_prices_what_took_most_time_comes_first() -> None:
    no_prices: dict[str, Any] = {"downtime_loss": None, "scrap_loss": None, "speed_loss": None}

    text = made(row("A", **no_prices), row("B", unexplained_minutes=30, **no_prices)).text

    part = text.replace("\u00a0", " ").split("What took most time\n")[1].splitlines()
    assert part[0] == "  A: nothing explains 2 h"


def test_planned_and_unplanned_reasons_stand_apart() -> None:
    reasons = [
        {"reason": "Jam", "minutes": 20},
        {"reason": "Setup", "minutes": 40, "is_planned": True},
    ]
    text = made(row("A", downtime_reasons=reasons), row("B", downtime_reasons=reasons)).text

    part = text.replace("\u00a0", " ").split("Why it stood still\n")[1].splitlines()
    assert part[:2] == ["  Unplanned: Jam 40 min", "  Planned: Setup 1 h 20 min"]


def test_names_that_nobody_mapped_are_named_up_to_ten() -> None:
    told = made(row(), unmapped=[f"NEW-{number:02}" for number in range(13)]).text

    assert "NEW-00, NEW-01" in told
    assert "NEW-09 and 3 more." in told
    assert "Nobody mapped these" not in made(row()).text


def test_what_is_in_no_sum_is_said() -> None:
    told = make_mail(RICH, "en", CHICAGO).text

    assert "Not known, and in no sum: OEE of 1 of 3 assets, scrap of 1 and cost of 1." in told


class Structure(HTMLParser):
    """The tags of a page with their attributes, and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


TAGS: Final = {
    *("html", "head", "meta", "title", "style", "body"),
    *("table", "tr", "td", "th", "h2", "p", "br", "span"),
}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("day", [RICH, day_of(unknown()), day_of()], ids=["rich", "no data", "no assets"])
def test_the_page_is_tables_and_inline_styles_and_loads_nothing(language: str, day: Any) -> None:
    html = make_mail(day, language, BERLIN, is_correction=True).html
    page = Structure(html)

    assert {tag for tag, _ in page.tags} <= TAGS
    assert page.open == []
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert not attributes.keys() & {"src", "href", "background", "srcset", "action"}
        if tag in {"body", "table", "td", "th", "p", "h2", "span"}:
            assert attributes.get("style"), (tag, attributes)
    assert not re.search(r"url\(|@import|https?:|//", html)
    assert page.tags[0] == ("html", {"lang": language})


def test_the_page_has_a_fixed_width_and_colours_for_dark_mode() -> None:
    html = make_mail(RICH, "en", CHICAGO, is_correction=True).html
    page = Structure(html)

    widths = [attributes["width"] for tag, attributes in page.tags if tag == "table"]
    assert "600" in widths
    assert all(width in {"100%", "600"} for width in widths)
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in page.tags
    rules = re.findall(r"^  \.(\w+) \{", html.split("@media (prefers-color-scheme: dark)")[1], re.MULTILINE)
    used = {name for _, one in page.tags for name in (one.get("class") or "").split()}
    assert used == set(rules)


def test_names_of_any_kind_are_text_and_nothing_else() -> None:
    told = make_mail(RICH, "en", CHICAGO)
    page = Structure(told.html)

    assert "<script" not in told.html
    assert "<img" not in told.html
    assert "49" not in re.findall(
        r"\d+", "".join(page.texts).split("Nobody mapped")[1].split("Their rows")[0]
    )
    assert any("<img src=x onerror=alert(1)>" in text for text in page.texts)
    assert "\n" not in told.subject


def test_text_and_page_say_the_same() -> None:
    told = make_mail(RICH, "de", BERLIN)
    shown = " ".join("".join(Structure(told.html).texts).split())

    for words in re.findall(r"[^\W_]+", told.text):
        assert words in shown, words


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_fields(words: Any) -> None:
    def fields(sentence: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    assert words.sentences.keys() == ENGLISH.sentences.keys()
    for name, sentence in ENGLISH.sentences.items():
        assert fields(words.sentences[name]) == fields(sentence), name
    assert (len(words.weekdays), len(words.short_weekdays), len(words.months)) == (7, 7, 12)


@pytest.mark.parametrize(
    ("show", "english", "german"),
    [
        (lambda words: words.count(1234567), "1,234,567", "1.234.567"),
        (lambda words: words.count(9.25), "9.2", "9,2"),
        (lambda words: words.count(None), "\u2013", "\u2013"),
        (lambda words: words.percentage(77.44), "77.4%", "77,4 %"),
        (lambda words: words.dollars(1234.5), "$1,234", "1.234 $"),
        (lambda words: words.dollars(9.5), "$9.50", "9,50 $"),
        (lambda words: words.dollars(0), "$0", "0 $"),
        (lambda words: words.dollars(99_999), "$99,999", "99.999 $"),
        (lambda words: words.dollars(1_234_567), "$1,235k", "1.235 T$"),
        (lambda words: words.span(59.6), "1 h", "1 h"),
        (lambda words: words.span(1441), "24 h 1 min", "24 h 1 min"),
        (lambda words: words.short_span(59.4), "59 min", "59 min"),
        (lambda words: words.short_span(90), "1.5 h", "1,5 h"),
        (lambda words: words.day(date(2026, 5, 3)), "Sunday, 3 May 2026", "Sonntag, 3. Mai 2026"),
        (lambda words: words.short_day(date(2026, 5, 3)), "Sun 3 May", "So 3.5."),
        (lambda words: words.joined(["a"]), "a", "a"),
        (lambda words: words.joined(["a", "b", "c"]), "a, b and c", "a, b und c"),
    ],
)
def test_numbers_and_dates_are_written_as_in_the_language(show: Any, english: str, german: str) -> None:
    assert [show(words).replace("\u00a0", " ") for words in (ENGLISH, GERMAN)] == [english, german]
