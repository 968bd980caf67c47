"""Checkpoints: every array of a learner at one step, with checksums, behind a pointer.

Layout of `checkpoints/`: `step-N/arrays.safetensors`, `step-N/manifest.json`, and the pointers
`latest` and `best`, text files that hold the name of a folder. A folder is written under a
temporary name, synced and renamed, so `step-N` is complete from the moment it exists. Nothing
is ever unpickled.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genkit.errors import CheckpointError, UsageError
from genkit.files import fsync_directory, read_json_object, sha256, write_atomically, write_synced

if TYPE_CHECKING:  # NumPy is slow to import, and `genkit list` asks for steps only
    import numpy as np

FORMAT = 1
ARRAYS = "arrays.safetensors"
MANIFEST = "manifest.json"
LATEST = "latest"
BEST = "best"
MAX_ARRAY_BYTES = 64 * 2**30

_STEP = re.compile(r"step-(\d{1,18})")
_TEMPORARY = ".tmp-"
_ATTEMPTS = 3


@dataclass(frozen=True)
class Checkpoint:
    """What `load` returns.

    Args:
        step: how many updates had been done.
        arrays: `learner/<name>` and `feed/<name>` -> array.
        loop_state: the training loop's own state, plain JSON values.
        passed_over: newer checkpoints that were damaged, each with its reason.
    """

    step: int
    arrays: dict[str, np.ndarray]
    loop_state: dict[str, Any]
    passed_over: dict[str, str] = field(default_factory=dict)


def save(
    directory: Path,
    step: int,
    arrays: Mapping[str, np.ndarray],
    loop_state: Mapping[str, Any],
    *,
    best: bool = False,
) -> Path:
    """Write the checkpoint of `step`, point `latest` (and `best`) to it, drop old ones.

    The last two and the best are kept; so is the best as the checkpoint before knew it, for
    the case that this one gets damaged.

    Args:
        directory: the `checkpoints` folder; made where it is missing.
        step: int >= 0.
        arrays: what to keep, any dtype of safetensors.
        loop_state: plain JSON values.
        best: whether this is the best checkpoint so far.
    """
    from genkit.run.arrays import encode

    directory.mkdir(parents=True, exist_ok=True)
    former_best = pointed(directory, BEST)
    target = directory / f"step-{step}"
    temporary = directory / f"{_TEMPORARY}{target.name}-{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    data = encode(arrays)
    write_synced(temporary / ARRAYS, data)
    write_synced(temporary / MANIFEST, _manifest(step, data, loop_state))
    fsync_directory(temporary)
    _put_in_place(temporary, target)
    _point(directory, LATEST, step)
    if best:
        _point(directory, BEST, step)
    _retain(directory, {step, pointed(directory, BEST), former_best})
    return target


def _manifest(step: int, data: bytes, loop_state: Mapping[str, Any]) -> bytes:
    manifest = {
        "format": FORMAT,
        "step": step,
        "files": {ARRAYS: {"bytes": len(data), "sha256": sha256(data)}},
        "loop_state": dict(loop_state),
    }
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()


def _put_in_place(temporary: Path, target: Path) -> None:
    if target.exists():  # the same step again, after a damaged or set back checkpoint
        _remove(target)
    os.rename(temporary, target)
    fsync_directory(target.parent)


def _remove(folder: Path) -> None:
    # Renamed first: a half removed folder must not look like a checkpoint.
    doomed = folder.with_name(f"{_TEMPORARY}removed-{folder.name}-{os.getpid()}")
    shutil.rmtree(doomed, ignore_errors=True)
    os.rename(folder, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _retain(directory: Path, wanted: set[int | None]) -> None:
    found = steps(directory)
    for step in found:
        if step not in found[-2:] and step not in wanted:
            _remove(directory / f"step-{step}")


def _point(directory: Path, pointer: str, step: int) -> None:
    write_atomically(directory / pointer, f"step-{step}\n".encode())


def pointed(directory: Path, pointer: str) -> int | None:
    """The step that `latest` or `best` names; None where it is missing or unreadable."""
    try:
        with (directory / pointer).open("rb") as file:
            match = _STEP.fullmatch(file.read(64).decode("ascii", "replace").strip())
    except OSError:
        return None
    return int(match[1]) if match else None


def steps(directory: Path) -> list[int]:
    """Steps of the checkpoints in `directory`, rising."""
    if not directory.is_dir():
        return []
    matches = (_STEP.fullmatch(path.name) for path in directory.iterdir() if path.is_dir())
    return sorted(int(match[1]) for match in matches if match)


def exists(directory: Path) -> bool:
    """Whether anything was ever saved in `directory`, usable or not."""
    return bool(steps(directory)) or pointed(directory, LATEST) is not None


def clean(directory: Path) -> None:
    """Remove what killed writers left behind. For the holder of the run's lock only."""
    if not directory.is_dir():
        return
    for path in directory.iterdir():
        if path.name.startswith(_TEMPORARY) and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith(".") and path.name.endswith(".tmp"):
            path.unlink(missing_ok=True)


def set_back(directory: Path, step: int, best: int | None) -> None:
    """Make the checkpoint of `step` the newest: later ones are set aside under `damaged-`.

    For the holder of the run's lock only. The pointers are put right: `latest` to `step`,
    `best` to `best`.
    """
    for later in [found for found in steps(directory) if found > step]:
        aside = directory / f"damaged-step-{later}"
        if aside.exists():
            _remove(aside)
        os.rename(directory / f"step-{later}", aside)
    if pointed(directory, LATEST) != step:
        _point(directory, LATEST, step)
    if best is not None and best in steps(directory):
        if pointed(directory, BEST) != best:
            _point(directory, BEST, best)
    else:
        (directory / BEST).unlink(missing_ok=True)
    fsync_directory(directory)


def load(
    directory: Path, which: str | int = "last", warn: Callable[[str], None] = lambda text: None
) -> Checkpoint:
    """Read and verify a checkpoint.

    Args:
        directory: the `checkpoints` folder.
        which: `last`, `best` (the last one where no best is known), or a step. Only `last`
            falls back to an older checkpoint when the newest is damaged.
        warn: called with a line about each damaged checkpoint that was passed over.

    Raises:
        CheckpointError: if there is no such checkpoint, or none that can be used; it names
            what was tried.
    """
    candidates = _candidates(directory, str(which))
    tried: dict[str, str] = {}
    for _ in range(_ATTEMPTS):
        tried = {}
        found = _first_usable(directory, candidates, tried)
        if found is not None:
            _tell(tried, found.step, warn)
            return found
        before, candidates = candidates, _candidates(directory, str(which))
        if candidates == before:
            break  # else a training run moved on while we read: look again
    reasons = "; ".join(f"{name}: {reason}" for name, reason in tried.items())
    others = [step for step in steps(directory) if f"step-{step}" not in tried]
    hint = f" Others there: {_listing(others)}." if others else ""
    raise CheckpointError(f"no usable checkpoint in {directory}. Tried {reasons}.{hint}")


def _first_usable(
    directory: Path, candidates: list[int], tried: dict[str, str]
) -> Checkpoint | None:
    """The first checkpoint that verifies; reasons against the others go into `tried`."""
    for step in candidates:
        name = f"step-{step}"
        try:
            checkpoint = _read(directory / name, step)
        except (OSError, ValueError, KeyError, TypeError) as error:
            tried[name] = str(error) or type(error).__name__
            continue
        return Checkpoint(step, checkpoint.arrays, checkpoint.loop_state, dict(tried))
    return None


def _tell(tried: Mapping[str, str], step: int, warn: Callable[[str], None]) -> None:
    for name, reason in tried.items():
        warn(f"checkpoint {name} is damaged and was passed over: {reason}")
    if tried:
        warn(f"going on with checkpoint step-{step}")


def _candidates(directory: Path, which: str) -> list[int]:
    """Steps to try in turn, never empty."""
    found = steps(directory)
    latest, best = pointed(directory, LATEST), pointed(directory, BEST)
    if not exists(directory):
        raise CheckpointError(f"no checkpoint in {directory}. Train the run first: genkit train.")
    if which == "best" and best is not None:
        return [best]
    if which in ("best", "last"):
        return sorted({*found, *([latest] if latest is not None else [])}, reverse=True)
    if which.isascii() and which.isdigit() and int(which) in found:
        return [int(which)]
    raise UsageError(
        f"no checkpoint '{which}' in {directory}. Allowed: best, last, {_nearest(which, found)}."
    )


def _nearest(which: str, found: list[int]) -> str:
    if not (which.isascii() and which.isdigit()):
        return _listing(found)
    return _listing(sorted(sorted(found, key=lambda step: abs(step - int(which)))[:4]))


def _listing(found: list[int]) -> str:
    return ", ".join(str(step) for step in found)


def _read(folder: Path, step: int) -> Checkpoint:
    """A verified checkpoint; OSError, ValueError, KeyError or TypeError where it is damaged."""
    from genkit.run.arrays import decode

    if not folder.is_dir():
        raise ValueError("the folder is missing")
    manifest = read_json_object(folder / MANIFEST)
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']!r}, this version reads {FORMAT}")
    if manifest["step"] != step or not isinstance(manifest["loop_state"], dict):
        raise ValueError(f"the manifest is of another step: {manifest['step']!r}")
    if set(manifest["files"]) != {ARRAYS}:
        raise ValueError(f"the manifest lists unknown files: {sorted(manifest['files'])}")
    facts = manifest["files"][ARRAYS]
    data = _read_exactly(folder / ARRAYS, int(facts["bytes"]))
    if sha256(data) != facts["sha256"]:
        raise ValueError(f"{ARRAYS} does not have the checksum of the manifest")
    return Checkpoint(step, decode(data), manifest["loop_state"])


def _read_exactly(path: Path, size: int) -> bytes:
    """The content of `path`, which must be `size` bytes long; checked before reading."""
    if not 0 <= size <= MAX_ARRAY_BYTES:
        raise ValueError(f"{path.name} should be at most {MAX_ARRAY_BYTES} bytes. Received: {size}")
    actual = path.stat().st_size
    if actual != size:
        raise ValueError(f"{path.name} has {actual} bytes, the manifest says {size}")
    with path.open("rb") as file:
        return file.read(size)
