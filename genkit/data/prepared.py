"""Where data lies that was prepared: written once in a form that training maps from the disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from genkit.data.fingerprint import fingerprint
from genkit.data.places import data_root, roots

FOLDER = "prepared"
FACTS = "prepared.json"  # written last: it says that all the rest is there


def target(config: Any, later: Collection[str]) -> Path:
    """The folder that a `data` section is prepared in.

    Args:
        later: keys of the section that are applied after reading: the same files serve all of
            their values.
    """
    return data_root() / FOLDER / _key(config, later)


def folder(config: Any, later: Collection[str]) -> Path | None:
    """Where a section lies prepared; None where it does not."""
    if not any((root / FOLDER).is_dir() for root in roots()):
        return None  # before any file of the data set is read for its checksum
    key = _key(config, later)
    places = (root / FOLDER / key for root in roots())
    return next((place for place in places if (place / FACTS).is_file()), None)


def _key(config: Any, later: Collection[str]) -> str:
    """Name of the folder: what the data depends on, and the content of its files."""
    values = config.model_dump(mode="json", exclude=set(later))
    text = json.dumps([values, fingerprint(config)], sort_keys=True)
    return f"{config.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
