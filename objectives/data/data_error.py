"""The error of broken or unsuitable data."""

from ...models.errors import LatentuneError


class DataError(LatentuneError, ValueError):
    """Data that is missing, empty or broken."""
