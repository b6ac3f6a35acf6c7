"""The base of all errors of the package."""


class LatentuneError(Exception):
    """Something that Latentune refuses or cannot do; its message names the value and the way out.

    Example:
        >>> try:
        ...     latentune.show("nothing.csv")
        ... except latentune.LatentuneError as error:
        ...     print(type(error).__name__)
        DataError
    """
