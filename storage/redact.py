"""What of a user's words may be shown or kept: not the password in the URL of a database."""

import re
from urllib.parse import unquote

MASK = "***"
# A path makes `:/` of `://`. Whatever may belong to a password is hidden: up to the last @.
_USER_PASSWORD = re.compile(
    r"((?::/+|//)[^/:@\s]*?(?::|%3a))(?!\*\*\*@).*@", re.DOTALL | re.IGNORECASE
)
_QUERY_PARAMETER = re.compile(r"([?&;]\s*)([^=&;?\s]+)=(?!\*\*\*)([^&]*)")
_PASSWORD_WORD = re.compile(
    r"\b(\w*(?:password|passwd|pwd))(\s*=\s*)(?!\*\*\*)('[^']*'|\"[^\"]*\"|\S+)", re.I
)
_SECRET_NAME = re.compile(r"pass(?!file)|pwd|secret|token|credential|api_?key|connect$|dsn", re.I)
"""Names of what is hidden; `odbc_connect` is a whole connection in a word."""


def shown(word: str) -> str:
    """Returns a URL, or any other text that may hold one, without the passwords in it.

    They stand before an @, in the query of a URL by whatever name and also percent-encoded, or as
    the words `password=...` of libpq. What is hidden already stays as it is.
    """
    if not word.startswith("sqlite:///"):  # a path, in which an @ is a letter like others
        word = _USER_PASSWORD.sub(rf"\1{MASK}@", word)
    word = _QUERY_PARAMETER.sub(_mask_secret, word)
    return _PASSWORD_WORD.sub(rf"\1\2{MASK}", word)


def _mask_secret(match: re.Match[str]) -> str:
    secret = _SECRET_NAME.search(unquote(unquote(match[2])))
    return f"{match[1]}{match[2]}={MASK}" if secret else match[0]
