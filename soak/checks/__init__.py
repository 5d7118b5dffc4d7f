"""What must be true of the database and the channels, from the plant and the ledger alone.

Each check raises `Broken` with what it found and what it should have found, and counts what it looked at.
Nothing here imports `plantpulse`.
"""
