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
    """Lock on a file that names its holder.

    Args:
        path: the lock file; made where it is missing, never removed (removing a lock file
            would let two processes lock two files of the same name).
        what: names what is locked, for the message.
        option: with which another folder is given.
        shared: others may share the lock, and none may hold it alone meanwhile. Those who
            share it are not named.
    """

    def __init__(
        self, path: Path, what: str = "", option: str = "--run", shared: bool = False
    ) -> None:
        self.path = path
        self.what = what or f"the run {path.parent}"
        self.option = option
        self.shared = shared
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
            mode = fcntl.LOCK_SH if self.shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise RunError(
                f"{self.what} is being written by {holder}. Wait for it, stop it, "
                f"or give this one another folder with {self.option}."
            ) from None
        if not _still_at(descriptor, self.path):
            os.close(descriptor)
            raise RunError(f"{self.what} was set aside just now. Try again.")
        try:
            if not self.shared:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, _self_description(), 0)
        except OSError:  # such as a full disk
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            if not self.shared:
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


def holder(path: Path) -> str | None:
    """Who holds the lock file `path` alone, such as `process 7 on host`; None for nobody."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)
    return None


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
