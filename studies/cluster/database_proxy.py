"""The head's database, for workers on other machines."""

import hmac
import secrets
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, GrpcStorageProxy, get_storage
from optuna.storages._grpc.auto_generated import api_pb2_grpc
from optuna.storages._grpc.client import GrpcClientCache
from optuna.storages._grpc.servicer import OptunaStorageProxyService

from ...storage.database import open_database
from ...storage.database_urls import is_file

PROXY_SCHEME = "grpc://"
TOKEN_HEADER = "latentune-token"  # noqa: S105 - the name of it
MAX_CONCURRENT_CALLS = 10  # that the proxy answers at once


@dataclass(frozen=True)
class ServedDatabase:
    """The database of a search, as workers on other machines reach it.

    Attributes:
        url: Its URL on them.
        token: What a worker has to say; each search has a random one, which Ray hands over.
    """

    url: str
    token: str = field(repr=False)
    _server: Any = field(default=None, repr=False)

    def close(self) -> None:
        """Lets nobody reach it any longer."""
        if self._server is not None:
            self._server.stop(grace=None)


def serve_database(url: str, host: str) -> ServedDatabase:
    """Lets workers on other machines use an SQLite file of this one, until the search has ended.

    Optuna's proxy listens on one address alone, and answers nobody without the token. What is
    sent is not encrypted, as with Ray itself: a cluster has to be in a network of its own. Other
    databases are reached by their URL.

    Args:
        url: The Optuna URL of the database.
        host: How other nodes call this one; of a cluster on this machine alone, its loopback.
    """
    token = secrets.token_hex(32)
    if not is_file(url):
        return ServedDatabase(url, token)
    server = grpc.server(
        ThreadPoolExecutor(MAX_CONCURRENT_CALLS), interceptors=[_CheckToken(token)]
    )
    proxy = OptunaStorageProxyService(get_storage(open_database(url)))
    api_pb2_grpc.add_StorageServiceServicer_to_server(proxy, server)
    port = server.add_insecure_port(f"{host}:0")
    server.start()
    return ServedDatabase(f"{PROXY_SCHEME}{host}:{port}", token, server)


def connect_database(url: str, token: str) -> BaseStorage:
    """Opens the database by the URL that it has on this node."""
    if not url.startswith(PROXY_SCHEME):
        return open_database(url)
    host, _, port = url.removeprefix(PROXY_SCHEME).rpartition(":")
    with warnings.catch_warnings():  # Optuna has called it experimental since 2024
        warnings.simplefilter("ignore", ExperimentalWarning)
        proxy = _TokenProxy(host, int(port), token)
    proxy.wait_server_ready(timeout=60)
    return proxy


class _TokenProxy(GrpcStorageProxy):
    """Optuna's client, which says a token with each call."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._token = token
        super().__init__(host=host, port=port)

    def _setup(self) -> None:
        super()._setup()
        channel = grpc.intercept_channel(self._channel, _SendToken(self._token))
        self._stub = api_pb2_grpc.StorageServiceStub(channel)
        self._cache = GrpcClientCache(self._stub)


class _SendToken(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    def __init__(self, token: str) -> None:
        self._token = token

    def intercept_unary_unary(
        self, continuation: Callable[..., Any], details: Any, request: Any
    ) -> Any:
        metadata = [*(details.metadata or ()), (TOKEN_HEADER, self._token)]
        return continuation(details._replace(metadata=metadata), request)


class _CheckToken(grpc.ServerInterceptor):  # type: ignore[misc]
    def __init__(self, token: str) -> None:
        self._token = token

    def intercept_service(self, continuation: Callable[..., Any], details: Any) -> Any:
        said = dict(details.invocation_metadata).get(TOKEN_HEADER, "")
        if isinstance(said, str) and hmac.compare_digest(said.encode(), self._token.encode()):
            return continuation(details)
        return grpc.unary_unary_rpc_method_handler(_reject)


def _reject(request: object, context: Any) -> None:
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "this database is that of another search")
