"""What is deployed: a zip for each function and cloud, with what that function needs and nothing else.

`make bundle` builds them, Terraform takes their paths. What a function needs is read from its imports, at
which version from the lock in requirements/. The same sources give the same bytes.
"""
