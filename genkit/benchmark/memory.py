"""How much memory a call needs: state, intermediate results and output at their peak.

Two counts exist, and both can only miss something. The backend's allocator counts what it hands
out (TensorFlow: arrays from 256 kB on a CPU; JAX: on accelerators only). The kernel counts resident
pages, whose high-water mark Linux lets a process reset; pages that an allocator kept from an
earlier call do not show. The larger of the two is told.
"""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genkit import backend

_RESET = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
# The first may still see pages that compilation left behind.
CALLS = 2


@dataclass(frozen=True)
class Memory:
    """Bytes.

    Args:
        peak: what a call held at its peak beyond what was held before it, such as weights. None
            where it cannot be told: on JAX's accelerators, whose peak cannot be reset, when an
            earlier call had a higher one.
        resident: peak of the whole process so far, libraries and compiler included.
    """

    peak: int | None
    resident: int


def measure(run: Callable[[], Any]) -> Memory:
    """Memory of one call; it should have been called before, since compilation needs memory."""
    peaks = [peak for _ in range(CALLS) if (peak := _one_call(run)) is not None]
    return Memory(max(peaks) if peaks else None, _resident_peak())


def _one_call(run: Callable[[], Any]) -> int | None:
    _hand_back()
    counted = backend.allocated()
    exact = backend.reset_allocated_peak()
    paged = None if backend.accelerated() else _reset_pages()
    backend.synchronise(run())
    found = []
    after = backend.allocated()
    if counted is not None and after is not None and (exact or after[1] > counted[1]):
        found.append(after[1] - counted[0])
    if paged is not None:
        found.append(_status("VmHWM") - paged)
    return max(found) if found else None


def _hand_back() -> None:
    """Free what nobody uses, and give the allocator's free pages back to the system."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _reset_pages() -> int | None:
    """Set the high-water mark to the bytes held now, which are returned; None if impossible."""
    try:
        _RESET.write_text("5")
        return _status("VmRSS")
    except (OSError, ValueError):
        return None


def _status(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"{_STATUS} has no {key}")


def _resident_peak() -> int:
    # Linux counts kilobytes, macOS bytes. Resetting the high-water mark does not reset this one.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
