"""The publishers' APIs; one module or package each."""

from plantpulse.series.sources.opening import open_sources

__all__ = ["open_sources"]
