"""Where the numbers live, and how to make the processor at hand compute them fast."""

import ctypes
import platform
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

import torch

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def pick_device(name: str = "auto") -> torch.device:
    """Choose the device to compute on.

    ``"auto"`` takes CUDA, else Apple's MPS, else the CPU; any other name is torch's own
    (``"cpu"``, ``"cuda:1"``). Raises ``ValueError`` when the name is unknown or no such device is here.
    """
    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.insert(0, "mps")
    here[:0] = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if name == "auto":
        return torch.device(here[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or f"{device.type}:{device.index or 0}" not in [h if ":" in h else h + ":0" for h in here]:
        raise ValueError(f"no device {name!r} on this machine; choose 'auto' or one of {', '.join(here)}")
    return device


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """Compute matrix products in ``precision`` (``"float32"`` or ``"bfloat16"``); weights stay float32.

    Raises ``ValueError`` for any other precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; choose one of {', '.join(PRECISIONS)}")
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def fast_bfloat16(device: torch.device) -> bool:
    """Tell whether bfloat16 is faster than float32 here: CUDA from Ampere on, CPUs with AVX-512 BF16 or AMX."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    held_back = torch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2")  # by ATEN_CPU_CAPABILITY, for example
    return not held_back and _cpu_has("avx512_bf16", "amx_bf16")


@cache
def lstm_takes_bfloat16(device: torch.device) -> bool:
    """Tell whether torch computes an LSTM in bfloat16 on the device: not on a CPU without instructions for it."""
    if device.type != "cpu":
        return True
    x, weights = torch.zeros(1, 1, 1), [torch.zeros(shape) for shape in ((4, 1), (4, 1), (4,), (4,))]
    try:
        with autocast(device, "bfloat16"):
            torch.lstm(x, (x, x), weights, True, 1, 0.0, False, False, True)
    except RuntimeError:
        return False
    return True


def keep_large_buffers() -> None:
    """Let the C library keep freed buffers instead of returning them to the system.

    glibc hands every large buffer back when it is freed and gets it anew, zeroed page by page, at the next
    training step. Raising its ``mmap`` and ``trim`` thresholds (``mallopt(3)``) lets steps reuse them.
    Does nothing where the C library is not glibc.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    m_trim_threshold, m_mmap_threshold, largest = -1, -3, 2**31 - 1
    libc.mallopt(m_mmap_threshold, largest)
    libc.mallopt(m_trim_threshold, largest)


def describe(device: torch.device) -> str:
    """Name the hardware in words, for results: ``"NVIDIA H200"`` or ``"AMD EPYC, 2 threads"``."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    processor = _cpu_field("model name") or platform.processor() or platform.machine()
    return f"{processor}, {threads} thread{'s' * (threads > 1)}"


def _cpu_has(*flags: str) -> bool:
    return bool(set(flags) & set(_cpu_field("flags").split()))


def _cpu_field(name: str) -> str:
    """Read a field of the first processor from Linux' ``/proc/cpuinfo``; empty elsewhere."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return ""
    lines = (line.partition(":") for line in info.read_text(encoding="utf-8").splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")
