"""What deploys plantpulse: the Terraform roots, and the little Python that runs them.

`obstacles` says what would stop a deployment, `deploy` runs Terraform, `tables` writes the roots' inputs and
outputs into their READMEs. Nothing here is part of what is deployed.
"""
