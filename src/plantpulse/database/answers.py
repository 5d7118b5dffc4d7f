"""The objects that Supabase's SQL functions return, checked for the parts that callers rely on."""

from collections.abc import Mapping
from typing import Any, Final

from plantpulse.errors import StoreRefused

Json = Any

_LISTS_OF_OBJECTS: Final = frozenset(
    {
        "cost_centers",
        "new_events",
        "pipelines",
        "rows",
        "errors",
        "events",
    }
)
# What the parts of answers are, in whichever function's answer they are.
_KINDS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("answer", "role", "server_version"), str),
    **dict.fromkeys(("run", "report", "snapshots", "summaries", "asset_names"), dict),
    **dict.fromkeys(("fingerprints", "plant_model", "slot_seals"), dict),
    **dict.fromkeys(
        (*_LISTS_OF_OBJECTS, "planned_assets", "report_dates", "plants", "tables", "functions"), list
    ),
    **dict.fromkeys(("updated", "removed"), int),
}


class Answer(dict[str, Json]):
    """The object that an SQL function returned; what it should have and lacks is an error of Supabase's."""

    function: str

    @classmethod
    def of(cls, function: str, content: dict[str, Json]) -> "Answer":
        """Return the answer of a function, its inner objects as answers too."""
        inner = {name: cls.of(function, value) for name, value in content.items() if isinstance(value, dict)}
        answer = cls(content | inner)
        answer.function = function
        return answer

    def check(self) -> "Answer":
        """Return the answer. Raises: StoreRefused if one of its parts is of another kind."""
        for name, value in self.items():
            kind = _KINDS.get(name)
            if kind is None or value is None:
                continue
            is_right = isinstance(value, kind)
            if is_right and name in _LISTS_OF_OBJECTS:
                is_right = all(isinstance(one, dict) for one in value)
            if not is_right:
                raise StoreRefused(
                    f"Supabase's answer to {self.function} has a malformed {name}: "
                    "check SUPABASE_URL, and apply the newest migrations"
                )
        return self

    def __missing__(self, name: str) -> Json:
        raise StoreRefused(
            f"Supabase's answer to {self.function} has no {name}: "
            "check SUPABASE_URL, and apply the newest migrations"
        )
