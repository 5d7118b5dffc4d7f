"""The JSON schema of plantpulse.yaml, made from the models that read it. Pure."""

from typing import Any, Final

from plantpulse.settings import Settings
from plantpulse.settings.plant import PLANT_KEY
from plantpulse.settings.validation import adapter

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TITLE: Final = "plantpulse.yaml"

# What no file may hold: secrets, and what is computed.
_NOT_IN_THE_FILE: Final = {
    "Settings": ("supabase",),
    "PlantSettings": ("missing_settings",),
    "SqlServerSettings": ("password",),
}


def schema_of_file() -> dict[str, Any]:
    """Return the schema: everything that the file may hold, in the form in which it may.

    Nothing but `plants` is required: the environment may bring what a file leaves out.
    """
    whole = adapter(Settings).json_schema()
    models = {"Settings": whole} | whole["$defs"]
    for name, gone in _NOT_IN_THE_FILE.items():
        for place in gone:
            models[name]["properties"].pop(place)
    for model in models.values():
        model.pop("required", None)
    whole["required"] = ["plants"]
    whole["properties"]["plants"]["propertyNames"] = {"pattern": PLANT_KEY}
    whole["$defs"].pop("SupabaseSettings")
    return {"$schema": DIALECT, **whole, "title": TITLE}
