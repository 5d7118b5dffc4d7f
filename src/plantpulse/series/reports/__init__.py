"""Reports of a day or a week of series: how complete, timely and accurate each area and kind was.

Pure: scores, findings, gaps and rates in; rows, text and a mail out.
"""
