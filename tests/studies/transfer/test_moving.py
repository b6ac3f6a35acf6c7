"""A study that moves: packed into a zip, unpacked elsewhere, merged with another person's."""

import json
import shutil
import stat
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import optuna
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from optuna.artifacts import FileSystemArtifactStore
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

import latentune
from latentune.storage import archive
from latentune.storage.artifact_store import AtomicFileStore, attach_picture
from latentune.storage.checkpoint_file import read_header, write_header
from latentune.storage.database import open_database
from latentune.storage.storage_error import StorageError
from latentune.studies.study.module_trust import check_module_trust
from latentune.studies.study.study_error import StudyError
from latentune.studies.transfer.study_dump import StudyDump, read_dump

Cli = Callable[..., Any]
Refused = Callable[..., str]
NAME = "conv-ae-digits"
FACTS = {
    "recipe": {"model": "conv-ae", "data": "digits"},
    "definition": {"metric": "minimize val_mse"},
    "metrics": {"val_mse": "minimize"},
    "command": "latentune search conv-ae digits",
}
IMPORTED = {"study": NAME, "at": "2026-01-01T00:00:00", "sha256": "0", "by": "0.1.0"}


@pytest.fixture(scope="module")
def _read_packed_ref(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "study.zip"
    latentune.export(NAME, path, runs=_trained)
    return path


@pytest.fixture
def packed(_read_packed_ref: Path) -> Path:
    """A zip, in the working folder, of a searched, trained and sampled study."""
    return Path(shutil.copy(_read_packed_ref, "study.zip"))


def study_of(name: str = NAME, runs: str = "runs") -> optuna.Study:
    return optuna.load_study(study_name=name, storage=f"sqlite:///{runs}/studies.db")


def plain(study: optuna.Study) -> list[dict[str, Any]]:
    """What every trial is, beside its number in the database and its pictures."""
    return [
        {n: v for n, v in vars(trial).items() if n not in ("_trial_id", "_system_attrs")}
        for trial in study.trials
    ]


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
    assert "must end in .zip" in refused("export", NAME, "--to", "study.tar")
    assert "leave out --format and --out" in refused(
        "export", NAME, "--to", "a.zip", "--format", "csv"
    )
    assert "no study 'x'" in refused("export", "x", "--to", "x.zip")
    assert "no archive nowhere.zip" in refused("import", "nowhere.zip")
    assert "cannot name a study" in refused("import", packed, "--name", "a/b")
    assert "--into for one that is here" in refused("import", packed, "--name", "a", "--into", "b")
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
        patch.setattr(optuna.Study, "add_trial", fail)
        with pytest.raises(KeyboardInterrupt):
            latentune.import_(packed)
    assert optuna.get_all_study_names("sqlite:///runs/studies.db") == []
    assert {path.name for path in Path("runs").iterdir() if path.is_dir()} == {"cache"}
    # Killed, it could not clean up; it is told by what it lacks, and the next import does.
    half = optuna.create_study(study_name=NAME, storage="sqlite:///runs/studies.db")
    half.set_user_attr("imported", IMPORTED)
    assert latentune.import_(packed).added == 3


def repacked(change: Callable[[dict[str, bytes]], None], *, honest: bool = True) -> Path:
    """Packs the study again after a change, with a manifest that fits it if it is honest."""
    with zipfile.ZipFile("study.zip") as old:
        files = {name: old.read(name) for name in old.namelist()}
    change(files)
    if honest:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {
            name: {"size": len(content), "sha256": sha256(content).hexdigest()}
            for name, content in files.items()
            if name != "manifest.json"
        }
        files["manifest.json"] = json.dumps(manifest).encode()
    with warnings.catch_warnings(), zipfile.ZipFile("evil.zip", "w") as new:
        warnings.simplefilter("ignore")
        for name, content in files.items():
            new.writestr(name.removesuffix("#"), content)
    return Path("evil.zip")


def study_with(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    """Returns a change of entries of study.json; `trial_...` are of its first trial."""

    def change(files: dict[str, bytes]) -> None:
        table = json.loads(files["study.json"])
        for name, value in changes.items():
            of = table["trials"][0] if name.startswith("trial_") else table
            of[name.removeprefix("trial_")] = value
        files["study.json"] = json.dumps(table).encode()

    return change


@contextmanager
def nothing_changes() -> Iterator[None]:
    def files() -> set[Path]:
        passing = ("sweep.lock", "search.lock")
        return {p for p in Path().rglob("*") if p.is_file() and p.name not in passing}

    before = files()
    yield
    assert files() == before


@pytest.mark.parametrize(
    "name",
    [
        *("../evil", "/etc/evil", "study/../../evil", "study\\evil", "C:evil", "study/con.txt"),
        *("study/a\n", "study/evil.", "study/BEST.toml", "study/best.toml#", "study/best.toml/a"),
        *(
            "other/evil",
            "encoder/evil",
            "artifacts/evil",
            "study/final/codes-1.pt",
            "study/final-partial/last.ckpt",
        ),
        *("study/.best.toml.partial", f"study/{'a' * 300}"),
    ],
)
def test_names_that_are_not_to_be_trusted_are_refused(packed: Path, name: str) -> None:
    evil = repacked(lambda files: files.update({name: b"evil"}))
    with nothing_changes(), pytest.raises(StorageError, match=r"evil\.zip"):
        latentune.import_(evil)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format: input should be 1"),
        ({"name": "../up"}, "cannot name a study"),
        ({"directions": []}, "directions: list should have at least 1 item"),
        ({"user_attrs": {}}, "has no 'command'"),
        ({"user_attrs": {**FACTS, "recipe": {"model": "conv-ae", "seed": -1}}}, "seed must be"),
        ({"system_attrs": {"dashboard:note_ver": "x"}}, "dashboard:note_ver: "),
        ({"trials": [3]}, "is not a study that"),
        ({"trial_number": 1}, "trial 0 is missing"),
        ({"trial_state": "RUNNING"}, "state: input should be"),
        ({"trial_values": None}, "values"),
        ({"trial_params": {}}, "Inconsistent"),
        ({"trial_started": "2026-01-01T00:00:00+00:00"}, "time zone"),
        ({"trial_started": "0001-01-01T00:00:00"}, "its year is not from 1970"),
        ({"trial_system_attrs": {"constraints": "x"}}, "constraints: "),
        ({"trial_user_attrs": {"a": "\ud800"}}, "surrogates"),
    ],
)
def test_a_study_that_is_none_is_refused(
    packed: Path, changes: dict[str, Any], message: str
) -> None:
    evil = repacked(study_with(**changes))
    with nothing_changes(), pytest.raises((StorageError, StudyError), match=message):
        latentune.import_(evil)


@pytest.fixture(scope="module")
def table(_read_packed_ref: Path) -> Any:
    """What a zip holds of a study, as JSON."""
    with zipfile.ZipFile(_read_packed_ref) as whole:
        return json.loads(whole.read("study.json"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"directions": ["MINIMIZE"] * 2}, "has 1 metrics and 2 directions"),
        ({"user_attrs": {**FACTS, "recipe": {"model": 3}}}, "recipe: model: input should be"),
        ({"user_attrs": {**FACTS, "origin": {}}}, "origin: study is missing"),
        (
            {"user_attrs": {**FACTS, "encoder_source": 5}},
            "encoder_source: input should be a valid dictionary",
        ),
        ({"user_attrs": {**FACTS, "imported": {"at": "x"}}}, "imported: study is missing"),
        ({"user_attrs": {**FACTS, "confirmed": {"trial": "x"}}}, "confirmed: trial: "),
        ({"user_attrs": {**FACTS, "confirm:0:1": "x"}}, "confirm:0:1: input should be"),
        ({"user_attrs": {**FACTS, "artifacts": 5}}, "artifacts: input should be a valid string"),
        ({"user_attrs": {**FACTS, "definition": {"a": 5}}}, "definition: a: "),
        ({"user_attrs": {**FACTS, "a\x1b": 5}}, "control character"),
        ({"user_attrs": {**FACTS, "a": 10**400}}, "more than 1024 bits"),
        ({"system_attrs": {"dashboard:1:note_str:0": 5}}, "dashboard:1:note_str:0: "),
        ({"system_attrs": {"dashboard:plot_data:a:0": []}}, "dashboard:plot_data:a:0: "),
        ({"system_attrs": {"study:metric_names": "x"}}, "study:metric_names: "),
        ({"system_attrs": {"artifacts:1": "{"}}, "artifacts:1: invalid JSON"),
        ({"directions": ["MAXIMIZE"]}, "val_mse is to minimize, but its direction is MAXIMIZE"),
        ({"trial_state": "DONE"}, "state: input should be"),
        ({"trial_state": "WAITING"}, "is WAITING and has values"),
        ({"trial_values": [1.0, 2.0]}, "2 values"),
        ({"trial_intermediate_values": {"99999999999": 1.0}}, "should be less than 2147483648"),
        ({"trial_ended": "9999-12-31T23:59:59"}, "its year is not from 1970"),
        ({"trial_ended": 5}, "it is not a date"),
        ({"trial_intermediate_values": {"-1": 1.0}}, "should be greater than or equal to 0"),
        ({"trial_user_attrs": {"best_epoch": "one"}}, "best_epoch: input should be a valid int"),
        ({"trial_user_attrs": {"epochs": -1}}, "epochs: input should be greater"),
        ({"trial_user_attrs": {"provenance": 5}}, "provenance: "),
        ({"trial_user_attrs": {"provenance": {"seed": 2**32}}}, "provenance: seed: "),
        ({"trial_user_attrs": {"origin": "x"}}, "origin: "),
        ({"trial_user_attrs": {"stopped": 5}}, "stopped: "),
        ({"trial_user_attrs": {"worker_failures": 5}}, "worker_failures: "),
        ({"trial_user_attrs": {"a": [[0] * 10] * 100_000}}, "holds too much"),
        ({"trial_system_attrs": {"constraints": ["x"]}}, "constraints: "),
        ({"trial_system_attrs": {"constraints:a": None}}, "constraints:a: "),
        ({"trial_system_attrs": {"fixed_params": []}}, "fixed_params: "),
        ({"trial_system_attrs": {"artifacts:1": {}}}, "artifacts:1: "),
        ({"trial_system_attrs": {"x" * 600: 1}}, "1 to 512 letters"),
    ],
)
def test_an_entry_of_another_type_or_range_is_refused(
    table: Any, changes: dict[str, Any], message: str
) -> None:
    files = {"study.json": json.dumps(table).encode()}
    study_with(**changes)(files)
    with pytest.raises((StorageError, StudyError), match=message):
        read_dump(json.loads(files["study.json"]), "evil.zip")


def deep(files: dict[str, bytes]) -> None:
    files["study.json"] = b"[" * 100_000


def heavy(files: dict[str, bytes]) -> None:
    torch.save({"latentune": Path("evil")}, "heavy.ckpt")
    files["study/final/model.ckpt"] = Path("heavy.ckpt").read_bytes()


@pytest.mark.parametrize(
    ("change", "honest", "message"),
    [
        (lambda files: files.update({"study/best.toml": b"evil"}), False, "not the file that was"),
        (lambda files: files.pop("study/best.toml"), False, "lacks 'study/best.toml'"),
        (lambda files: files.update({"study/a": b""}), False, "contains 'study/a', which"),
        (lambda files: files.pop("manifest.json"), False, "has no manifest.json"),
        (lambda files: files.update({"manifest.json": b"{}"}), False, "format 1"),
        (lambda files: files.pop("study.json"), True, "has no study.json"),
        (lambda files: files.update({"study/best.toml": b"evil"}), True, "not a complete TOML"),
        (heavy, True, "not a checkpoint that can be read safely"),
        (deep, True, "nested too deeply"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused(
    packed: Path, change: Any, honest: bool, message: str
) -> None:
    evil = repacked(change, honest=honest)
    Path("heavy.ckpt").unlink(missing_ok=True)
    with nothing_changes(), pytest.raises(StorageError, match=message):
        latentune.import_(evil)


def test_bombs_links_and_what_is_no_zip_are_refused(
    packed: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    Path("no.zip").write_text("no zip")
    assert "not a readable zip" in refused("import", "no.zip")
    Path("half.zip").write_bytes(packed.read_bytes()[:-500])
    assert "half.zip" in refused("import", "half.zip")  # a checkpoint in it is a zip too
    damaged = bytearray(packed.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    Path("damaged.zip").write_bytes(damaged)
    assert "damaged.zip" in refused("import", "damaged.zip")
    with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        for number in range(2):
            bomb.writestr(f"study/{number}", bytes(archive.RATIO_EXEMPT_BYTES))
    assert "would unpack to 128 MiB" in refused("import", "bomb.zip")
    with zipfile.ZipFile("link.zip", "w") as link:
        info = zipfile.ZipInfo("study/link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        link.writestr(info, "/etc")
    assert "not to be trusted" in refused("import", "link.zip")
    for bound in ("MAX_TOTAL_BYTES", "MAX_FILE_BYTES", "MAX_JSON_BYTES", "MAX_FILES"):
        with monkeypatch.context() as patch:
            patch.setattr(archive, bound, 10)
            assert "study.zip" in refused("import", packed)


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
    (home / "codes-1.pt").write_text("made again")
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


words = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.floats(allow_nan=False)
plains = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), numbers, words)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8)
attrs = st.dictionaries(names, st.recursive(plains, lambda of: st.lists(of, max_size=2)))
ranges: dict[str, BaseDistribution] = {
    "a": FloatDistribution(1e-9, 1.0, log=True),
    "ü": IntDistribution(1, 9, step=2),
    "c": CategoricalDistribution((None, "x", 2, 0.5, False)),
}
points = st.fixed_dictionaries(
    {},
    optional={
        "a": st.floats(1e-9, 1.0),
        "ü": st.sampled_from([1, 3, 9]),
        "c": st.sampled_from([None, "x", 2, 0.5, False]),
    },
)


@st.composite
def trials(draw: Any) -> FrozenTrial:
    state = draw(st.sampled_from(TrialState))
    values = [draw(numbers)] if state == TrialState.COMPLETE else None
    params = draw(points)
    recorded = {"best_epoch": 1, "hparams": {}, "provenance": {"seed": draw(st.integers(0, 9))}}
    trial = create_trial(
        state=TrialState.WAITING if state == TrialState.RUNNING else state,
        values=values,
        params=params,
        distributions={name: ranges[name] for name in params},
        intermediate_values=draw(st.dictionaries(st.integers(0, 99), numbers, max_size=3)),
        user_attrs=draw(attrs) | recorded,
        system_attrs={f"x{name}": value for name, value in draw(attrs).items()},
    )
    if trial.state.is_finished():
        trial.datetime_start = trial.datetime_complete = draw(
            st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))
        )
    return trial


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder for many studies."""
    runs = tmp_path_factory.mktemp("shelf")
    open_database(f"sqlite:///{runs}/studies.db", create=True)
    return runs


@settings(max_examples=25, deadline=None)
@given(st.lists(trials(), max_size=4), attrs)
def test_any_study_survives_json(given: list[FrozenTrial], others: dict[str, Any]) -> None:
    for number, trial in enumerate(given):
        trial.number = number
    dump = StudyDump("s", [StudyDirection.MINIMIZE], others | FACTS, others, given)
    again = read_dump(json.loads(json.dumps(dump.to_json())), "its own text")
    assert again.to_json() == dump.to_json()


@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(trials(), max_size=4), attrs)
def test_any_study_comes_back_as_it_was(
    shelf: Path, given: list[FrozenTrial], others: dict[str, Any]
) -> None:
    storage = open_database(f"sqlite:///{shelf}/studies.db")
    name = f"ünï{len(optuna.get_all_study_names(storage))}"
    study = optuna.create_study(study_name=name, storage=storage)
    for attr, value in {**others, **FACTS}.items():
        study.set_user_attr(attr, value)
    study.add_trials(given)
    path = latentune.export(name, shelf / f"{name}.zip", runs=shelf).path
    moved = latentune.import_(path, name=f"{name}-moved", runs=shelf).study
    assert plain(moved) == plain(study)
    assert [t.system_attrs for t in moved.trials] == [t.system_attrs for t in study.trials]
    found = {n: v for n, v in moved.user_attrs.items() if n != "imported"}
    assert found == study.user_attrs
