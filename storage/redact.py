"""Masks passwords in texts that are shown or recorded."""

import re
from urllib.parse import unquote

MASK = "***"
# A path turns `://` into `:/`. Everything up to the last @ may belong to the password.
_USER_PASSWORD = re.compile(
    r"((?::/+|//)[^/:@\s]*?(?::|%3a))(?!\*\*\*@).*@", re.DOTALL | re.IGNORECASE
)
_QUERY_PARAMETER = re.compile(r"([?&;]\s*)([^=&;?\s]+)=(?!\*\*\*)([^&]*)")
_PASSWORD_WORD = re.compile(
    r"\b(\w*(?:password|passwd|pwd))(\s*=\s*)(?!\*\*\*)('[^']*'|\"[^\"]*\"|\S+)", re.I
)
_SECRET_NAME = re.compile(r"pass(?!file)|pwd|secret|token|credential|api_?key|connect$|dsn", re.I)
"""Matches names whose values are secret. `odbc_connect` is a connection string."""


def redact(word: str) -> str:
    """Returns a text with the passwords of its URLs masked.

    A password stands before an @, in the query of a URL (also percent-encoded), or in a word such
    as `password=...` of libpq. A masked password is left as it is.
    """
    if not word.startswith("sqlite:///"):  # a path may contain an @
        word = _USER_PASSWORD.sub(rf"\1{MASK}@", word)
    word = _QUERY_PARAMETER.sub(_mask_secret, word)
    return _PASSWORD_WORD.sub(rf"\1\2{MASK}", word)


def _mask_secret(match: re.Match[str]) -> str:
    secret = _SECRET_NAME.search(unquote(unquote(match[2])))
    return f"{match[1]}{match[2]}={MASK}" if secret else match[0]
