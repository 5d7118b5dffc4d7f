"""The deployment that follows from the settings: functions, schedules, secrets, and what alarms watch.

Pure: settings in, plain frozen data out. `make bundle` writes it to build/deployment.json, from which
Terraform makes the resources of a cloud. Terraform decides what concerns only one cloud.
"""

from plantpulse.deployment.deployment import Deployment, deployment_of
from plantpulse.deployment.variables import Written

__all__ = ["Deployment", "Written", "deployment_of"]
