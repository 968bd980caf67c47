"""Full disks and folders that cannot be written, told as what they are."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genkit.errors import StorageError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Within, an error of the file system says what to do.

    Raises:
        StorageError: in the place of an OSError.
    """
    try:
        yield
    except OSError as error:
        what = f"{error.strerror or error}: {error.filename or folder}"
        if error.errno in FULL:
            hint = (
                f"What is finished in {folder} is kept: make room and give the same command again."
            )
        else:
            hint = f"{folder} must be a folder that can be read and written, on a disk that works."
        raise StorageError(f"{what}. {hint}") from error
