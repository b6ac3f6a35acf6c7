"""Data: `sources` reads it, `preparation` splits it, `new_items` prepares input of predictions.

All of them raise `DataError` if data is missing, empty, broken or does not fit an option.
"""
