"""The head's database, for workers on other machines."""

import os
import socket
import threading
import warnings
from functools import cache
from typing import NamedTuple

from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, GrpcStorageProxy, get_storage, run_grpc_proxy_server

from ...storage.database import identity, open_database
from ...storage.urls import SQLITE, is_file


class Address(NamedTuple):
    """Where workers reach the database: host and port of the head's proxy, or its own URL."""

    url: str
    host: str = ""
    port: int = 0


def serve(url: str, host: str) -> Address:
    """Lets other machines use an SQLite file of this one, for the rest of this process.

    Optuna's proxy for that asks for no password, as Ray itself does not: a cluster has to be in a
    network of its own. Other databases are reached by their URL.

    Args:
        url: The Optuna URL of the database.
        host: How other nodes call this one.
    """
    if not is_file(url):
        return Address(url)
    path = os.path.abspath(url.removeprefix(SQLITE))
    return Address(url, host, _port_of(f"{SQLITE}{path}", identity(url), host))


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


def reach(address: Address) -> BaseStorage:
    """Opens the database from wherever this is."""
    if not address.port:
        return open_database(address.url)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        proxy = GrpcStorageProxy(host=address.host, port=address.port)
    proxy.wait_server_ready(timeout=60)
    return proxy
