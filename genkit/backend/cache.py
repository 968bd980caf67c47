"""Compiled programs kept on the disk for later processes.

Both backends can keep programs in a folder, but neither writes there safely: a process that is
killed leaves half a file, which TensorFlow then fails on for ever. So a process works in a folder
of its own, which starts with links to all that is kept, and hands over what is new when it ends,
whole files only. What is kept is valid for one machine type, one version and one set of flags.

The variable GENKIT_COMPILATION_CACHE is `off`, `on` or a folder. Without it JAX uses the cache and
TensorFlow does not: there a program that cannot be written, such as to a full disk, fails.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import platform
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "GENKIT_COMPILATION_CACHE"
OFF = ("off", "0", "no", "")
UNUSED = 30 * 86400.0  # seconds after which a program is dropped
LIMIT = 2**31  # bytes of all programs together
ROOM = 2**30  # free bytes on the disk below which nothing is kept
_OWN = ".process-"
_LOCK = "lock"
_FOLDER = re.compile(r"(tensorflow|jax)-[0-9a-f]{16}")
_PROGRAM = re.compile(r"xla_compile_cache_.*\.pb|[\w.]+-[0-9a-f]{64}-cache")
_FLAGS = "TF_XLA_FLAGS"
_USERS = {
    "tensorflow": (_FLAGS, "persistent_cache_directory"),
    "jax": ("JAX_COMPILATION_CACHE_DIR", ""),
}
_PACKAGES = {"tensorflow": ("tensorflow",), "jax": ("jax", "jaxlib")}
# Threads and flags shape the code.
_SETTINGS = (
    "XLA_FLAGS",
    "TF_XLA_FLAGS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "NPROC",
    "CUDA_VISIBLE_DEVICES",
)


def open_cache(backend: str) -> Path | None:
    """A folder for this process to read programs from and write them to, handed over at exit.

    None where the cache is off, or where there is no safe place for it: it is never needed.
    """
    root = _root(backend)
    if root is None:
        return None
    try:
        kept = root / _key(backend)
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _others_may_write(kept) or shutil.disk_usage(kept).free < ROOM:
            return None
        _sweep(root)
        own = _own_folder(kept)
    except OSError:
        return None
    atexit.register(_hand_over, own, kept)
    return own


@contextlib.contextmanager
def named(folder: Path | None) -> Iterator[None]:
    """Within, TensorFlow's flags name the folder.

    Not longer: child processes have folders of their own, and flags are part of a fingerprint.
    """
    before = os.environ.get(_FLAGS)
    if folder is not None:
        flags = f"--tf_xla_persistent_cache_directory={folder}"
        devices = "--tf_xla_persistent_cache_device_types=CPU"
        os.environ[_FLAGS] = " ".join(filter(None, [before, flags, devices]))
    try:
        yield
    finally:
        if before is not None:
            os.environ[_FLAGS] = before
        elif folder is not None:
            del os.environ[_FLAGS]


def _root(backend: str) -> Path | None:
    asked = os.environ.get(VARIABLE)
    variable, word = _USERS[backend]
    if variable in os.environ and word in os.environ[variable]:
        return None  # the user keeps a cache already
    if asked is None and backend != "jax":
        return None
    if asked is not None and asked.lower() in OFF:
        return None
    if asked is not None and asked.lower() != "on":
        return Path(asked).expanduser().absolute()
    return _of_user()


def _of_user() -> Path | None:
    """The user's folder for caches; None without a home."""
    named = os.environ.get("XDG_CACHE_HOME")
    if named and Path(named).is_absolute():
        return Path(named) / "genkit" / "compiled"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    caches = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return caches / "genkit" / "compiled"


def _key(backend: str) -> str:
    """What compiled code depends on and the backends' own keys leave out."""
    parts = [backend, platform.system(), platform.machine(), str(os.cpu_count()), *_processor()]
    parts += [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES[backend]]
    parts += [f"{name}={os.environ.get(name, '')}" for name in _SETTINGS]
    if hasattr(os, "sched_getaffinity"):
        parts.append(str(len(os.sched_getaffinity(0))))
    return f"{backend}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def _processor() -> list[str]:
    """Model and instruction sets: code for a newer processor stops an older one."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return [platform.processor()]
    wanted = ("model name", "flags", "Features", "CPU part")
    return sorted({line for line in lines if line.partition(":")[0].strip() in wanted})


def _others_may_write(folder: Path) -> bool:
    """Whoever may write here may run code as the user."""
    facts = folder.stat()
    return facts.st_uid != os.getuid() or bool(facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _own_folder(kept: Path) -> Path:
    own = Path(tempfile.mkdtemp(prefix=_OWN, dir=kept))
    lock = os.open(own / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # until the process ends, however it ends
    for program in _programs(kept):
        with contextlib.suppress(FileNotFoundError):  # dropped by another process just now
            os.link(program, own / program.name)
    return own


def _programs(folder: Path) -> list[Path]:
    """The files that a backend wrote; whatever else lies there is left alone."""
    return [path for path in folder.iterdir() if _PROGRAM.fullmatch(path.name) and path.is_file()]


def _hand_over(own: Path, kept: Path) -> None:
    """Keep what this process compiled. Links appear at once and whole, or not at all."""
    with contextlib.suppress(OSError):  # such as a folder that is gone
        for program in _programs(own):
            with contextlib.suppress(FileExistsError):
                os.link(program, kept / program.name)
    shutil.rmtree(own, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Drop what dead processes left, what nobody used for long, and what is too much."""
    found = []
    for kept in [folder for folder in root.iterdir() if _FOLDER.fullmatch(folder.name)]:
        for own in kept.glob(f"{_OWN}*"):
            if _dead(own):
                shutil.rmtree(own, ignore_errors=True)
        for program in _programs(kept):
            with contextlib.suppress(FileNotFoundError):
                facts = program.stat()
                found.append((max(facts.st_atime, facts.st_mtime), facts.st_size, program))
    total, oldest = 0, time.time() - UNUSED
    for used, size, program in sorted(found, reverse=True):
        total += size
        if total > LIMIT or used < oldest:
            program.unlink(missing_ok=True)


def _dead(own: Path) -> bool:
    """Whether the process of a folder has ended: its lock can be taken."""
    try:
        lock = os.open(own / _LOCK, os.O_RDWR)
    except OSError:
        return False  # being made right now, or being removed
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
