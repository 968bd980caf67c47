"""`genkit env`: versions and devices, to paste into an issue. No paths, no variables."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

import click

from genkit import __version__
from genkit.errors import GenkitError
from genkit_cli import output
from genkit_cli.options import json_option

PACKAGES = ("keras", "tensorflow", "jax", "jaxlib", "numpy", "pydantic", "scikit-learn", "librosa")


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Tell versions, platform, processors and devices."""
    facts = {
        "genkit": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "cpus_usable": _usable_cpus(),
        "memory_bytes": _memory(),
        "packages": {name: _version(name) for name in PACKAGES},
        "backend": _backend(),
    }
    if as_json:
        output.emit(facts)
        return
    rows = []
    for key, value in facts.items():
        inner = value if isinstance(value, dict) else {"": value}
        for name, part in inner.items():
            label = f"{key} {name}".strip().replace("_bytes", "").replace("_", " ")
            rows.append((label, _text(key, part)))
    output.show(output.table(rows, ""))


def _text(key: str, value: Any) -> str:
    if value is None:
        return "not installed" if key == "packages" else "unknown"
    if key == "memory_bytes":
        return output.bytes_text(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _usable_cpus() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _backend() -> dict[str, Any]:
    """What the backend says of itself, or why there is none."""
    try:
        from genkit import backend

        return backend.environment()
    except (GenkitError, ImportError) as error:
        return {"problem": str(error)}
