"""Stores artifacts in buckets of S3 and compatible services, by Optuna's `Boto3ArtifactStore`.

The address and the credentials are configured as for AWS's own tools: AWS_ENDPOINT_URL,
AWS_PROFILE, AWS_ACCESS_KEY_ID and others, or the files in ~/.aws.
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
MAX_URL_LENGTH = 512  # leaves space for artifact names: S3 allows keys of 1,024 letters
CONNECT_TIMEOUT_S = 10  # by default, boto3 waits five minutes for a wrong address
TEST_ARTIFACT = "latentune-may-write"

PERMISSIONS_HINT = "its owner must let you list, read, write and delete there"
HINTS_BY_CODE = {
    "NoSuchBucket": "make it, or name another by `artifacts=`",
    "AccessDenied": PERMISSIONS_HINT,
    "403": PERMISSIONS_HINT,  # a response without a body
    "NoCredentialsError": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
}
"""Advice to the user about an error, by the error code of S3 or the exception class of boto3."""
DEFAULT_HINT = "AWS_ENDPOINT_URL is its address, AWS_PROFILE or AWS_ACCESS_KEY_ID your account"


def check_bucket(url: str) -> str:
    """Returns the URL of a bucket, or of a folder in a bucket, without slashes at its end.

    Raises:
        StorageError: If `url` is not `s3://BUCKET` or `s3://BUCKET/FOLDER`, or boto3 is not
            installed.
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
    """An artifact store for Optuna in a bucket, or in a folder of a bucket.

    The first call of a method connects. All methods raise StorageError if the bucket cannot be
    reached or access is denied.

    Args:
        url: The result of `check_bucket`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._name, _, folder = url.removeprefix(S3_SCHEME).partition("/")
        self._prefix = folder and f"{folder}/"

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Returns the content of an artifact as a file in memory.

        Raises:
            ArtifactNotFound: If the artifact does not exist.
        """
        with (
            self._translate_errors(),
            self._boto3_store.open_reader(self._prefix + artifact_id) as body,
        ):
            return io.BytesIO(body.read())

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Writes an artifact. It replaces an artifact with the same id."""
        with self._translate_errors():
            self._boto3_store.write(self._prefix + artifact_id, content_body)

    def remove(self, artifact_id: str) -> None:
        """Removes an artifact, if it exists."""
        with self._translate_errors():
            self._boto3_store.remove(self._prefix + artifact_id)

    def names(self, start: str = "") -> set[str]:
        """Returns the ids of the artifacts whose id begins with `start`."""
        with self._translate_errors():
            pages = self._boto3_store.client.get_paginator("list_objects_v2").paginate(
                Bucket=self._name, Prefix=self._prefix + start, Delimiter="/"
            )
            keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
        return {key.removeprefix(self._prefix) for key in keys}

    def check(self) -> None:
        """Tests access to the bucket, by writing and removing an empty artifact."""
        self.write(TEST_ARTIFACT, io.BytesIO())
        with suppress(StorageError):  # the user may be allowed to write only
            self.remove(TEST_ARTIFACT)

    @cached_property
    def _boto3_store(self) -> Boto3ArtifactStore:
        from boto3.session import Session  # an optional dependency
        from botocore.config import Config

        client = Session().client("s3", config=Config(connect_timeout=CONNECT_TIMEOUT_S))
        return Boto3ArtifactStore(self._name, client=client)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError, ValueError) as error:
            answer = getattr(error, "response", {}).get("Error", {})
            kind = answer.get("Code", type(error).__name__)
            text = " ".join((answer.get("Message") or str(error)).split()).rstrip(".")
            raise StorageError(
                f"cannot use {self.url}: {text} ({kind}); {HINTS_BY_CODE.get(kind, DEFAULT_HINT)}"
            ) from error
