"""The command line `plantpulse`, for operators. It is never deployed with the functions.

Each command is one module; `commands` lists them. A command reads its arguments, calls the same pipelines
and adapters as the functions, and shows the answer as a table or, with --json, as JSON
(docs/command-line.md).
"""
