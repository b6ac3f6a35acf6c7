"""Parses, checks and redacts the URLs of databases."""

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from .redact import redact
from .storage_error import StorageError

SQLITE_SCHEME = "sqlite:///"
PSYCOPG_DRIVER = "postgresql+psycopg"


def is_file(url: str) -> bool:
    """Returns whether a URL names an SQLite file."""
    return url.startswith(SQLITE_SCHEME)


def file_path(url: str) -> Path:
    """Returns the path of the file in an SQLite URL, with links resolved."""
    path = url.removeprefix(SQLITE_SCHEME)
    return Path(os.path.realpath(path) if os.path.islink(path) else path)


def absolute(url: str) -> str:
    """Returns the URL with an absolute path, if it names an SQLite file by a relative path."""
    return (
        f"{SQLITE_SCHEME}{os.path.abspath(url.removeprefix(SQLITE_SCHEME))}"
        if is_file(url)
        else url
    )


def parse_url(url: str) -> URL:
    """Returns a database URL as SQLAlchemy parses it, with psycopg 3 as the driver of PostgreSQL.

    Raises:
        StorageError: If `url` is not a URL, or not the URL of a database that can hold studies.
    """
    if {"{", "}"} & set(url):  # Optuna would format it
        raise StorageError(f"{redact(url)!r} cannot be the URL of a database: it contains a brace")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: the port is not a number
        raise StorageError(
            f"{redact(url)!r} is not a database URL; a file is named like sqlite:///runs/studies.db"
        ) from error
    backend, _, driver = parsed.drivername.partition("+")
    if backend in ("redis", "rediss"):
        raise StorageError(
            f"{redact(url)} cannot hold studies: Optuna keeps only a journal there, without "
            "heartbeats, so that the trials of a search that was killed would run for ever; "
            "name a PostgreSQL database, like postgresql://HOST/NAME"
        )
    if backend not in ("postgresql", "postgres"):
        return parsed
    if driver not in ("", "psycopg"):
        raise StorageError(
            f"{redact(url)} asks for {driver}, but only psycopg 3 is supported: name "
            "it like postgresql://HOST/NAME"
        )
    return parsed.set(drivername=PSYCOPG_DRIVER)


def redacted_url(url: URL) -> str:
    """Returns a parsed URL as text for users, with the password masked."""
    return redact(url.render_as_string().replace(PSYCOPG_DRIVER, "postgresql", 1))
