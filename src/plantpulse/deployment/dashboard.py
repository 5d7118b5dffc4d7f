"""What the board's function is made with. No scheduler calls it, and it reads no secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from plantpulse.deployment.variables import Written, variables_of_dashboard
from plantpulse.settings import Settings

DASHBOARD: Final = "dashboard"


@dataclass(frozen=True, slots=True)
class DeployedDashboard:
    """The function that serves the board: its size, and variables that everybody may know."""

    purpose: str = "Serves the board's pages"
    memory_mb: int = 512
    timeout_s: int = 15
    max_instances: int = 3
    environment: Mapping[str, str] = field(default_factory=dict)


def dashboard_of(settings: Settings, written: Written) -> DeployedDashboard | None:
    """Return the board's function; None where it is not wanted."""
    if not settings.dashboard.enabled:
        return None
    return DeployedDashboard(environment=variables_of_dashboard(settings, written))
