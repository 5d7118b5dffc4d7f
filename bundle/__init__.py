"""What is deployed: a zip for each function and cloud, with only what that function needs.

`make bundle` builds them, Terraform takes their paths. A function's imports say what it needs, and the lock
in requirements/ says in which version. The same sources give the same bytes.
"""
