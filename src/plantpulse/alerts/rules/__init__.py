"""The rules, by what they look at. A rule has the name of its function; settings/alerts.py has its settings.

A new rule is one function here, its name in `OF_RUNS` (judging), `OF_PIPELINES` or `OF_TAGS` (watching), its
line in `RULES` of settings/alerts.py, and its words in `messages`.
"""
