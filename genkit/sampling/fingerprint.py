"""What bit-identity depends on beside seed, settings and weights."""

from __future__ import annotations

import os
from typing import Any

from genkit import backend
from genkit.run.metadata import cpu_flags, usable_cpus, versions

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "XLA_FLAGS",
    "TF_XLA_FLAGS",
    "TF_ENABLE_ONEDNN_OPTS",
)


def fingerprint() -> dict[str, Any]:
    """Backend, versions, instruction set and thread counts, as plain JSON values."""
    return {
        "backend": backend.environment(),
        "versions": versions(),
        "cpus": usable_cpus(),
        "cpu_flags": cpu_flags(),
        "settings": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ},
    }
