"""LatentuneError: the base class of all errors of the package."""


class LatentuneError(Exception):
    """Base class of errors; the message names the wrong value, and says what to do.

    Example:
        >>> try:
        ...     latentune.show("nothing.csv")
        ... except latentune.LatentuneError as error:
        ...     print(type(error).__name__)
        DataError
    """
