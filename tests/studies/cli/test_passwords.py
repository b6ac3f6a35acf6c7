"""Passwords are shown in no form, and the database of a search asks for its token."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

import latentune
from latentune.storage.redact import redact
from latentune.storage.storage_error import StorageError

SECRET = "s3cret"
URLS = [
    "postgresql://me:s3cret@host/name",
    "POSTGRESQL+psycopg://ME:s3cret@host:5432/name",
    "postgresql:/me:s3cret@host/name",  # as a path has it
    "//me:s3cret@host/name",
    "postgresql://:s3cret@host/name",
    "postgresql://me%3As3cret@host/name",
    "postgresql://me:a/b s3cret@x@host/name",
    "postgresql://host/name?password=s3cret",
    "postgresql://host/name?user=me&PASSWORD=s3cret&sslmode=require",
    "postgresql://host/name?Pwd=s3cret",
    "postgresql://host/name?p%61ssword=s3cret",
    "postgresql://host/name?%70%61ss%77ord=s3cret",
    "postgresql://host/name?p%2561ssword=s3cret",
    "postgresql://host/name?passwd=a;s3cret",
    "postgresql://host/name?sslpassword=s3cret",
    "mysql://host/name?auth_token=s3cret",
    "mssql://?odbc_connect=DRIVER%3Dx%3BPWD%3Ds3cret",
    "s3://key:s3cret@bucket/folder",
    "host=h user=me password=s3cret dbname=d",
    "password = 's3cret it is'",
]
letters = st.text(st.characters(codec="utf-8", exclude_characters="&*"), min_size=1, max_size=8)


@pytest.mark.parametrize("url", URLS)
def test_no_password_is_shown(url: str) -> None:
    for text in (url, f"cannot open '{url}': it failed", f"--storage={url}", f"{url} and {url}"):
        assert SECRET not in redact(text)
        assert redact(redact(text)) == redact(text)


@given(letters, letters)
def test_no_password_is_shown_whatever_it_is(name: str, password: str) -> None:
    password = f"{password}Ω{password}"
    for url in (
        f"postgresql://{name.translate({ord(c): None for c in '/@: '})}:{password}@host/x",
        f"postgresql://host/x?password={password}",
    ):
        if "\n" not in name and name.isprintable() and not name.isspace():
            assert "Ω" not in redact(url)


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///runs/studies.db",
        "postgresql://me@host:5432/name?sslmode=require&connect_timeout=3",
        "there is no study 'a:b'; did you mean 'a@b'?",
        "grpc://127.0.0.1:4000",
        "latentune search conv-ae C:/photos --name x@y",
        "postgresql://host/name?passfile=/home/me/.pgpass",
    ],
)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


URL = "postgresql://me:s3cret@127.0.0.1:1/name?password=s3cret"


@pytest.mark.parametrize(
    "words",
    [
        ("search", "conv-ae", "digits", "--runs", URL),
        ("search", "conv-ae", "digits", "--storage", URL.replace("postgresql", "nosuch")),
        ("search", "conv-ae", "digits", "--storage", URL.replace("127.0.0.1:1", "h:port")),
        ("search", "conv-ae", URL),
        ("search", URL),
        ("search", "conv-ae", "digits", "--name", URL),
        ("search", "conv-ae", "digits", "--encoder", URL),
        ("search", "conv-ae", "digits", "--artifacts", URL),
        ("search", "conv-ae", "digits", "--enqueue", URL),
        ("search", "conv-ae", "digits", "--trials", URL),
        ("search", "conv-ae", "digits", "--cluster", URL),
        ("show", URL),
        ("show", "digits", "--runs", URL),
        ("show", ".", "--split", "60,20,20", "--out", URL),
        ("status", URL),
        ("status", "--runs", URL),
        ("status", "x", URL),
        ("train", URL),
        ("predict", "x", "y.png", "--out", f"{URL}.csv"),
        ("predict", URL, "y.png"),
        ("encode", "x", "y.png", "--out", f"{URL}.npz"),
        ("export", "x", "--to", f"{URL}.zip"),
        ("export", "x", "--out", URL),
        ("import", URL),
        ("best", "x", f"--{URL}"),
    ],
)
def test_an_url_in_the_wrong_place_keeps_its_password(
    words: tuple[str, ...], refused: Callable[..., str]
) -> None:
    line = refused(*words)
    assert SECRET not in line
    assert not any(SECRET in str(path) for path in Path().rglob("*"))
    assert not Path("postgresql:").exists()


def test_an_error_in_python_has_no_password() -> None:
    for call in (
        lambda: latentune.search("conv-ae", "digits", runs=URL),
        lambda: latentune.search("conv-ae", URL),
        lambda: latentune.load_model(URL),
    ):
        with pytest.raises(ValueError) as error:  # noqa: PT011 - of several classes
            call()
        assert SECRET not in str(error.value)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Any]:
    pytest.importorskip("grpc")
    from latentune.storage.database import open_database
    from latentune.studies.cluster.database_proxy import serve_database

    url = f"sqlite:///{tmp_path}/studies.db"
    optuna.create_study(study_name="mine", storage=open_database(url, create=True))
    served = serve_database(url, "127.0.0.1")
    yield served
    served.close()


def test_the_proxy_answers_those_alone_that_have_its_token(served: Any) -> None:
    import grpc
    from optuna.storages._grpc.auto_generated import api_pb2, api_pb2_grpc

    from latentune.studies.cluster.database_proxy import (
        TOKEN_HEADER,
        connect_database,
        serve_database,
    )

    storage = connect_database(served.url, served.token)
    assert optuna.get_all_study_names(storage) == ["mine"]
    study = optuna.load_study(study_name="mine", storage=storage)
    study.tell(study.ask(), 1.0)
    assert len(study.trials) == 1
    assert served.token not in repr(served)
    other = serve_database(f"sqlite:///{Path('studies.db').absolute()}", "127.0.0.1")
    other.close()
    assert other.token != served.token
    address = served.url.removeprefix("grpc://")
    for metadata in (
        (),
        ((TOKEN_HEADER, ""),),
        ((TOKEN_HEADER, other.token),),
        (("x", served.token),),
    ):
        with grpc.insecure_channel(address) as channel:
            stub = api_pb2_grpc.StorageServiceStub(channel)
            for call, request in (
                (stub.GetAllStudies, api_pb2.GetAllStudiesRequest()),
                (stub.DeleteStudy, api_pb2.DeleteStudyRequest(study_id=1)),
            ):
                with pytest.raises(grpc.RpcError) as error:
                    call(request, metadata=metadata, timeout=10)
                assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert optuna.get_all_study_names(storage) == ["mine"]
    storage.close()


def test_the_proxy_listens_on_one_address_until_the_search_ends(served: Any) -> None:
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        pass
    for address in ("127.0.0.2", "::1"):
        with pytest.raises(OSError, match=r"refused|assign|unreachable|supported"):
            socket.create_connection((address, port), timeout=5)
    served.close()
    served._server.wait_for_termination(10)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_file_on_disk_is_refused_as_an_url() -> None:
    with pytest.raises(StorageError, match="`runs=` must be a path"):
        latentune.load_best("x", runs=URL)
