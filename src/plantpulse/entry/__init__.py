"""The way in: from an HTTP request or an event to a run, and from its report to a response.

Knows every cloud's envelope and no pipeline: `main.py` hands the job to `service`.
"""
