"""ENTSO-E's Transparency Platform: prices, load, generation and forecasts of European areas.

`source` asks and is the shell; all other modules are pure. Truth: Regulation (EU) 543/2013, the platform's
API guide, and the recorded replies in tests/series/replies/entsoe. Decisions: docs/decisions/0090 and 0091.
"""
