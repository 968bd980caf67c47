"""metadata.json: where a run comes from. No environment variables, no home paths."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genkit import registry
from genkit.data.fingerprint import fingerprint, is_part
from genkit.errors import UsageError

if TYPE_CHECKING:
    from genkit.recipe.schema import Recipe

PACKAGES = (
    "genkit-keras",
    "keras",
    "numpy",
    "tensorflow",
    "jax",
    "jaxlib",
    "safetensors",
    "gymnasium",
    "vizdoom",
    "ale-py",
    "ray",
)
_CPU_FLAGS = re.compile(r"sse4_2|avx\w*|fma|f16c|bmi2|amx\w*|asimd\w*|sve\w*|bf16")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def created(recipe: Recipe, signature: str) -> dict[str, Any]:
    """What is known when the folder is made; light, imports no backend."""
    return {
        "format": 1,
        "recipe": recipe.name,
        "family": recipe.family,
        "signature": signature,
        "seed": recipe.seed,
        "steps": recipe.train.steps,
        "data": data_facts(recipe),
        "created": now(),
        "sessions": [],
    }


def session(step: int, environment: Mapping[str, Any]) -> dict[str, Any]:
    """One stretch of training that began after `step` updates.

    Args:
        step: updates done before.
        environment: what `genkit.backend.environment()` says.
    """
    return {
        "step": step,
        "started": now(),
        "command": command_line(sys.argv),
        "commit": git_commit(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "backend": dict(environment),
        "cpus": usable_cpus(),
        "cpu_flags": cpu_flags(),
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def data_facts(recipe: Recipe) -> dict[str, Any]:
    """What is known of the data set: licence, citation, preprocessing, checksums of its files."""
    name = getattr(recipe.data, "name", None)
    try:
        entry = registry.datasets.get(str(name))
    except UsageError:
        return {"name": name}
    facts: dict[str, Any] = {"name": name, "licence": entry.licence}
    files = fingerprint(recipe.data)
    if files:
        facts.update(citation=entry.citation, files=files)
    if is_part(entry, files):
        facts["part"] = True
    if hasattr(recipe.data, "preprocessing") and files:
        facts["preprocessing"] = recipe.data.preprocessing()
    return facts


def data_line(facts: Mapping[str, Any]) -> str:
    """What `data_facts` says, for the person who trains; empty for data that needs no file."""
    if not facts.get("files"):
        return ""
    parts = [str(facts["name"])]
    if facts.get("part"):
        parts.append("A PART of it: figures do not compare with published ones")
    if facts.get("preprocessing", "none") != "none":
        parts.append(str(facts["preprocessing"]))
    return f"data: {'; '.join(parts)}. Licence: {facts['licence']}"


def versions() -> dict[str, str]:
    """Installed versions of what numbers depend on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def command_line(arguments: list[str]) -> str:
    """The command as typed, the program by its last name, the home folder as `~`."""
    if not arguments:
        return ""
    shown = shlex.join([Path(arguments[0]).name, *arguments[1:]])
    return without_home(shown)


def without_home(text: str) -> str:
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def usable_cpus() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_flags() -> list[str]:
    """Instruction sets that change how floats are rounded; empty where they cannot be read."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return sorted(flag for flag in value.split() if _CPU_FLAGS.fullmatch(flag))
    return []


def git_commit() -> str | None:
    """Commit of the checkout that this code runs from, or None; git itself is not called."""
    marker = Path(__file__).resolve().parents[2] / ".git"
    try:
        folder = _git_folder(marker)
        head = (folder / "HEAD").read_text().strip()
        return _resolve_ref(folder, head[5:]) if head.startswith("ref: ") else _checked(head)
    except OSError:
        return None


def _git_folder(marker: Path) -> Path:
    if marker.is_dir():
        return marker
    text = marker.read_text().strip()  # a worktree: a file that names the folder
    return (marker.parent / text.removeprefix("gitdir:").strip()).resolve()


def _resolve_ref(folder: Path, ref: str) -> str | None:
    common = folder
    if (folder / "commondir").is_file():
        common = (folder / (folder / "commondir").read_text().strip()).resolve()
    for place in (folder, common):
        if (place / ref).is_file():
            return _checked((place / ref).read_text().strip())
    for line in (common / "packed-refs").read_text().splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return _checked(commit)
    return None


def _checked(commit: str) -> str | None:
    return commit if _COMMIT.fullmatch(commit) else None
