"""Pictures in a bucket of S3, which moto pretends to be: kept there, found there, and missed."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import optuna
import pytest
from moto import mock_aws
from optuna.artifacts import get_all_artifact_meta
from optuna.trial import TrialState
from optuna_dashboard import wsgi

import latentune
from latentune.storage.artifact_store import AllArtifacts, AtomicFileStore, attach_picture
from latentune.storage.dashboard_server import guard_requests
from latentune.storage.database import open_database
from latentune.storage.s3_bucket import check_bucket
from latentune.storage.storage_error import StorageError

Cli = Callable[..., Any]
Refused = Callable[..., str]
NAME = "conv-ae-digits"
URL = "s3://pictures/of/ours"
SMALL = ("--epochs", 1, "--batch-size", 400, "--workers", 1)
SEARCH = ("search", "conv-ae", "digits", *SMALL)
SPEC = """
import boto3
from functools import partial
from latentune import TensorData, Objective, StudySpec
from latentune.search_spaces.autoencoder_spaces import conv_ae

def callbacks(trial):
    if trial.number == 1 and "{bucket}":
        boto3.resource("s3").Bucket("{bucket}").objects.delete()
        boto3.resource("s3").Bucket("{bucket}").delete()
    return []

data = partial(TensorData, "digits", batch_size=400)
SPEC = StudySpec("mine", Objective(conv_ae, data, max_epochs=1, callbacks=callbacks))
"""
DENIED = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"},
}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 with an empty bucket, without the AWS settings of the user."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "nothing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="pictures")
        yield client


def keys(s3: Any) -> list[str]:
    return sorted(
        found["Key"] for found in s3.list_objects_v2(Bucket="pictures").get("Contents", [])
    )


def lose(s3: Any) -> None:
    for key in keys(s3):
        s3.delete_object(Bucket="pictures", Key=key)
    s3.delete_bucket(Bucket="pictures")


def body(s3: Any, key: str) -> bytes:
    return bytes(s3.get_object(Bucket="pictures", Key=key)["Body"].read())


def study_of(name: str = NAME, runs: str = "runs") -> optuna.Study:
    return optuna.load_study(study_name=name, storage=f"sqlite:///{runs}/studies.db")


def shown(study: optuna.Study, first: int = 0) -> list[str]:
    """The ids of the pictures that its trials show, from one of them on."""
    metas = [get_all_artifact_meta(t, storage=study._storage) for t in study.trials[first:]]
    return sorted(meta.artifact_id for of_trial in metas for meta in of_trial)


@pytest.fixture(scope="module")
def _searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    runs = tmp_path_factory.mktemp("searched") / "runs"
    small = {"epochs": 1, "batch_size": 400, "workers": 1, "pruner": "none"}
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="pictures")
        latentune.search("conv-ae", "digits", trials=2, runs=runs, artifacts=f"{URL}/", **small)
        return runs, {key: body(client, key) for key in keys(client)}


@pytest.fixture
def searched(_searched: tuple[Path, dict[str, bytes]], s3: Any) -> optuna.Study:
    """A study of two trials, in a copy of its runs folder and of its bucket."""
    shutil.copytree(_searched[0], "runs")
    for key, content in _searched[1].items():
        s3.put_object(Bucket="pictures", Key=key, Body=content)
    return study_of()


def test_pictures_lie_in_the_bucket_and_not_in_the_folder(
    searched: optuna.Study, s3: Any, cli: Cli
) -> None:
    assert keys(s3) == [f"of/ours/{name}" for name in shown(searched)]
    assert len(keys(s3)) == 2
    assert all(body(s3, key).startswith(b"\x89PNG") for key in keys(s3))
    assert not Path("runs/artifacts").exists()
    assert f"its pictures are in {URL}\n" in cli("status", NAME).out


def test_a_study_remembers_its_bucket(
    searched: optuna.Study, s3: Any, cli: Cli, refused: Refused
) -> None:
    line = refused(*SEARCH, "--trials", 3, "--artifacts", "s3://pictures/others")
    assert (
        f"keeps its pictures in {URL}, not in s3://pictures/others: leave out --artifacts" in line
    )
    assert cli(*SEARCH, "--trials", 3, "--pruner", "none").code == 0
    assert keys(s3) == [f"of/ours/{name}" for name in shown(study_of())]
    assert len(keys(s3)) == 3
    lose(s3)
    assert "make it, or name another" in refused(*SEARCH, "--trials", 4)
    assert len(study_of().trials) == 3


def test_a_study_in_the_folder_stays_there(trained: Path, s3: Any, refused: Refused) -> None:
    same = ("search", "conv-ae", "digits", "--epochs", 2, "--trials", 4, "--artifacts", URL)
    assert f"keeps its pictures in runs/artifacts, not in {URL}" in refused(*same)


def asked(path: str, method: str = "GET") -> tuple[str, str | None, bytes]:
    """Asks the dashboard; returns its status, what it says that it sends, and that."""
    storage = open_database("sqlite:///runs/studies.db")
    artifacts = AllArtifacts(Path("runs/artifacts"), storage)
    said: list[Any] = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_HOST": "localhost:8080"}
    streams = {"wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "SERVER_NAME": "x"}
    app = guard_requests(wsgi(storage, artifact_store=artifacts), artifacts)
    answer = app({**environ, **streams}, lambda *start: said.append(start[:2]))
    content = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    ((status, headers),) = said
    return status[:3], dict(headers).get("Content-Type"), content


def test_the_dashboard_shows_studies_of_both_kinds_and_deletes_what_is_theirs(
    searched: optuna.Study, s3: Any
) -> None:
    here = optuna.create_study(study_name="here", storage="sqlite:///runs/studies.db")
    Path("own.png").write_bytes(b"of the folder")
    attach_picture(here, Path("own.png"), AtomicFileStore(Path("runs/artifacts"), Path("runs")))
    (own,) = Path("runs/artifacts").iterdir()
    in_folder = f"/artifacts/{here._study_id}/{own.name}"
    trial = searched.trials[0]
    first = get_all_artifact_meta(trial, storage=searched._storage)[0].artifact_id
    in_bucket = f"/artifacts/{searched._study_id}/{trial._trial_id}/{first}"
    picture = body(s3, f"of/ours/{first}")
    assert asked(in_folder) == ("200", "image/png", b"of the folder")
    assert asked(in_bucket) == ("200", "image/png", picture)
    own.with_name(first).symlink_to("/etc/passwd")
    assert asked(in_bucket) == ("200", "image/png", picture)
    s3.delete_object(Bucket="pictures", Key=f"of/ours/{first}")
    assert asked(in_bucket)[0] == "404"
    s3.put_object(Bucket="pictures", Key="of/ours/another", Body=b"not of this study")
    assert asked(f"/api/studies/{searched._study_id}", "DELETE")[0] == "204"
    assert keys(s3) == ["of/ours/another"]
    assert asked(in_folder)[0] == "200"


def test_the_dashboard_says_that_a_bucket_cannot_be_reached(
    searched: optuna.Study, s3: Any
) -> None:
    lose(s3)
    status, _, said = asked(f"/artifacts/1/1/{shown(searched)[0]}")
    assert status == "502"
    assert b"cannot use s3://pictures/of/ours: The specified bucket does not exist" in said
    assert asked("/api/studies/1")[0] == "200"


def test_a_zip_holds_the_pictures_which_come_to_the_folder(
    searched: optuna.Study, s3: Any, cli: Cli, refused: Refused
) -> None:
    assert cli("export", NAME, "--to", "study.zip").code == 0
    assert cli("import", "study.zip", "--runs", "far").code == 0
    theirs = study_of(runs="far")
    assert "artifacts" not in theirs.user_attrs
    folder = Path("far/artifacts")
    assert sorted(path.name for path in folder.iterdir()) == shown(theirs)
    there, here = (sorted(path.read_bytes() for path in folder.iterdir()), keys(s3))
    assert there == sorted(body(s3, key) for key in here)
    lose(s3)
    assert "The specified bucket does not exist" in refused("export", NAME, "--to", "other.zip")


def test_the_doctor_looks_into_the_bucket_and_judges_nothing_that_it_cannot_see(
    searched: optuna.Study, s3: Any, cli: Cli
) -> None:
    s3.put_object(Bucket="pictures", Key="of/ours/another", Body=b"of another database")
    assert not latentune.doctor().findings
    s3.delete_object(Bucket="pictures", Key=f"of/ours/{shown(searched)[0]}")
    (finding,) = latentune.doctor().findings
    assert f"1 picture of {NAME} whose files have gone" in str(finding)
    assert cli("doctor", "--fix").code == 0
    assert len(shown(study_of())) == 1
    left = [*shown(study_of()), "another"]  # what nobody here shows stays where it is
    assert keys(s3) == sorted(f"of/ours/{name}" for name in left)
    lose(s3)
    answer = cli("doctor")
    assert "the artifacts of conv-ae-digits were not checked: cannot use s3://" in answer.out
    assert answer.code == 0


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3:/pictures/a", "; did you mean s3://pictures/a?"),
        ("pictures", "; did you mean s3://pictures?"),
        ("s3//pictures", "; did you mean s3://pictures?"),
        ("S3://Pictures", "; did you mean s3://pictures?"),
        ("gs://pictures", "'gs://pictures' is not of the form s3://BUCKET[/FOLDER]"),
        ("s3://pictures/../a", "[/FOLDER]"),
        (f"s3://pictures/{'a' * 999}", "[/FOLDER]"),
        ("", "[/FOLDER]"),
    ],
)
def test_what_names_no_bucket_is_refused_with_what_may_be_meant(url: str, says: str) -> None:
    with pytest.raises(StorageError, match=f"{re.escape(says)}$"):
        check_bucket(url)


def test_a_bucket_that_cannot_be_used_is_refused_before_anything_is_trained(
    refused: Refused, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def says(url: str = "s3://pictures") -> str:
        return refused(*SEARCH, "--artifacts", url)

    assert "--artifacts 's3:/a/' is not of the form" in says("s3:/a/")
    assert "cannot use s3://none: The specified bucket does not exist (" in says("s3://none")
    for name, value, what in (
        ("AWS_ENDPOINT_URL", "nonsense", "Invalid endpoint: nonsense ("),
        ("AWS_PROFILE", "nobody", "The config profile (nobody) could not be found ("),
        ("AWS_ACCESS_KEY_ID", "", "Unable to locate credentials (NoCredentialsError); set AWS_"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert f"cannot use s3://pictures: {what}" in says()
    s3.put_bucket_policy(Bucket="pictures", Policy=json.dumps(DENIED))
    assert "(403); its owner must let you list, read, write and delete" in says()
    assert not Path("runs").exists()


def test_what_to_install_is_said(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    line = refused(*SEARCH, "--artifacts", URL)
    assert line == f"latentune: {URL} needs boto3: pip install 'latentune[s3]'\n"


def test_a_bucket_that_goes_away_ends_the_search_and_costs_no_trial(s3: Any, cli: Cli) -> None:
    Path("mine.py").write_text(SPEC.format(bucket="pictures"))
    words = ("search", "mine:SPEC", "--trials", 2, "--workers", 1, "--pruner", "none")
    answer = cli(*words, "--artifacts", "s3://pictures")
    assert answer.code == 2
    assert "cannot use s3://pictures: The specified bucket does not exist" in answer.err
    states = [trial.state for trial in study_of("mine").trials]
    assert states == [TrialState.COMPLETE, TrialState.WAITING]
    s3.create_bucket(Bucket="pictures")
    Path("mine.py").write_text(SPEC.format(bucket=""))
    sys.modules.pop("mine")
    assert cli(*words).code == 0
    assert [trial.state for trial in study_of("mine").trials] == [TrialState.COMPLETE] * 2
    last = shown(study_of("mine"), first=1)  # the first picture went with the bucket
    assert (keys(s3), len(last)) == (last, 1)
