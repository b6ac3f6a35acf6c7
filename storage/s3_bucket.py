"""Buckets of S3, and of whatever speaks like it: Optuna's own store, whose errors name a way out.

Where they are, and who asks, is said as AWS's own tools are told: AWS_ENDPOINT_URL, AWS_PROFILE,
AWS_ACCESS_KEY_ID and others, or the files in ~/.aws.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib.util import find_spec
from typing import BinaryIO

from optuna.artifacts import Boto3ArtifactStore

from .storage_error import StorageError

S3_SCHEME = "s3://"
S3_URL = re.compile(
    rf"{S3_SCHEME}[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9](/\w[\w!.*'()-]*)*/?", re.ASCII
)
MAX_URL_LENGTH = 512  # letters of a URL; S3 allows 1,024 for a key
CONNECT_TIMEOUT_S = 10  # a wrong address shall be known in less than the five minutes of boto3
PROBE_NAME = "latentune-may-write"

PERMISSIONS_HINT = "its owner must let you list, read, write and delete there"
HINTS_BY_CODE = {
    "NoSuchBucket": "make it, or name another by `artifacts=`",
    "AccessDenied": PERMISSIONS_HINT,
    "403": PERMISSIONS_HINT,  # of an answer without a body
    "NoCredentialsError": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
}
"""What to do, by what S3 calls an error, or boto3 its class."""
DEFAULT_HINT = "AWS_ENDPOINT_URL says where it is, AWS_PROFILE or AWS_ACCESS_KEY_ID who asks"


def check_bucket(url: str) -> str:
    """Returns the URL of a bucket, or of a folder in it, as it is kept.

    Raises:
        StorageError: If it is none, or boto3 is not installed.
    """
    if not _is_bucket_url(url):
        bare = re.sub(r"^(s3[an]?(?=[:/]):?)?/*", "", url, flags=re.IGNORECASE)
        close = next(
            filter(_is_bucket_url, (f"{S3_SCHEME}{bare}", f"{S3_SCHEME}{bare}".lower())), None
        )
        hint = f"; did you mean {close}?" if close else ""
        raise StorageError(f"`artifacts=` {url!r} is not of the form s3://BUCKET[/FOLDER]{hint}")
    if find_spec("boto3") is None:
        raise StorageError(f"{url} needs boto3: pip install 'latentune[s3]'")
    return url.rstrip("/")


def _is_bucket_url(url: str) -> bool:
    return len(url) <= MAX_URL_LENGTH and S3_URL.fullmatch(url) is not None


class Bucket:
    """Optuna's store in a bucket, or in a folder of one; reached when it is first used.

    All methods raise StorageError if it cannot be reached, or does not let us.

    Args:
        url: What `check_bucket` returned.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._name, _, folder = url.removeprefix(S3_SCHEME).partition("/")
        self._prefix = folder and f"{folder}/"

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Returns an artifact, read as a whole: what fails on the way fails here.

        Raises:
            ArtifactNotFound: If there is none.
        """
        with self._translate_errors(), self._store.open_reader(self._prefix + artifact_id) as body:
            return io.BytesIO(body.read())

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keeps an artifact, in the place of one of the same name."""
        with self._translate_errors():
            self._store.write(self._prefix + artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        """Removes an artifact; S3 does not say whether there was one."""
        with self._translate_errors():
            self._store.remove(self._prefix + artifact_id)

    def names(self, start: str = "") -> set[str]:
        """Returns the names of the artifacts that begin so."""
        with self._translate_errors():
            pages = self._store.client.get_paginator("list_objects_v2").paginate(
                Bucket=self._name, Prefix=self._prefix + start, Delimiter="/"
            )
            keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
        return {key.removeprefix(self._prefix) for key in keys}

    def check(self) -> None:
        """Writes something for a moment, as a search will do."""
        self.write(PROBE_NAME, io.BytesIO())
        with suppress(StorageError):  # who may write need not be allowed to remove
            self.remove(PROBE_NAME)

    @cached_property
    def _store(self) -> Boto3ArtifactStore:
        from boto3.session import Session  # not installed unless somebody wants a bucket
        from botocore.config import Config

        client = Session().client("s3", config=Config(connect_timeout=CONNECT_TIMEOUT_S))
        return Boto3ArtifactStore(self._name, client=client)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError, ValueError) as error:  # the last of URLs
            answer = getattr(error, "response", {}).get("Error", {})
            kind = answer.get("Code", type(error).__name__)
            said = " ".join((answer.get("Message") or str(error)).split()).rstrip(".")
            raise StorageError(
                f"cannot use {self.url}: {said} ({kind}); {HINTS_BY_CODE.get(kind, DEFAULT_HINT)}"
            ) from error
