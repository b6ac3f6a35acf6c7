"""Connects to a database on a server, and checks it before Optuna uses it.

PostgreSQL is tested. Other databases are opened with Optuna's own options.
"""

import atexit
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from .database_urls import PSYCOPG_DRIVER, redacted_url
from .optuna_schema import (
    foreign_database_error,
    schema_version,
    schema_version_error,
    table_names,
)
from .storage_error import StorageError

CONNECT_TIMEOUT_S = 10
# Both sides close a silent connection after half a minute. Otherwise a machine without power would
# keep its locks for hours.
KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT = 10, 5, 4
TCP_TIMEOUT_MS = 1000 * (KEEPALIVE_IDLE_S + KEEPALIVE_INTERVAL_S * KEEPALIVE_COUNT)
KEEPALIVES = {"idle": KEEPALIVE_IDLE_S, "interval": KEEPALIVE_INTERVAL_S, "count": KEEPALIVE_COUNT}
CLIENT_SETTINGS = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": TCP_TIMEOUT_MS,
    **{f"keepalives_{name}": value for name, value in KEEPALIVES.items()},
}
SERVER_SETTINGS = {
    # Waiting for the disk would double the cost of a commit. If the server crashes, the commits of
    # the last moments are lost and their trials run again, as with SQLite if the machine crashes.
    "synchronous_commit": "off",
    # Optuna compares heartbeats in local time, which jumps with daylight saving time.
    "TimeZone": "UTC",
    "tcp_user_timeout": TCP_TIMEOUT_MS,
    **{f"tcp_keepalives_{name}": value for name, value in KEEPALIVES.items()},
}
CONNECTIONS_HINT = "each worker takes two: try fewer by `workers=`, or raise max_connections"
HINTS_BY_MESSAGE = {
    "password": "it is taken from the URL, from PGPASSWORD or from ~/.pgpass",
    'database ".*" does not exist': "make it by createdb, or name another",
    "too many (clients|connections)|connection slots": CONNECTIONS_HINT,
    "Connection refused|timeout|resolve|No such file": "is a server running there?",
}


def is_postgres(url: URL) -> bool:
    """Returns whether a URL from `parse_url` names a PostgreSQL database."""
    return url.drivername == PSYCOPG_DRIVER


def server_options(url: URL) -> dict[str, Any]:
    """Returns the arguments of SQLAlchemy's `create_engine` for a database on a server.

    Settings in the URL take precedence.
    """
    if not is_postgres(url):
        return {}
    settings = [f"-c {name}={value}" for name, value in SERVER_SETTINGS.items()]
    return {
        "connect_args": {
            **{name: value for name, value in CLIENT_SETTINGS.items() if name not in url.query},
            "options": " ".join([*settings, str(url.query.get("options", ""))]),
        },
        "pool_size": 1,
        "pool_pre_ping": True,
    }


@cache
def engine(url: URL) -> Engine:
    """Returns SQLAlchemy's engine for a database, for queries that Optuna does not make.

    A process has one engine for each URL.
    """
    made = create_engine(url, isolation_level="AUTOCOMMIT", **server_options(url))
    atexit.register(made.dispose)
    return made


def server_has_tables(url: URL) -> bool:
    """Returns whether a database on a server has Optuna's tables.

    Raises:
        StorageError: If the database cannot be reached or written, has tables of another program,
            or has another schema version.
    """
    with _connect(url) as connection:
        names, version = set(inspect(connection).get_table_names()), None
        if "alembic_version" in names:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if "trials" not in names if version else not names <= table_names():
            raise foreign_database_error(redacted_url(url))
        if version not in (None, schema_version()):
            upgrade = f"after a backup: optuna storage upgrade --storage '{redacted_url(url)}'"
            raise schema_version_error(redacted_url(url), upgrade)
        if is_postgres(url):
            _check_writable(connection, url, made=version is not None)
        return version is not None


def _check_writable(connection: Connection, url: URL, made: bool) -> None:
    """Raises StorageError if the database user has no right to write; changes nothing.

    `made` is True if the tables exist. If False, the right to create tables is checked.
    """
    right = "has_schema_privilege(current_schema(), 'CREATE')"
    if made:
        right = (
            "has_table_privilege('trials', 'INSERT') AND "
            "has_sequence_privilege(pg_get_serial_sequence('trials', 'trial_id'), 'USAGE')"
        )
    query = text(f"SELECT {right}, current_setting('transaction_read_only'), current_user")
    allowed, read_only, user = connection.execute(query).one()
    if read_only == "on":
        raise StorageError(
            f"{redacted_url(url)} can only be read: name the server that takes writes"
        )
    if not allowed:
        raise StorageError(
            f"the user {user} may not write to {redacted_url(url)}: grant it the right, or "
            "name another user"
        )


@contextmanager
def _connect(url: URL) -> Iterator[Connection]:
    """Yields a connection. A failure in the block is raised as StorageError."""
    try:
        with engine(url).connect() as connection:
            yield connection
    except (ImportError, NoSuchModuleError) as error:
        if is_postgres(url):
            raise StorageError(
                f"{redacted_url(url)} needs a driver: pip install 'latentune[postgres]'"
            ) from error
        raise StorageError(f"cannot open {redacted_url(url)}: {error}") from error
    except DBAPIError as error:
        raise StorageError(
            f"cannot open {redacted_url(url)}: {_connection_message(error)}"
        ) from error


def _connection_message(error: DBAPIError) -> str:
    """Returns the server's message about a failed connection, with a hint for common causes."""
    reason = (str(error.orig).splitlines() or [""])[0].rpartition("FATAL:")[2].strip()
    reason = re.sub("^connection (failed|is bad): ", "", reason)
    hints = (hint for pattern, hint in HINTS_BY_MESSAGE.items() if re.search(pattern, reason))
    return "; ".join([reason, *hints])
