"""Joining a Ray cluster."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..study.search_options import ClusterOptions
from ..study.study_error import StudyError

AUTO_ADDRESS = "auto"
CONNECT_TIMEOUT_S = 5


@dataclass(frozen=True)
class RayCluster:
    """A Ray cluster and the resources of one worker on it.

    Attributes:
        address: `auto` for the cluster that this machine is a node of, or HOST:PORT of its head.
        cpus: CPUs of a worker, above 0.
        gpus: GPUs of a worker, 0 or more; with 0.5, two workers share a GPU.
    """

    address: str = AUTO_ADDRESS
    cpus: float = ClusterOptions.cpus
    gpus: float = ClusterOptions.gpus

    def __str__(self) -> str:
        return f"{self.address}, {self.cpus:g} CPU and {self.gpus:g} GPU a worker"

    def join(self) -> None:
        """Connects this process to the cluster as a driver, until the process ends.

        Raises:
            StudyError: If Ray is not installed or has another version than the cluster, the
                cluster does not exist, this machine is not one of its nodes, or a worker needs
                more CPUs or GPUs than any node has.
        """
        self._check_values()
        ray = load_ray()
        if not ray.is_initialized():
            self._check_reachable()
            try:
                ray.init(
                    address=self.address,
                    namespace="latentune",
                    log_to_driver=False,
                    logging_level="error",
                    job_config=_job_config(),
                )
            except Exception as error:  # Ray has no classes for most of these
                raise StudyError(_connection_message(self.address, error)) from error
            # Ray would print the log of each worker that dies; the coordinator prints a line.
            ray._private.worker._worker_logs_enabled = False
        for name, wanted in (("CPU", self.cpus), ("GPU", self.gpus)):
            most = max((node["Resources"].get(name, 0) for node in alive_nodes()), default=0)
            if wanted > most:
                raise StudyError(
                    f"a worker takes {wanted:g} {name}s, and no node of the cluster has more than "
                    f"{most:g}: ask for fewer by `{name.lower()}s=`, or start such a node"
                )

    @property
    def worker_limit(self) -> int:
        """The number of workers that the nodes can run at once, at least 1."""
        total = 0
        for node in alive_nodes():
            workers = int(node["Resources"].get("CPU", 0) / self.cpus)
            if self.gpus:
                workers = min(workers, int(node["Resources"].get("GPU", 0) / self.gpus))
            total += workers
        return max(1, total)

    def _check_values(self) -> None:
        if self.address.startswith("ray://"):
            raise StudyError(
                f"{self.address} is for a client outside the cluster: the database and the runs "
                "folder would stay on the client; send the command to the cluster instead: "
                "ray job submit "
                "--address http://HEAD:8265 -- latentune search ... --cluster auto"
            )
        host, colon, port = self.address.rpartition(":")
        if self.address != AUTO_ADDRESS and not (host and colon and port.isdecimal()):
            raise StudyError(f"`cluster=` is auto or HOST:PORT, not {self.address!r}")
        if not 0 < self.cpus < float("inf"):
            raise StudyError(f"`cpus=` must be above 0, not {self.cpus:g}")
        if not 0 <= self.gpus < float("inf"):
            raise StudyError(f"`gpus=` must be 0 or more, not {self.gpus:g}")
        for name, count in (("cpus", self.cpus), ("gpus", self.gpus)):
            if count > 1 and count != int(count):
                raise StudyError(f"`{name}=` above 1 must be whole, not {count:g}")

    def _check_reachable(self) -> None:
        """Raises StudyError if nothing answers at the address; Ray would wait for minutes."""
        if self.address == AUTO_ADDRESS or os.environ.get("RAY_USE_TLS") == "1":
            return
        import grpc

        with grpc.insecure_channel(self.address) as channel:
            try:
                grpc.channel_ready_future(channel).result(timeout=CONNECT_TIMEOUT_S)
            except grpc.FutureTimeoutError as error:
                raise StudyError(
                    f"there is no cluster at {self.address}; `ray status` on one of its nodes "
                    "says where it is"
                ) from error


def join_cluster(address: str | None, cpus: float, gpus: float) -> RayCluster | None:
    """Joins the cluster at `address` and returns it, or returns None if `address` is None.

    Raises:
        StudyError: If the cluster cannot be joined, or `cpus` or `gpus` are given without an
            address.
    """
    if address is not None:
        cluster = RayCluster(address, cpus, gpus)
        cluster.join()
        return cluster
    for name, value, default in (
        ("cpus", cpus, ClusterOptions.cpus),
        ("gpus", gpus, ClusterOptions.gpus),
    ):
        if value != default:
            raise StudyError(
                f"`{name}=` {value:g} is for workers on a Ray cluster: name the cluster by "
                "`cluster=`"
            )
    return None


def load_ray() -> Any:
    """Imports and returns Ray, an optional dependency; raises StudyError if it is missing."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # silences a warning
    try:
        import grpc  # noqa: F401 - for the database
        import ray
    except ImportError as error:
        raise StudyError("`cluster=` needs Ray: pip install 'latentune[ray]'") from error
    return ray


class _EmptyPaths(list[str]):
    """A list that stays empty when it is extended."""

    def extend(self, paths: Iterable[str]) -> None:
        pass


def _job_config() -> Any:
    """Returns a Ray job configuration that keeps the working folder out of workers' `sys.path`.

    Ray would add the working folder, and files there could hide modules of Python. Workers get
    the user's own modules by the payload.
    """
    config = load_ray().job_config.JobConfig()
    config._py_driver_sys_path = _EmptyPaths()
    return config


def alive_nodes() -> list[dict[str, Any]]:
    """Returns Ray's description of each node that is alive."""
    return [node for node in load_ray().nodes() if node["Alive"]]


def _connection_message(address: str, error: Exception) -> str:
    text = " ".join(str(error).split())
    if "Version mismatch" in text:
        return (
            f"the cluster runs other versions than this process; {text}; install the same Ray "
            "and Python on all nodes"
        )
    if isinstance(error, ConnectionError):
        return (
            "this machine is no node of a cluster: start one by `ray start --head`, join one by "
            "`ray start --address HOST:PORT`, or send the command to one by `ray job submit`"
        )
    return f"cannot join the cluster at {address}: {text}"
