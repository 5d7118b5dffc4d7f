"""The command line `plantpulse`: what operators do by hand. Never deployed with the functions.

One module a command; `commands` lists them. A command reads its arguments, asks the same pipelines and
adapters that the functions use, and shows the answer as a table or, with --json, as JSON
(docs/command-line.md).
"""
