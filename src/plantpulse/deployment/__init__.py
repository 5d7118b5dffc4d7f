"""What a deployment of the settings is: its functions, schedules, secrets, and what its alarms watch.

Pure: settings in, plain frozen data out. `make bundle` writes it as build/deployment.json, from which
Terraform makes the resources of a cloud. What belongs to one cloud alone is decided there.
"""

from plantpulse.deployment.variables import Written
from plantpulse.deployment.whole import Deployment, deployment_of

__all__ = ["Deployment", "Written", "deployment_of"]
