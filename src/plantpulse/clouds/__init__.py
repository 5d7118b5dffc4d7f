"""What plantpulse asks of the cloud that it runs on: secrets, schedules, dead letters, notices.

A package or module for each cloud's SDK, which is imported where it is first used: a poll that needs
none pays for none.
"""
