"""A deployment in an account: each change of settings or variables is one apply."""

import shutil
from pathlib import Path
from typing import Final, Self

from bundle import deployment
from tests.infra.changes import Changes
from tests.infra.refusals import Account
from tests.infra.rehearsal import Rehearsal

_PLACE = {"gcp": 'project = "plant-project"\nregion = "europe-west3"\n', "aws": 'region = "eu-central-1"\n'}

ONE: Final = "{time_zone: UTC, sql_server: {host: h, user: u, database: d}}"
OFF: Final = "{time_zone: UTC, enabled: false, sql_server: {host: h, user: u, database: d}}"
PASSWORDS: Final = {f"MSSQL_PASSWORD__{plant}": "x" for plant in ("NORTH", "SOUTH", "EAST")}
FUNCTION: Final = {"gcp": "google_cloudfunctions2_function", "aws": "aws_lambda_function"}
# What holds names or values that outlive it.
STAYING: Final = {
    "gcp": ("google_secret_manager_secret", "google_logging_project_bucket_config"),
    "aws": ("aws_secretsmanager_secret", "aws_cloudwatch_log_group"),
}


class Deployment:
    """A rehearsal and its account."""

    def __init__(self, rehearsal: Rehearsal, account: Account) -> None:
        self.rehearsal, self.account, self.cloud = rehearsal, account, rehearsal.cloud
        self.variables = {
            "supabase_url": '"https://abcdefgh.supabase.co"',
            "alarms": '{ emails = ["a@example.com", "b@example.com"] }',
        }

    def set(self, **variables: str) -> None:
        """Set Terraform's variables, as terraform.tfvars says them."""
        self.variables |= variables
        lines = [f"{name} = {value}\n" for name, value in self.variables.items()]
        text = _PLACE[self.cloud] + "".join(lines)
        (self.rehearsal.root / "terraform.tfvars").write_text(text, encoding="utf-8")

    def settle(self, plants: str, channels: str = "", series: str = "null") -> None:
        """Write plantpulse.yaml and what follows from it."""
        path = self.rehearsal.folder / "plantpulse.yaml"
        text = f"plants: {{{plants}}}\nchannels: {{{channels}}}\nseries: {series}\n"
        path.write_text(text, encoding="utf-8")
        deployment.write(path, self.rehearsal.folder / "build" / "deployment.json")

    def apply(self, *arguments: str) -> Changes:
        """Plan, hold the plan against the account, apply; return what changed."""
        changes = self.rehearsal.plan(*arguments)
        assert self.account.refusals(changes) == []
        self.rehearsal.apply()
        self.account.keep(changes)
        assert "-destroy" in arguments or self.rehearsal.is_settled()
        return changes

    def deploy(self, plants: str, *, channels: str = "", series: str = "null", **variables: str) -> Changes:
        """Deploy these plants, channels and series, with these variables changed."""
        self.settle(plants, channels, series)
        self.set(**variables)
        return self.apply()

    @classmethod
    def copy_of(cls, first_day: Rehearsal, folder: Path) -> Self:
        """Return a deployment that goes on from another one, in a folder of its own."""
        shutil.copytree(first_day.folder, folder, symlinks=True)
        copy = Rehearsal(folder, first_day.cloud, first_day.terraform, dict(first_day.environ))
        return cls(copy, Account())
