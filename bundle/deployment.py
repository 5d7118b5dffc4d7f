"""build/deployment.json: what Terraform reads instead of plantpulse.yaml.

It is computed from the file alone, by the functions' own models, and the same file gives the same bytes.
It has the file's SHA-256, so that Terraform refuses one that was made of another file.
"""

import hashlib
import json
from pathlib import Path
from typing import Final

from bundle.carried import check
from bundle.targets import python_version
from plantpulse.deployment import Written, deployment_of
from plantpulse.deployment.dashboard import DASHBOARD
from plantpulse.settings import config

FILE_NAME: Final = "deployment.json"


def describe(file: Path) -> str:
    """Return the text of deployment.json. Raises: BundleRefused in the functions' own words."""
    settings = check(file)
    _, origins = config.load_with_origins({config.CONFIG_FILE_VARIABLE: str(file)})
    made_of = {
        "python_version": python_version(),
        "settings_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    deployment = deployment_of(settings, Written(origins.keys(), file.parent))
    return json.dumps(made_of | deployment.as_json(), indent=1, sort_keys=True) + "\n"


def write(file: Path, path: Path) -> list[str]:
    """Write deployment.json; return the functions whose bundles it needs.

    Raises: BundleRefused; the old file stays.
    """
    text = describe(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    deployed = json.loads(text)
    codes = dict.fromkeys(function["code"] for function in deployed["functions"].values())
    return [*codes, *([DASHBOARD] if deployed["dashboard"] else [])]
