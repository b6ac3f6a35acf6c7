"""The error of broken or unsuitable data."""

from ...models.errors import LatentuneError


class DataError(LatentuneError, ValueError):
    """Raised if data is missing, empty, broken or does not fit an option."""
