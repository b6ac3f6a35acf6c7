"""Export and import: a study is the same elsewhere, under another name, and merged."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import optuna
import pytest
import torch
from optuna.artifacts import FileSystemArtifactStore
from optuna.distributions import (
    FloatDistribution,
)
from optuna.trial import TrialState

import latentune
from latentune.storage.artifact_store import AtomicFileStore, attach_picture
from latentune.storage.checkpoint_file import read_header, write_header
from latentune.storage.database import open_database
from latentune.studies.study.module_trust import check_module_trust
from latentune.studies.study.study_error import StudyError

from .archives import FACTS, IMPORTED, NAME, plain, repacked, study_of, study_with

Cli = Callable[..., Any]
Refused = Callable[..., str]


def shown(runs: str) -> list[Any]:
    """What the dashboard shows of the only study: its facts, its values, its pictures."""
    from optuna_dashboard import wsgi

    storage = open_database(f"sqlite:///{runs}/studies.db")
    app = wsgi(storage, artifact_store=FileSystemArtifactStore(f"{runs}/artifacts"))

    def get(path: str) -> bytes:
        asked: dict[str, Any] = {"PATH_INFO": path}
        setup_testing_defaults(asked)
        return b"".join(app(asked, lambda *_: None))

    answer = json.loads(get("/api/studies/1"))
    pictures = [
        (of["filename"], of["mimetype"], Path(runs, "artifacts", of["artifact_id"]).read_bytes())
        for whose in (answer, *answer["trials"])
        for of in whose["artifacts"]
    ]
    kept = "values", "params", "intermediate_values", "state", "user_attrs", "note"
    trials = [{name: trial.get(name) for name in kept} for trial in answer["trials"]]
    return [answer["note"], answer["objective_names"], trials, pictures]


def test_it_is_the_same_elsewhere(cli: Cli, trained: Path) -> None:
    storage = open_database("sqlite:///runs/studies.db")
    study = study_of()
    storage.set_study_system_attr(1, "dashboard:2:note_ver", 1)
    storage.set_study_system_attr(1, "dashboard:2:note_str:0", "of trial 1")
    answer = cli("export", NAME, "--to", "study.zip")
    assert "not in it: the data, digits\nwrote study.zip: 3 trials and " in answer.out
    answer = cli("import", "study.zip", "--runs", "far")
    assert "3 trials came to conv-ae-digits\nnext: latentune status" in answer.out
    assert plain(study_of(runs="far")) == plain(study)
    here, there = latentune.load_best(NAME), latentune.load_best(NAME, runs="far")
    assert here == there
    items = latentune.TensorData("digits").splits.test.inputs
    one, two = latentune.load_model(NAME), latentune.load_model(NAME, runs="far")
    assert torch.equal(one.reconstruct(items), two.reconstruct(items))
    assert shown("far") == shown("runs")
    assert len(shown("far")[-1]) == 3
    assert shown("far")[2][1]["note"]["body"] == "of trial 1"
    files = [
        {path.relative_to(runs) for path in Path(runs, NAME).rglob("*") if path.is_file()}
        for runs in ("runs", "far")
    ]
    assert files[0] == files[1]
    assert "imported on" in cli("status", NAME, "--runs", "far").out


def test_it_works_under_another_name(cli: Cli, packed: Path) -> None:
    latentune.import_(packed, name="theirs")
    assert latentune.load_best("theirs").study == "theirs"
    assert latentune.load_model("theirs").eval()
    assert "runs/theirs/best.toml" in Path("runs/theirs/best.toml").read_text()
    again = latentune.train("runs/theirs/best.toml", epochs=1, pictures="none")
    assert again.folder == Path("runs/theirs/final")
    assert read_header(Path("runs/theirs/final-before/model.ckpt")).study == "theirs"
    assert study_of("theirs").user_attrs["imported"]["study"] == NAME


def test_nothing_that_is_there_is_replaced(refused: Refused, trained: Path, packed: Path) -> None:
    assert "is here already" in refused("import", packed)
    assert "choose another --to" in refused("export", NAME, "--to", packed)
    assert "known: .onnx, .pt2, .safetensors, .zip" in refused("export", NAME, "--to", "study.tar")
    assert "leave out --format and --out" in refused(
        "export", NAME, "--to", "a.zip", "--format", "csv"
    )
    assert "no study 'x'" in refused("export", "x", "--to", "x.zip")
    assert "no archive nowhere.zip" in refused("import", "nowhere.zip")
    assert "cannot name a study" in refused("import", packed, "--name", "a/b")
    assert "--into for an existing one" in refused("import", packed, "--name", "a", "--into", "b")
    for name, text in (("best.toml", "mine"), ("notes.txt", "")):
        Path("runs/mine").mkdir(exist_ok=True)
        Path("runs/mine", name).write_text(text)
        assert "is there already" in refused("import", packed, "--name", "mine")
        Path("runs/mine", name).unlink()
    Path("runs/mine").rmdir()
    Path("elsewhere").mkdir()
    for link in (Path("runs/mine"), Path("runs/mine/final")):
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(Path("elsewhere").absolute())
        assert f"{link} is a link" in refused("import", packed, "--name", "mine")
        link.unlink()


def test_a_study_that_could_not_be_written_leaves_nothing(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("latentune.studies.transfer.import_.add_trials", fail)
        with pytest.raises(KeyboardInterrupt):
            latentune.import_(packed)
    assert optuna.get_all_study_names("sqlite:///runs/studies.db") == []
    assert {path.name for path in Path("runs").iterdir() if path.is_dir()} == {"cache"}
    # A killed import leaves its study; the next import recognizes it by a missing record.
    half = optuna.create_study(study_name=NAME, storage="sqlite:///runs/studies.db")
    half.set_user_attr("imported", IMPORTED)
    assert latentune.import_(packed).added == 3


def test_what_somebody_has_packed_again_is_taken(packed: Path) -> None:
    with zipfile.ZipFile(packed) as whole:
        whole.extractall("unpacked/study")
    shutil.make_archive("again", "zip", "unpacked")  # with entries for folders too
    assert latentune.import_("again.zip").added == 3


def test_what_is_half_done_or_odd_stays_behind(trained: Path) -> None:
    home = trained / NAME
    for name in ("final-partial", "final-before"):
        shutil.copytree(home / "final", home / name)
    (home / "notes.txt").write_text("kept")
    (home / "a:b.txt").write_text("no name for every system")
    (home / "codes-1.npy").write_text("made again")
    (home / "link").symlink_to("/etc/passwd")
    picture = next((trained / "artifacts").iterdir())
    picture.unlink()
    picture.symlink_to("/etc/passwd")
    study = study_of()
    study.ask({"lr": FloatDistribution(1e-4, 1e-1, log=True)})
    latentune.export(NAME, "study.zip")
    with zipfile.ZipFile("study.zip") as whole:
        names = whole.namelist()
    assert "study/notes.txt" in names
    assert not [n for n in names if any(odd in n for odd in ("-partial", "-before", ":", "link"))]
    assert not any(n.startswith("study/codes-") for n in names)
    assert f"artifacts/{picture.name}" not in names
    moved = latentune.import_("study.zip", runs="far").study
    assert moved.trials[-1].state == TrialState.WAITING
    assert moved.trials[-1].params == study.trials[-1].params


def test_a_module_runs_only_if_somebody_here_names_it(packed: Path) -> None:
    def of_module(files: dict[str, bytes]) -> None:
        study_with(user_attrs=FACTS | {"recipe": {"model": "evil:SPEC"}})(files)
        for name in [name for name in files if name.startswith("study/")]:
            del files[name]

    answer = str(latentune.import_(repacked(of_module)))
    assert "not run until you trust it: latentune.allow('evil:SPEC')" in answer
    with pytest.raises(StudyError, match="evil:SPEC"):
        check_module_trust("evil:SPEC", "sqlite:///runs/studies.db")


def test_pictures_that_would_be_pages_are_none(packed: Path, trained: Path) -> None:
    Path("page.html").write_text("<script>")
    attach_picture(study_of(), Path("page.html"), AtomicFileStore(trained / "artifacts", trained))
    latentune.export(NAME, "page.zip")
    latentune.import_("page.zip", runs="far")
    kinds = {kind for name, kind, _ in shown("far")[-1] if name == "page.html"}
    assert kinds == {"application/octet-stream"}


@pytest.fixture(scope="module")
def old(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder with a trained head on an encoder, and a zip of each."""
    runs = tmp_path_factory.mktemp("old") / "runs"
    shutil.copytree(_trained, runs)
    latentune.search("head", "digits", encoder=NAME, trials=1, epochs=1, runs=runs)
    latentune.train(f"head-{NAME}", epochs=1, pictures="none", runs=runs)
    latentune.export(f"head-{NAME}", runs / "head.zip", runs=runs)
    latentune.export(NAME, runs / "encoder.zip", runs=runs)
    return runs


def test_an_encoder_comes_along_and_is_no_network_of_a_study_here(
    cli: Cli, refused: Refused, old: Path
) -> None:
    # The study of the encoder was searched here too, and not trained.
    shutil.copytree(old, "runs")
    for name in (NAME, f"head-{NAME}"):
        shutil.rmtree(Path("runs", name))
    optuna.delete_study(study_name=f"head-{NAME}", storage="sqlite:///runs/studies.db")
    head = latentune.import_(old / "head.zip").study
    encoder = f"head-{NAME}/encoder/model.ckpt"
    assert (
        head.user_attrs["recipe"]["encoder"],
        latentune.load_best(head.study_name).recipe["encoder"],
    ) == (encoder, encoder)
    assert "there is no checkpoint" in refused("map", NAME)
    assert f"└ head-{NAME}" not in cli("status").out, "it is not on the study here of that name"
    optuna.delete_study(study_name=NAME, storage="sqlite:///runs/studies.db")
    assert latentune.import_(old / "encoder.zip").added == 3
    latentune.train(f"head-{NAME}", epochs=1, pictures="none")
    items = latentune.TensorData("digits").splits.test.inputs
    one, two = (latentune.load_model(f"head-{NAME}", runs=runs) for runs in (old, "runs"))
    assert torch.equal(one.predict_batch(items), two.predict_batch(items))


def test_an_encoder_whose_study_is_here_stands_beside_its_own(old: Path) -> None:
    other = Path("runs", NAME, "final", "model.ckpt")
    other.parent.mkdir(parents=True)
    shutil.copy(old / NAME / "final/model.ckpt", other)
    write_header(other, read_header(other).model_copy(update={"trial": 99}))
    before, path = other.read_bytes(), old / "head.zip"
    for runs, name in (("runs", "one"), ("far", "two")):
        study = latentune.import_(path, name=name, runs=runs).study
        assert study.user_attrs["encoder_source"]["checkpoint"] == f"{name}/encoder/model.ckpt"
        again = latentune.train(f"{runs}/{name}/best.toml", epochs=1, pictures="none", runs=runs)
        assert again.folder == Path(runs, name, "final")
        path = latentune.export(name, f"{name}.zip", runs=runs).path  # it moves on
    assert other.read_bytes() == before


def test_two_peoples_trials_become_one_study(cli: Cli, refused: Refused, trained: Path) -> None:
    shutil.copytree(trained, "theirs")
    study = study_of(runs="theirs")
    better = study.best_trial
    better.values = [better.value / 2]
    study.add_trial(better)
    latentune.export(NAME, "theirs.zip", runs="theirs")
    answer = cli("import", "theirs.zip", "--into", NAME)
    assert f"1 trials came to {NAME}; 3 were there already" in answer.out
    assert study_of().trials[-1].user_attrs["origin"] == {"study": NAME, "trial": 3}
    assert latentune.load_best(NAME).trial == 3
    names = {name for name in study_of().trials[-1].system_attrs if "artifacts" in name}
    assert len(names) == 1
    assert Path("runs/artifacts", names.pop().partition(":")[2]).exists()
    assert "1 of its trials came from" in cli("status", NAME).out
    assert "0 trials came" in cli("import", "theirs.zip", "--into", NAME).out
    study.set_user_attr("definition", study.user_attrs["definition"] | {"epochs": "9"})
    latentune.export(NAME, "other.zip", runs="theirs")
    assert "epochs is 9 there, 2 here" in refused("import", "other.zip", "--into", NAME)
    assert "no study 'x'" in refused("import", "other.zip", "--into", "x")
