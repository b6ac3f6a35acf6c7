"""Access to the coordinator's database file from other machines."""

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
TOKEN_HEADER = "latentune-token"  # noqa: S105 - not the token itself
MAX_CONCURRENT_CALLS = 10


@dataclass(frozen=True)
class ServedDatabase:
    """The database of a search, as workers on other machines reach it."""

    url: str
    token: str = field(repr=False)
    _server: Any = field(default=None, repr=False)

    def close(self) -> None:
        """Stops the proxy."""
        if self._server is not None:
            self._server.stop(grace=None)


def serve_database(url: str, host: str) -> ServedDatabase:
    """Starts Optuna's gRPC proxy of an SQLite file; other databases keep their URL.

    The proxy listens on one address and rejects calls without the token. It does not encrypt
    calls, and neither does Ray: a cluster needs a private network.
    """
    token = secrets.token_hex(32)
    if not is_file(url):
        return ServedDatabase(url, token)
    threads = ThreadPoolExecutor(MAX_CONCURRENT_CALLS)
    server = grpc.server(threads, interceptors=[_CheckToken(token)])
    proxy = OptunaStorageProxyService(get_storage(open_database(url)))
    api_pb2_grpc.add_StorageServiceServicer_to_server(proxy, server)
    port = server.add_insecure_port(f"{host}:0")
    server.start()
    return ServedDatabase(f"{PROXY_SCHEME}{host}:{port}", token, server)


def connect_database(url: str, token: str) -> BaseStorage:
    """Opens a database by its URL on this node."""
    if not url.startswith(PROXY_SCHEME):
        return open_database(url)
    host, _, port = url.removeprefix(PROXY_SCHEME).rpartition(":")
    with warnings.catch_warnings():  # GrpcStorageProxy is experimental
        warnings.simplefilter("ignore", ExperimentalWarning)
        proxy = _TokenProxy(host, int(port), token)
    proxy.wait_server_ready(timeout=60)
    return proxy


class _TokenProxy(GrpcStorageProxy):
    """Optuna's client, which sends the token with each call."""

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
        sent = dict(details.invocation_metadata).get(TOKEN_HEADER, "")
        if isinstance(sent, str) and hmac.compare_digest(sent.encode(), self._token.encode()):
            return continuation(details)
        return grpc.unary_unary_rpc_method_handler(_reject)


def _reject(request: object, context: Any) -> None:
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "this database is that of another search")
