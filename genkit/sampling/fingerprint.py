"""What bit-identity depends on beside seed, settings and weights."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from genkit.errors import Problem
from genkit.files import sha256

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
    from genkit import backend
    from genkit.run.metadata import cpu_flags, usable_cpus, versions

    return {
        "backend": backend.environment(),
        "versions": versions(),
        "cpus": usable_cpus(),
        "cpu_flags": cpu_flags(),
        "settings": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ},
    }


def plain(value: Any) -> Any:
    """As it will be read back: what is compared with files has to be of the same types."""
    return json.loads(json.dumps(value))


def digest(value: Any) -> str:
    """SHA-256 of plain JSON values, whatever the order of their keys."""
    return sha256(json.dumps(value, sort_keys=True).encode())


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[Problem]:
    """What is not the same in two mappings of plain JSON values, a problem for each."""
    return list(_differences(there, here, ""))


def _differences(there: Any, here: Any, key: str) -> Iterator[Problem]:
    if there == here:
        return
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for name in sorted({*there, *here}):
            inner = f"{key}.{name}" if key else name
            yield from _differences(there.get(name), here.get(name), inner)
    elif _names(there) and _names(here) and set(there) != set(here):
        only = {"only there": set(there) - set(here), "only here": set(here) - set(there)}
        found = [f"{', '.join(sorted(names))} {where}" for where, names in only.items() if names]
        yield Problem("; ".join(found), key)
    else:
        yield Problem(f"{_short(there)} there, {_short(here)} now", key)


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
