"""The JSON schema of plantpulse.yaml, made from the models that read it. Pure."""

from dataclasses import MISSING, fields
from typing import Any, Final

from plantpulse.settings import Settings
from plantpulse.settings.channels import CHANNEL_KEY
from plantpulse.settings.plant import PLANT_KEY
from plantpulse.settings.section import Section
from plantpulse.settings.series import PUBLISHERS
from plantpulse.settings.validation import adapter

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
TITLE: Final = "plantpulse.yaml"

# What no file holds: secrets, and what is computed or set by a cloud.
_NOT_IN_THE_FILE: Final = {
    "Settings": ("supabase", "tag_credentials"),
    "PlantSettings": ("missing_settings",),
    "ManualCallsSettings": ("cloud_run_service",),
    "SqlServerSettings": ("password",),
    "ChannelSettings": ("secret",),
    "PublisherSettings": ("key",),
}


def schema_of_file() -> dict[str, Any]:
    """Return the schema: every setting that the file may have, and its form.

    Only `plants` is required: the environment can supply the rest.
    """
    whole = adapter(Settings).json_schema()
    models = {"Settings": whole} | whole["$defs"]
    _add_made_defaults(models)
    for name, gone in _NOT_IN_THE_FILE.items():
        for place in gone:
            models[name]["properties"].pop(place)
    for publisher in PUBLISHERS:
        models["SeriesSettings"]["properties"][publisher].pop("default")
    for model in models.values():
        model.pop("required", None)
    whole["required"] = ["plants"]
    whole["properties"]["plants"]["propertyNames"] = {"pattern": PLANT_KEY}
    whole["properties"]["channels"]["propertyNames"] = {"pattern": CHANNEL_KEY}
    whole["$defs"].pop("SupabaseSettings")
    return {"$schema": DIALECT, **whole, "title": TITLE}


def _add_made_defaults(models: dict[str, Any]) -> None:
    """Add the defaults that a field makes anew each time, such as a mapping: pydantic leaves them out."""
    for section in Section.__subclasses__():
        for one in fields(section):
            if one.default_factory is not MISSING and section.__name__ in models:
                made: Any = one.type
                default = adapter(made).dump_python(one.default_factory(), exclude_defaults=True)
                models[section.__name__]["properties"][one.name]["default"] = default
