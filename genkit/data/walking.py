"""All files of a folder, once each."""

from __future__ import annotations

import os
from pathlib import Path

from genkit.errors import DataError


def files_below(root: Path) -> list[str]:
    """Paths of the files at any depth below `root`, sorted; names that begin with a dot are
    passed over.

    Raises:
        DataError: for a sub-folder that cannot be read, or that is reached twice by a link.
    """
    found: list[str] = []
    seen = set()
    for folder, below, names in os.walk(root, onerror=_unreadable, followlinks=True):
        facts = os.stat(folder)
        if (facts.st_dev, facts.st_ino) in seen:  # links may lead in circles
            raise DataError(f"{folder}: is reached twice, by a link; remove the link")
        seen.add((facts.st_dev, facts.st_ino))
        below[:] = sorted(name for name in below if not name.startswith("."))
        found += [
            Path(folder, name).relative_to(root).as_posix()
            for name in names
            if not name.startswith(".")
        ]
    return sorted(found)


def _unreadable(error: OSError) -> None:
    raise DataError(f"{error.filename}: cannot be read ({error.strerror})") from error
