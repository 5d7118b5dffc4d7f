"""A deployment of settings that a test writes down as YAML, where every password is known."""

from collections.abc import Callable
from pathlib import Path

import pytest

from plantpulse.deployment import Deployment, Written, deployment_of
from plantpulse.settings import config
from plantpulse.settings.secret_variables import password_variable

Deploy = Callable[[str], Deployment]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """Return what is deployed of a file with this text."""

    def deploy(text: str) -> Deployment:
        path = tmp_path / "plantpulse.yaml"
        path.write_text(text, encoding="utf-8")
        environ = {"PLANTPULSE_CONFIG": str(path)}
        plants, places = config.load_with_origins(environ)
        passwords = {password_variable(plant): "not looked at" for plant in plants.plants}
        return deployment_of(config.load(environ | passwords), Written(places.keys(), tmp_path))

    return deploy
