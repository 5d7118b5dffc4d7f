"""The way in: from an HTTP request or an event to a run, and from its report to a response.

It knows every cloud's envelope and no pipeline: `main.py` gives `service` the job.
"""
