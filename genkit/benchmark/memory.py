"""How much memory a call needs.

On a CPU under Linux the kernel's high-water mark of resident memory is reset before the call, after
freed memory was handed back, so that each call has a peak of its own. Elsewhere the peak is that of
the process so far, and a call that stays below an earlier one has no figure.
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


@dataclass(frozen=True)
class Memory:
    """Bytes of the accelerator where there is one, else resident bytes of the process.

    Args:
        peak: the most that was held during the call, all that the process holds included.
        rise: how far that is above what was held before: inputs, state, intermediate results and
            output. None where an earlier call had a higher peak that cannot be reset.
    """

    peak: int
    rise: int | None


def measure(run: Callable[[], Any]) -> Memory:
    """Memory of one call; it should have been called before, since compilation needs memory."""
    _hand_back()
    device = backend.device_memory()
    if device is not None:
        return _measured(run, lambda: _device(0), lambda: _device(1))
    if _reset():
        return _measured(run, lambda: _status("VmRSS"), lambda: _status("VmHWM"))
    return _measured(run, _resident_peak, _resident_peak)


def _measured(run: Callable[[], Any], held: Callable[[], int], peak: Callable[[], int]) -> Memory:
    before, earlier = held(), peak()
    backend.synchronise(run())
    after = peak()
    return Memory(after, after - before if after > earlier else None)


def _device(which: int) -> int:
    found = backend.device_memory()
    return found[which] if found else 0


def _hand_back() -> None:
    """Free what nobody uses, and give the allocator's free pages back to the system."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _reset() -> bool:
    """Set the high-water mark to what is held now; whether that is possible here."""
    try:
        _RESET.write_text("5")
        return _status("VmHWM") > 0
    except (OSError, ValueError):
        return False


def _status(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"{_STATUS} has no {key}")


def _resident_peak() -> int:
    """Of the process since it began. Linux counts kilobytes, macOS bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
