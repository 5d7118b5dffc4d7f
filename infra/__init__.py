"""What deploys plantpulse: the Terraform roots, and the little Python that keeps them true to the code.

`rules` writes the settings' rules down for Terraform, `tables` the roots' inputs and outputs, `deploy`
runs Terraform. Nothing here is part of what is deployed.
"""
