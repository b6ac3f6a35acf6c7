"""The head's database, for workers on other machines."""

import socket
import threading
import warnings
from functools import cache

from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, GrpcStorageProxy, get_storage, run_grpc_proxy_server

from ...storage.database import identity, open_database
from ...storage.urls import is_file

PROXY = "grpc://"


def serve(url: str, host: str) -> str:
    """Lets other machines use an SQLite file of this one, for the rest of this process.

    Optuna's proxy for that asks for no password, as Ray itself does not: a cluster has to be in a
    network of its own. Other databases are reached by their URL.

    Args:
        url: The Optuna URL of the database.
        host: How other nodes call this one.

    Returns:
        Its URL on them.
    """
    return f"{PROXY}{host}:{_port_of(url, identity(url), host)}" if is_file(url) else url


@cache
def _port_of(url: str, known: object, host: str) -> int:
    """Starts the proxy of a file, which is not another one that was in its place before."""
    with socket.socket() as free:  # the proxy does not say which one it took
        free.bind((host, 0))
        port: int = free.getsockname()[1]
    storage = get_storage(open_database(url))
    # Optuna has called it experimental since 2024.
    warnings.filterwarnings("ignore", "optuna.storages._grpc", ExperimentalWarning)
    threading.Thread(
        target=run_grpc_proxy_server,
        args=(storage,),
        kwargs={"host": host, "port": port},
        daemon=True,
    ).start()
    return port


def reach(url: str) -> BaseStorage:
    """Opens the database by the URL that it has on this node."""
    if not url.startswith(PROXY):
        return open_database(url)
    host, _, port = url.removeprefix(PROXY).rpartition(":")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        proxy = GrpcStorageProxy(host=host, port=int(port))
    proxy.wait_server_ready(timeout=60)
    return proxy
