"""Alerts: rules say what fires, Postgres keeps the episodes, channels tell people.

`rules` and `messages` are pure; `channels` is the only package that knows SMTP, Slack, PagerDuty and Apprise.
"""
