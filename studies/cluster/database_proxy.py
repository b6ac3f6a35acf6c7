"""A proxy through which workers on other machines use an SQLite file of the coordinator."""

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
    """The URL by which workers on other machines reach the database, and the token they send."""

    url: str
    token: str = field(repr=False)
    _server: Any = field(default=None, repr=False)

    def close(self) -> None:
        """Stops the proxy, if there is one."""
        if self._server is not None:
            self._server.stop(grace=None)


def serve_database(url: str, host: str) -> ServedDatabase:
    """Returns the database at `url` in a form that workers on other machines can reach.

    For an SQLite file, it starts Optuna's gRPC proxy on the address `host`. Other databases keep
    their URL. The proxy rejects calls without the token. Neither the proxy nor Ray encrypts calls,
    so a cluster needs a private network.
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
    """Opens the database at the URL of a `ServedDatabase`, on the node of a worker."""
    if not url.startswith(PROXY_SCHEME):
        return open_database(url)
    host, _, port = url.removeprefix(PROXY_SCHEME).rpartition(":")
    with warnings.catch_warnings():  # GrpcStorageProxy is experimental
        warnings.simplefilter("ignore", ExperimentalWarning)
        proxy = _TokenProxy(host, int(port), token)
    proxy.wait_server_ready(timeout=60)
    return proxy


class _TokenProxy(GrpcStorageProxy):
    """Optuna's client of a gRPC proxy, which also sends the token with each call."""

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
