"""Backups of the doctor: put back in the folder that is named, and in no other place."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import latentune
from latentune.storage.runs_folder import Runs
from latentune.storage.sqlite_snapshot import fingerprint
from latentune.storage.storage_error import StorageError

Cli = Callable[..., Any]
Refused = Callable[..., str]
NAME = "conv-ae-digits"


def contents(folder: str | Path) -> dict[str, bytes | str]:
    """Returns every file of a folder but locks; of databases all pages, but not the header."""
    passing = (".lock", "-shm", "-wal")
    files = [p for p in Path(folder).rglob("*") if p.is_file() and not p.name.endswith(passing)]
    found: dict[str, bytes | str] = {}
    for path in files:
        content = path.read_bytes()
        is_database = content.startswith(b"SQLite format 3")
        found[str(path.relative_to(folder))] = fingerprint(path) if is_database else content
    return found


def without_backups(folder: str | Path) -> dict[str, bytes | str]:
    return {n: c for n, c in contents(folder).items() if not n.startswith("backups/")}


def spoil(runs: Path) -> None:
    """A row of no trial, half a best.toml, and a file that no study shows."""
    import sqlite3

    with sqlite3.connect(runs / "studies.db") as connection:
        connection.execute("INSERT INTO trial_params VALUES (9999, 9999, 'lr', 0.1, '{}')")
    connection.close()
    best = runs / NAME / "best.toml"
    best.write_text(best.read_text()[:-40])
    (runs / "artifacts" / "11111111-2222-3333-4444-555555555555").write_text("a picture")


@pytest.fixture(scope="module")
def _repaired(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    runs = tmp_path_factory.mktemp("repaired") / "runs"
    shutil.copytree(_trained, runs)
    spoil(runs)
    before = contents(runs)
    latentune.doctor(fix=True, runs=runs)
    return runs, before


@pytest.fixture
def before(_repaired: tuple[Path, Any]) -> dict[str, bytes]:
    """What a runs folder in the working folder held before it was repaired."""
    shutil.copytree(_repaired[0], "runs")
    return dict(_repaired[1])


@contextmanager
def as_it_is(*folders: str) -> Iterator[None]:
    then = [contents(folder) for folder in folders]
    yield
    assert [contents(folder) for folder in folders] == then


def backup_path() -> Path:
    (path,) = Path("runs/backups").iterdir()
    return path


def test_what_is_copied_is_put_back_in_the_copy(cli: Cli, before: dict[str, bytes]) -> None:
    shutil.copytree("runs", "copy")
    with as_it_is("runs"):
        answer = cli("doctor", "--undo", "--runs", "copy")
        assert answer.code == 0, answer.err
        assert "put back copy/studies.db" in answer.out
    assert contents("copy") == before
    shutil.move("runs", "moved")
    assert cli("doctor", "--undo", "--runs", "moved").code == 0
    assert contents("moved") == before
    assert not Path("runs").exists()


def test_a_database_that_was_not_repaired_is_never_written(
    cli: Cli, refused: Refused, before: Any
) -> None:
    shutil.copy("runs/studies.db", "mine.db")
    url = f"sqlite:///{Path('mine.db').absolute()}"
    with as_it_is("."):
        assert "was of another database; name that one by --storage" in refused(
            "doctor", "--undo", "--storage", url
        )
        line = refused("doctor", "--undo", "--storage", "postgresql://nowhere/x")
        assert "is not an SQLite file, and --undo only changes" in line
    assert cli("doctor", "--undo").code == 0
    assert contents("runs") == before


@pytest.mark.parametrize("way", ["storage", "link"])
def test_a_database_outside_of_the_folder_is_put_back_where_it_is(
    cli: Cli, refused: Refused, trained: Path, way: str
) -> None:
    spoil(trained)
    shutil.move("runs/studies.db", "kept.db")
    place = ["--storage", "sqlite:///kept.db"]
    if way == "link":
        Path("runs/studies.db").symlink_to(Path("kept.db").absolute())
        place = []
    before = contents(".")
    assert cli("doctor", "--fix", *place).code == 0
    assert contents(".") != before
    if way == "storage":
        shutil.copy("kept.db", "runs/studies.db")
        assert "was of another database; name that one by --storage" in refused("doctor", "--undo")
        Path("runs/studies.db").unlink()
    answer = cli("doctor", "--undo", *place)
    assert answer.code == 0, answer.err
    assert contents(".") == before
    assert Path("runs/studies.db").is_symlink() == (way == "link")


def test_links_of_a_stranger_are_not_followed(refused: Refused, cli: Cli, before: Any) -> None:
    home, backup = Path("home").absolute(), backup_path()
    home.mkdir()
    (home / ".bashrc").write_text("mine")
    # What is written first, under a name that everybody knows.
    for name in ("runs/.studies.db.partial", f"runs/{NAME}/.best.toml.partial"):
        Path(name).symlink_to(home / ".bashrc")
    shutil.copytree("runs", "kept", symlinks=True)
    with as_it_is("home"):
        assert cli("doctor", "--undo").code == 0
        assert before.items() <= contents("runs").items(), "the links are left, and not followed"
        assert cli("best", NAME).code == 0
        for inside, there in (
            (f"{backup.name}/before/studies.db", home / ".bashrc"),
            (f"{backup.name}/before", home),
            ("", home),
        ):
            shutil.rmtree("runs")
            shutil.copytree("kept", "runs", symlinks=True)
            place = Path("runs/backups", inside)
            shutil.move(place, home.parent / "away")
            if not inside:
                there = home.parent / "away"
            place.symlink_to(there)
            refused("doctor", "--undo")
            assert without_backups("runs") == without_backups("kept")
            away = Path("away")
            shutil.rmtree(away) if away.is_dir() else away.unlink()


def test_a_link_in_the_runs_folder_is_not_a_way_out(refused: Refused, before: Any) -> None:
    Path("home").mkdir()
    Path("runs/a").symlink_to(Path("home").absolute())
    stranger = backup_path() / "before" / "a"
    stranger.mkdir()
    (stranger / ".bashrc").write_text("evil")
    with as_it_is("runs", "home"):
        assert "leads out of the runs folder by a link" in refused("doctor", "--undo")


def test_a_folder_in_the_place_of_a_file_is_said(refused: Refused, before: Any) -> None:
    for path in ("runs/studies.db", f"runs/{NAME}/best.toml"):
        shutil.move(path, "away")
        Path(path).mkdir()
        assert path in refused("doctor", "--undo")
        Path(path).rmdir()
        shutil.move("away", path)
    kept = backup_path() / "before" / "studies.db"
    kept.unlink()
    kept.mkdir()
    assert f"{kept} is not a file" in refused("doctor", "--undo")


def test_nothing_is_moved_that_lies_elsewhere(refused: Refused, trained: Path) -> None:
    shutil.move(trained / NAME, "elsewhere")
    (trained / NAME).symlink_to(Path("elsewhere").absolute())
    spoil(trained)
    with as_it_is("."):
        line = refused("doctor", "--fix")
    assert f"runs/{NAME}/best.toml leads out of the runs folder by a link" in line


def test_path_checks_are_those_of_the_folder(tmp_path: Path) -> None:
    runs = Runs(Path("runs"))
    Path("runs/a").mkdir(parents=True)
    Path("runs/loop").symlink_to("loop")
    Path("link").symlink_to("runs")
    for path in ("a", "a/b.ckpt", "ünï/x y", "..a", "a..", "loop"):
        recorded = runs.inside(Path("runs", path))
        assert Runs(Path("link")).resolve(recorded) == Path("link", path)
        assert Runs(Path("link")).inside(Path("runs", path)) == recorded
    for outside in ("x", "runs/../x", str(tmp_path)):
        with pytest.raises(StorageError, match="is not in"):
            runs.inside(Path(outside))
