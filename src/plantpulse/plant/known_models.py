"""The plant models that a process has read, so that Supabase need not send them again.

A process that goes on polls the same plant each quarter of an hour, and its model changes once a week. A
claim says which version is known; the answer brings a model only if it is another one. A new process knows
none.
"""

from collections.abc import Mapping
from typing import Any, Final

from plantpulse.errors import StoreRefused
from plantpulse.late_dataclasses import dataclass, field
from plantpulse.plant.plant_model import PlantModel, parse_plant_model

KNOWN_PARTS: Final = 80_000  # assets and shift targets of all known models together: some 10 MB


@dataclass(slots=True)
class KnownModels:
    """Plant models by version, the newest last, and the newest version of each plant.

    Plants with equal models share one. A model that no plant has any more goes when there are too many.
    """

    models: dict[str, PlantModel] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def version_of(self, plant: str) -> str | None:
        """Return the newest version that is known of a plant, for its claim."""
        version = self.versions.get(plant)
        return version if version in self.models else None

    def read(self, plant: str, sent: Mapping[str, Any] | None) -> PlantModel:
        """Return the plant model that a claim was answered with: that of its `parts`, or the known one.

        Raises: ConfigurationError if it is malformed; StoreRefused if it is said to be known and is not.
        """
        version, parts = (sent or {}).get("version"), (sent or {}).get("parts")
        known = None if parts is not None else self.models.get(str(version))
        if parts is None and known is None and version is not None:
            raise StoreRefused("Supabase did not send the plant model, as if this process knew it")
        model = known or parse_plant_model(parts or {})
        self.models.pop(str(version), None)
        self.models[str(version)] = model
        self.versions[plant] = str(version)
        self._forget()
        return model

    def _forget(self) -> None:
        """Forget the oldest models beyond the bound, but never the newest one."""
        while len(self.models) > 1 and sum(map(_parts, self.models.values())) > KNOWN_PARTS:
            used = set(self.versions.values())
            self.models.pop(next((one for one in self.models if one not in used), next(iter(self.models))))


def _parts(model: PlantModel) -> int:
    return len(model.assets) + len(model.shift_targets)
