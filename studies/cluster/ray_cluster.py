"""Joining a Ray cluster, and what it has."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..study.defaults import CPUS, GPUS
from ..study.study_error import StudyError

AUTO_ADDRESS = "auto"
CONNECT_TIMEOUT_S = 5


@dataclass(frozen=True)
class RayCluster:
    """A Ray cluster, and what a worker takes of it.

    Attributes:
        address: `auto` for the one that this machine is a node of, or HOST:PORT of its head.
        cpus: CPUs of a worker, above 0.
        gpus: GPUs of a worker, 0 or more; half a one lets two workers share it.
    """

    address: str = AUTO_ADDRESS
    cpus: float = CPUS
    gpus: float = GPUS

    def __str__(self) -> str:
        return f"{self.address}, {self.cpus:g} CPU and {self.gpus:g} GPU a worker"

    def join(self) -> None:
        """Makes this process a driver on the cluster, for the rest of its life.

        Raises:
            StudyError: If Ray is missing, there is no such cluster, it runs another version, this
                machine is none of its nodes, or no node has what a worker takes.
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
            except Exception as error:  # Ray has no class of its own for most of these
                raise StudyError(_connection_message(self.address, error)) from error
            # It would print of each death what its log says; the head says it in a line.
            ray._private.worker._worker_logs_enabled = False
        for what, asked in (("CPU", self.cpus), ("GPU", self.gpus)):
            most = max((node["Resources"].get(what, 0) for node in alive_nodes()), default=0)
            if asked > most:
                raise StudyError(
                    f"a worker takes {asked:g} {what}s, and no node of the cluster has more than "
                    f"{most:g}: ask for fewer by `{what.lower()}s=`, or start such a node"
                )

    @property
    def worker_limit(self) -> int:
        """How many workers the nodes of today hold at once, at least 1."""
        rooms = []
        for node in alive_nodes():
            has = node["Resources"]
            rooms.append(int(has.get("CPU", 0) / self.cpus))
            if self.gpus:
                rooms[-1] = min(rooms[-1], int(has.get("GPU", 0) / self.gpus))
        return max(1, sum(rooms))

    def _check_values(self) -> None:
        if self.address.startswith("ray://"):
            raise StudyError(
                f"{self.address} is for a client outside the cluster, on whose machine database "
                "and runs would lie; send the command to the cluster: ray job submit --address "
                "http://HEAD:8265 -- latentune search ... --cluster auto"
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
        """Tries whether somebody speaks gRPC at the address, which Ray would do for minutes."""
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
    """Returns the cluster that an address names, which this process has joined; None for none.

    Raises:
        StudyError: If it cannot be joined, or what a worker takes is said without a cluster.
    """
    if address is not None:
        cluster = RayCluster(address, cpus, gpus)
        cluster.join()
        return cluster
    for name, asked, usual in (("cpus", cpus, CPUS), ("gpus", gpus, GPUS)):
        if asked != usual:
            raise StudyError(
                f"`{name}=` {asked:g} is for workers on a cluster: name it by `cluster=`"
            )
    return None


def load_ray() -> Any:
    """Imports Ray, which is an extra.

    Raises:
        StudyError: If it is not installed.
    """
    # It would report usage to its makers, and warn of what a later version does.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import grpc  # noqa: F401 - for the database
        import ray
    except ImportError as error:
        raise StudyError("`cluster=` needs Ray: pip install 'latentune[ray]'") from error
    return ray


class _EmptyPaths(list[str]):
    """Stays empty: Ray would add the working folder, whose files may be called as any module."""

    def extend(self, paths: Iterable[str]) -> None:
        pass


def _job_config() -> Any:
    """Returns what Ray is told of this process: workers look for modules where Python does.

    A module of the user goes along in another way, see `shipping`.
    """
    config = load_ray().job_config.JobConfig()
    config._py_driver_sys_path = _EmptyPaths()
    return config


def alive_nodes() -> list[dict[str, Any]]:
    """Returns what Ray knows of each node that lives."""
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
