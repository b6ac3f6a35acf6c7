"""The contents of a folder as text that does not depend on times."""

import hashlib
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

PASSING = (".lock", "-wal", "-shm")
TIMES = {"seconds", "made", "duration", "at", "command", "worker_failures"}
DATE = re.compile(r"\d{4}-\d\d-\d\d[T -]\d\d[:-]\d\d[:-]\d\d(\.\d+)?")
BACKUP = re.compile(r"backups/DATE-\d{6}/")
OF_BACKUPS = ("runs/backups/before/studies.db", "runs/backups/after")  # a repair may have two
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # an import makes a new one
UNSTABLE = ("trial_heartbeats", "alembic_version", "version_info")


def contents(folder: Path) -> dict[str, str]:
    """Returns a digest of each file by its path, and of each empty folder.

    Files in backups have the same path whatever the backup is called.
    """
    found = {}
    for path in folder.rglob("*"):
        name = BACKUP.sub("backups/", DATE.sub("DATE", path.relative_to(folder).as_posix()))
        if name.startswith(OF_BACKUPS):
            continue
        if path.is_dir():
            if not any(path.iterdir()) and not name.startswith("runs/backups"):
                found[f"{name}/"] = ""
        elif not name.endswith(PASSING):
            content = hashlib.sha256(_content(path).encode()).hexdigest()
            found[UUID.sub(content[:8], name)] = content
    return found


def _content(path: Path) -> str:
    if path.suffix == ".db":
        return _tables(path)
    if path.suffix == ".ckpt":
        return _tensors(path)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            texts = {n: _text(n, archive.read(n)) for n in archive.namelist()}
        return repr({n: t for n, t in sorted(texts.items()) if n != "manifest.json"})
    return _text(path.name, path.read_bytes())


def _text(name: str, content: bytes) -> str:
    if name.endswith(".json"):
        return json.dumps(_timeless(json.loads(content)), sort_keys=True)
    if name.endswith((".toml", ".csv", ".txt")):
        lines = content.decode().splitlines()
        return DATE.sub("DATE", "\n".join(ln for ln in lines if not ln.startswith("seconds")))
    return hashlib.sha256(content).hexdigest()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in TIMES}
    if isinstance(value, list):
        return [_timeless(item) for item in value]
    return _plain_text(value) if isinstance(value, str) else value


def _plain_text(text: str) -> str:
    return UUID.sub("UUID", DATE.sub("DATE", text))


def _tensors(path: Path) -> str:
    import torch

    try:
        found = torch.load(path, map_location="cpu", weights_only=False)
    except RuntimeError:  # it was broken on purpose
        return hashlib.sha256(path.read_bytes()).hexdigest()
    weights = {
        n: hashlib.sha256(t.numpy().tobytes()).hexdigest() for n, t in found["state_dict"].items()
    }
    return repr((weights, _timeless(found.get("latentune"))))


def _tables(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        rows = []
        for (name,) in sorted(names.fetchall()):
            if name in UNSTABLE:
                continue
            of_table = connection.execute(f"SELECT * FROM {name}").fetchall()
            rows.append((name, sorted(str(_plain(row)) for row in of_table)))
        return repr(rows)


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    def cell(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(("{", "[")):
            return json.dumps(_timeless(json.loads(value)), sort_keys=True)
        return _plain_text(value) if isinstance(value, str) else value

    return tuple(map(cell, row))
