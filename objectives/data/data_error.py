"""What is wrong with data."""


class DataError(ValueError):
    """Data that is missing, empty or broken."""
