"""The programs that are measured, each run as a process of its own with nothing else in it."""
