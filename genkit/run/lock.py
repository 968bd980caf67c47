"""One writer a run: an advisory lock that its holder's death releases."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path
from types import TracebackType

from genkit.errors import RunError


class RunLock:
    """Exclusive lock on a file that names its holder.

    Args:
        path: the lock file; made where it is missing, never removed (removing a lock file
            would let two processes lock two files of the same name).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            RunError: if another process holds it; names host and process.
        """
        if self.held:
            return
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise RunError(
                f"the run {self.path.parent} is being written by {holder}. Wait for it, stop it, "
                f"or give this one another folder with --run."
            ) from None
        if not _still_at(descriptor, self.path):
            os.close(descriptor)
            raise RunError(f"the run {self.path.parent} was set aside just now. Try again.")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, _self_description(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _still_at(descriptor: int, path: Path) -> bool:
    """Whether `path` still names the open file: its folder may have been renamed meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def _self_description() -> bytes:
    return (json.dumps({"host": socket.gethostname(), "pid": os.getpid()}) + "\n").encode()


def _holder(descriptor: int) -> str:
    try:
        facts = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {int(facts['pid'])} on {str(facts['host'])[:200]}"
    except (ValueError, KeyError, TypeError, OSError):
        return "another process"
