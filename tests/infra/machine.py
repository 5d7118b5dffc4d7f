"""A machine for the tests: programs that note how they were called, and a folder with Terraform's roots.

The roots hold no configuration: what is looked for is whether a deployer's own files are there.
"""

import json
import sys
from pathlib import Path

FAKE = """#!{python}
import json, os, sys
if "version" in sys.argv:
    print(json.dumps({{"terraform_version": {version!r}}}))
    sys.exit({code})
with open({log!r}, "a", encoding="utf-8") as log:
    variables = {{name: value for name, value in os.environ.items() if name.startswith("TF_VAR_")}}
    log.write(json.dumps([{name!r}, sys.argv[1:], variables]) + "\\n")
if "output" in sys.argv:
    print({outputs!r})
sys.exit({code})
"""


class Machine:
    """A PATH with nothing on it but the programs a test puts there, and a folder with the roots."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.infra, self.log = folder / "bin", folder / "infra" / "terraform", folder / "log"
        self.bin.mkdir()
        self.log.touch()
        self.environ = {"PATH": str(self.bin)}

    def install(self, name: str, outputs: object = None, code: int = 0, version: str = "1.11.4") -> None:
        told = json.dumps({key: {"value": value} for key, value in dict(outputs or {}).items()})  # type: ignore[call-overload]
        script = FAKE.format(
            python=sys.executable, log=str(self.log), name=name, outputs=told, code=code, version=version
        )
        (self.bin / name).write_text(script, encoding="utf-8")
        (self.bin / name).chmod(0o755)

    def fill_in(self, cloud: str) -> None:
        (self.infra / cloud).mkdir(parents=True)
        for name in ("terraform.tfvars", "backend.hcl"):
            (self.infra / cloud / name).touch()

    def calls(self) -> list[list[str]]:
        return [[name, *arguments] for name, arguments, _ in self._lines()]

    def variables(self) -> list[dict[str, str]]:
        return [variables for _, _, variables in self._lines()]

    def _lines(self) -> list[tuple[str, list[str], dict[str, str]]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
