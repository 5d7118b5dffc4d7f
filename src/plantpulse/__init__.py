"""plantpulse: a plant's SQL Server as live, trustworthy data in Supabase.

The one package that all functions share. Nothing happens at import time but imports.
"""

__version__ = "0.1.0"
