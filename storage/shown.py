"""What of a user's words may be shown or kept: not the password in the URL of a database."""

import re


def shown(word: str) -> str:
    """Returns a URL, or any other word that a user has typed, without the password in it."""
    word = re.sub(r"(://[^/:@]*):.*@", r"\1:***@", word, flags=re.DOTALL)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", word)
