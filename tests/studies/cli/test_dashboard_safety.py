"""The dashboard: headers, notes and folders with unusual names."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna_dashboard import get_note, wsgi

from latentune.storage.artifact_store import AllArtifacts
from latentune.storage.dashboard_server import MAX_UPLOAD_BYTES, guard_requests, write_note
from latentune.storage.database import open_database


def test_a_folder_with_a_hash_in_its_name_can_be_opened_again() -> None:
    Path("a#b").mkdir()
    optuna.create_study(storage=open_database("sqlite:///a#b/x.db", create=True))
    assert len(optuna.get_all_study_names(open_database("sqlite:///a#b/x.db"))) == 1
    assert not Path("a").exists()


def asked(folder: Path, path: str, **environ: str) -> tuple[str, dict[str, str]]:
    """Asks the dashboard; returns how it answers."""
    said = []
    storage = open_database("sqlite:///runs/studies.db")
    app = guard_requests(wsgi(storage), AllArtifacts(folder, storage))
    known = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "HTTP_HOST": "localhost:8080"}
    known |= {"wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "SERVER_NAME": "x"}
    for chunk in app(known | environ, lambda status, headers, *_: said.append((status, headers))):
        assert isinstance(chunk, bytes)
    ((status, headers),) = said
    return status[:3], dict(headers)


def test_the_dashboard_shields_what_it_serves(trained: Path) -> None:
    folder = trained / "artifacts"
    status, headers = asked(folder, "/api/studies")
    assert (status, headers["X-Frame-Options"]) == ("200", "DENY")
    picture = next(folder.iterdir()).name
    for path in (f"/artifacts/1/1/{picture}", "/artifacts/1/gone", "/artifacts/1/../../x"):
        headers = asked(folder, path)[1]
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"
    (folder / "abc").symlink_to(Path("/etc/passwd"))
    assert asked(folder, "/artifacts/1/abc")[0] == "404"
    assert asked(folder, "/api/studies", HTTP_HOST="[")[0] == "403"
    for length in (str(MAX_UPLOAD_BYTES + 1), "9" * 30, "-1", "x"):
        assert asked(folder, "/api/studies", CONTENT_LENGTH=length)[0] == "413"


def test_a_note_shows_what_was_typed_and_follows_no_link() -> None:
    study = optuna.create_study(storage="sqlite:///studies.db")
    write_note(study, "latentune search `x`", {"data": "![x](http://evil)\n<b>|"})
    shown = get_note(study)
    assert r"latentune search \`x\`" in shown
    assert r"\!\[x\]\(http\:\/\/evil\) \<b\>\|" in shown


@pytest.mark.parametrize(
    ("found", "code", "line"),
    [
        ("", 0, "0 of 0 installed packages"),
        ('{"dependencies": [{"name": "a", "skip_reason": "no network"}]}', 0, "0 of 1 installed"),
        ([], 0, "1 of 1 installed packages"),
        ([{"id": "X-1", "fix_versions": ["2"]}], 1, "a 1: X-1, fixed in 2"),
    ],
)
def test_a_known_vulnerability_is_an_error(found: Any, code: int, line: str) -> None:
    if isinstance(found, list):
        found = json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": found}]})
    script = Path(__file__).parents[3] / ".ci" / "audit.py"
    command = [sys.executable, "-I", "-S", str(script)]
    answer = subprocess.run(command, input=found, capture_output=True, text=True, check=False)
    assert (answer.returncode, line in answer.stdout) == (code, True)
