"""How many processes Linux has killed because memory ran out, as the kernel counts them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
"""The folder that holds `proc` and `sys`."""


def count_memory_kills() -> int | None:
    """Returns the number of processes that were killed because memory ran out.

    The kernel counts them for the control group of this process, which includes those of a limit
    of a container or a batch system. Without such a counter, it is the number for the machine.
    Returns None if the kernel counts nothing, as on other systems than Linux.
    """
    for path in _counter_files():
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, value = line.partition(" ")
            if name == "oom_kill" and value.isdigit():
                return int(value)
    return None


def _counter_files() -> Iterator[Path]:
    """Yields the files that may have the counter: of control groups v2 and v1, and of Linux."""
    groups = ROOT / "sys/fs/cgroup"
    try:
        lines = (ROOT / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield groups / group.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            yield groups / "memory" / group.lstrip("/") / "memory.oom_control"
            yield groups / "memory/memory.oom_control"  # in a container
    yield ROOT / "proc/vmstat"
