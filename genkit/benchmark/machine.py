"""What a figure was measured on: written beside it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from genkit.run.metadata import git_commit, now
from genkit.sampling.fingerprint import fingerprint


def facts() -> dict[str, Any]:
    """Processor, memory, versions, threads, devices and commit, as plain JSON values."""
    return {
        "measured": now(),
        "commit": git_commit(),
        "processor": _processor(),
        "memory_bytes": _memory(),
        "python": platform.python_version(),
        **fingerprint(),
    }


def _processor() -> str:
    """The model's name, such as `AMD EPYC 9B14`; the architecture where it is not told."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
