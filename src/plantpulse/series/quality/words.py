"""What a language must have to say a finding. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from plantpulse.series.quality.findings import Finding, Name

NO_FACT: Final = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. `label`: a finding in two or three words; `sentence`: the same as a sentence with facts.

    Names are the same in every language, and so are the facts in braces.
    """

    code: str
    label: Mapping[Name, str]
    sentence: Mapping[Name, str]

    def say(self, finding: Finding) -> str:
        """Return the sentence of a finding with its facts."""
        return self.sentence[finding.name].format_map(_Facts(finding.facts))


class _Facts(dict[str, object]):
    """Facts of a sentence; one that is not known leaves a question mark."""

    def __missing__(self, _name: str) -> str:
        return NO_FACT
