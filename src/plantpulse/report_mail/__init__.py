"""The morning report as a mail: from a day's stored summaries to what a person reads at breakfast.

`sending` is the shell: it claims what is due, sends it over a channel and marks it. The other modules are
pure.
"""
