"""The one place that decides device, chunk sizes and what to do when memory runs out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from inspector_core.errors import DeviceError, SettingError

T = TypeVar("T")

_RESERVE = 0.75
"""Share of the free memory that may be planned with: the rest is for everybody else."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work needs, in bytes: a fixed part, and a part per row worked on at once."""

    fixed_bytes: int = 0
    row_bytes: int = 0
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Where and in what portions work runs.

    device : torch's name of it ("cpu", "cuda:0").   chunk_rows : rows at once.
    note : said to the user when something was reduced, else empty.
    """

    device: str
    chunk_rows: int
    note: str = ""

    def halved(self) -> Plan:
        """The same plan with half the rows at once."""
        rows = max(1, self.chunk_rows // 2)
        return replace(self, chunk_rows=rows, note=f"not enough memory: {rows} rows at once")


@dataclass(frozen=True, slots=True)
class Hardware:
    """What this machine offers; tests pass a made-up one."""

    cuda_names: tuple[str, ...] = ()
    cuda_free_bytes: tuple[int, ...] = ()
    cpu_free_bytes: int = 1 << 33


def hardware() -> Hardware:
    """This machine's memory and CUDA devices (imports torch)."""
    import torch

    names: list[str] = []
    free: list[int] = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            names.append(torch.cuda.get_device_name(index))
            free.append(int(torch.cuda.mem_get_info(index)[0]))
    return Hardware(tuple(names), tuple(free), free_memory())


def free_memory() -> int:
    """Bytes of main memory that can still be had."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            for line in stream:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        return 1 << 32


def peak_memory_mb() -> float | None:
    """The most main memory this process ever held, in MB; None where the platform does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def resolve(wanted: str, machine: Hardware) -> str:
    """The machine's device for "auto", "cpu", "cuda" or "cuda:N"; DeviceError when it has none."""
    if wanted == "auto":
        return "cuda:0" if machine.cuda_names else "cpu"
    if wanted == "cpu":
        return "cpu"
    name = "cuda:0" if wanted == "cuda" else wanted
    index = name.removeprefix("cuda:")
    if not name.startswith("cuda:") or not index.isdigit():
        raise SettingError(f"{wanted} is no device", cure="use auto, cpu or cuda:0")
    if int(index) >= len(machine.cuda_names):
        count = len(machine.cuda_names)
        raise DeviceError(
            f"{name} is not there: {count} CUDA device{'s' if count != 1 else ''} found",
            cure="use --device cpu or --device auto",
        )
    return name


def plan(cost: Cost, wanted: str, machine: Hardware) -> Plan:
    """Device and chunk size for a cost: the wanted device, the CPU where it does not fit there.

    Raises DeviceError when not even one row fits into main memory.
    """
    device = resolve(wanted, machine)
    if device != "cpu":
        rows = _rows(cost, machine.cuda_free_bytes[int(device.removeprefix("cuda:"))])
        if rows > 0:
            return Plan(device, rows, _note(cost, rows))
    rows = _rows(cost, machine.cpu_free_bytes)
    if rows == 0:
        need = (cost.fixed_bytes + cost.row_bytes) / 2**30
        raise DeviceError(
            f"this needs {need:.1f} GB of memory and {machine.cpu_free_bytes / 2**30:.1f} GB are free",
            cure="close other programs, use fewer or smaller parts",
        )
    moved = f"{device} has too little free memory: working on the CPU" if device != "cpu" else ""
    return Plan("cpu", rows, moved or _note(cost, rows))


def _rows(cost: Cost, free: int) -> int:
    room = int(free * _RESERVE) - cost.fixed_bytes
    if room < cost.row_bytes or room <= 0:
        return 0
    return max(1, min(cost.rows, room // max(1, cost.row_bytes)))


def _note(cost: Cost, rows: int) -> str:
    return f"working in portions of {rows} of {cost.rows} rows" if rows < cost.rows else ""


def out_of_memory(error: BaseException) -> bool:
    """True for every way in which numpy and torch say that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text or "alloc_cpu" in text
    )


def with_fallback(work: Callable[[Plan], T], start: Plan, tell: Callable[[str], None]) -> T:
    """Run work(plan); on exhausted memory halve the chunks, then move to the CPU, saying so."""
    current = start
    while True:
        try:
            return work(current)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            if current.chunk_rows > 1:
                current = current.halved()
            elif current.device != "cpu":
                current = Plan(
                    "cpu", start.chunk_rows, f"{current.device} is full: working on the CPU"
                )
            else:
                raise DeviceError(
                    "the memory is exhausted", cure="use fewer or smaller parts"
                ) from error
            tell(current.note)


def name_of(device: str) -> str:
    """A device as people know it: "CPU · 2 cores" or "NVIDIA H200"."""
    if device == "cpu":
        return f"CPU · {os.cpu_count() or 1} cores"
    import torch

    return str(torch.cuda.get_device_name(device))
