"""What the values of a series are worth: bounds, outliers, faults by name, scores per local day.

Pure: points in, findings and scores out. Nothing here reads, stores or changes a value.
"""
