"""What a plant is and what its rows mean: clock, assets, shifts, readings, OEE.

Pure, and shared by every pipeline that reads a plant: no system clock, no network, no database.
"""
