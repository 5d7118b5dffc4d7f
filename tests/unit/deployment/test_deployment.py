"""All of a deployment together."""

from collections.abc import Iterator
from pathlib import Path

from plantpulse.deployment import Written, deployment_of
from plantpulse.schedules.pipelines import FUNCTIONS, Pipeline, RegisteredFunction
from plantpulse.schedules.schedules import Every
from plantpulse.settings import Settings
from plantpulse.settings.validation import validated
from tests.unit.deployment.conftest import Deploy


def tides(settings: Settings) -> Iterator[Pipeline]:
    """Yield a pipeline that no version of the code has."""
    for plant in settings.plants:
        yield Pipeline("tides", plant, Every.minutes(360), timeout_s=30)


def test_a_new_pipeline_is_one_entry_in_the_registry(tmp_path: Path) -> None:
    settings = validated(Settings, {"plants": {"north": {"time_zone": "UTC"}}})
    entry = RegisteredFunction(name="tides", purpose="Reads the tide table", memory_mb=128, calls=tides)
    nothing = Written(places=(), folder=tmp_path)

    before = deployment_of(settings, nothing)
    after = deployment_of(settings, nothing, (*FUNCTIONS, entry))

    assert after.functions["tides"].timeout_s == 45
    assert after.schedules["tides-north"].cron == "0 0,6,12,18 * * *"
    assert after.rhythms["tides-360"].plants == ["north"]
    assert {name: one for name, one in after.functions.items() if name != "tides"} == before.functions
    assert {name: one for name, one in after.schedules.items() if name != "tides-north"} == before.schedules


def test_without_a_plant_nothing_that_reads_one_is_deployed(deploy: Deploy) -> None:
    deployment = deploy("plants: {}")

    assert set(deployment.functions) == {"cleanup", "health"}
    assert set(deployment.schedules) == {"cleanup", "health"}
    assert deployment.rhythms["cleanup-60"].plants == ()
    assert deployment.unconfigured_plants == []
