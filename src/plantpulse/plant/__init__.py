"""What a plant is and what its rows mean: clock, assets, shifts, readings, OEE.

Pure, and common to every pipeline that reads a plant: no clock, no network, no database in here.
"""
