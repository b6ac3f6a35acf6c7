"""URLs of databases: which are understood, and how."""

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from .redact import shown
from .storage_error import StorageError

SQLITE_SCHEME = "sqlite:///"
PSYCOPG_DRIVER = "postgresql+psycopg"


def is_file(url: str) -> bool:
    """Returns whether a URL names an SQLite file."""
    return url.startswith(SQLITE_SCHEME)


def file_path(url: str) -> Path:
    """Returns the file of an SQLite URL; of a link, the file that it leads to.

    SQLite keeps its log beside that file.
    """
    path = url.removeprefix(SQLITE_SCHEME)
    return Path(os.path.realpath(path) if os.path.islink(path) else path)


def absolute(url: str) -> str:
    """Returns a URL that means the same in every working folder of this machine."""
    return (
        f"{SQLITE_SCHEME}{os.path.abspath(url.removeprefix(SQLITE_SCHEME))}"
        if is_file(url)
        else url
    )


def parse_url(url: str) -> URL:
    """Returns what a URL says, if it is one that we understand.

    PostgreSQL is spoken to by psycopg 3, whatever SQLAlchemy of this version would take.

    Raises:
        StorageError: If it is not.
    """
    if {"{", "}"} & set(url):  # Optuna would fill in what stands between them
        raise StorageError(f"{shown(url)!r} cannot be the URL of a database: it has a brace")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # the second of a port that is no number
        raise StorageError(
            f"{shown(url)!r} is no database URL; a file is named like sqlite:///runs/studies.db"
        ) from error
    backend, _, driver = parsed.drivername.partition("+")
    if backend in ("redis", "rediss"):
        raise StorageError(
            f"{shown(url)} cannot hold studies: Optuna keeps only a journal there, without "
            "heartbeats, so that the trials of a search that was killed would run for ever; "
            "name a PostgreSQL database, like postgresql://HOST/NAME"
        )
    if backend not in ("postgresql", "postgres"):
        return parsed
    if driver not in ("", "psycopg"):
        raise StorageError(
            f"{shown(url)} asks for {driver}, and PostgreSQL is reached by psycopg 3 alone: name "
            "it like postgresql://HOST/NAME"
        )
    return parsed.set(drivername=PSYCOPG_DRIVER)


def redacted_url(url: URL) -> str:
    """Returns a URL as users type it, without its password."""
    return shown(url.render_as_string().replace(PSYCOPG_DRIVER, "postgresql", 1))
