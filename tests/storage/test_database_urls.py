"""URLs of databases: missing drivers and hidden passwords."""

import sys
from collections.abc import Callable

import pytest

from latentune.storage import database_server as server
from latentune.storage.redact import redact

psycopg = pytest.importorskip("psycopg", reason="needs psycopg, the driver of PostgreSQL")


def test_without_its_driver_a_line_says_what_to_install(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    server.engine.cache_clear()
    line = refused("status", "--storage", "postgresql://me:secret@127.0.0.1:1/x")
    assert "pip install 'latentune[postgres]'" in line


@pytest.mark.parametrize(
    ("word", "safe"),
    [
        ("postgresql://me:pa:ss@w/o rd@h/x", "postgresql://me:***@h/x"),
        ("--storage=postgresql://me:p@h/x?a=b", "--storage=postgresql://me:***@h/x?a=b"),
        (
            "postgresql://h/x?password=p&sslpassword=q&a=b",
            "postgresql://h/x?password=***&sslpassword=***&a=b",
        ),
        ("sqlite:///a:b/c@d.db", "sqlite:///a:b/c@d.db"),
        ("conv-ae", "conv-ae"),
    ],
)
def test_passwords_are_not_shown(word: str, safe: str) -> None:
    assert redact(word) == safe
