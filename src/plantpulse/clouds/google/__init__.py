"""Google Cloud, through its client for Cloud Scheduler: the only package that knows it."""
