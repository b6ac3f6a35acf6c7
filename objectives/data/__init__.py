"""Reads data (`sources`), splits it (`preparation`) and reads input to predict (`new_items`).

All three raise `DataError` for data that is missing, empty or broken, or does not fit an option.
"""
