"""What of a user's words may be shown or kept: not the password in the URL of a database."""

import re
from urllib.parse import unquote

HIDDEN = "***"
# A path makes `:/` of `://`. Whatever may belong to a password is hidden: up to the last @.
_USER = re.compile(r"((?::/+|//)[^/:@\s]*?(?::|%3a))(?!\*\*\*@).*@", re.DOTALL | re.IGNORECASE)
_QUERY = re.compile(r"([?&;]\s*)([^=&;?\s]+)=(?!\*\*\*)([^&]*)")
_WORDS = re.compile(
    r"\b(\w*(?:password|passwd|pwd))(\s*=\s*)(?!\*\*\*)('[^']*'|\"[^\"]*\"|\S+)", re.I
)
_SECRET = re.compile(r"pass(?!file)|pwd|secret|token|credential|api_?key|connect$|dsn", re.I)
"""Names of what is hidden; `odbc_connect` is a whole connection in a word."""


def shown(word: str) -> str:
    """Returns a URL, or any other text that may hold one, without the passwords in it.

    They stand before an @, in the query of a URL by whatever name and also percent-encoded, or as
    the words `password=...` of libpq. What is hidden already stays as it is.
    """
    if not word.startswith("sqlite:///"):  # a path, in which an @ is a letter like others
        word = _USER.sub(rf"\1{HIDDEN}@", word)
    word = _QUERY.sub(_hide, word)
    return _WORDS.sub(rf"\1\2{HIDDEN}", word)


def _hide(match: re.Match[str]) -> str:
    secret = _SECRET.search(unquote(unquote(match[2])))
    return f"{match[1]}{match[2]}={HIDDEN}" if secret else match[0]
