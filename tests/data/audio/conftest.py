"""The real recordings where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.audio.files import REAL


@pytest.fixture
def real(root) -> Callable[[str], Path]:
    """`real("fsdd")`: the folder of the real recordings, linked into an empty data folder; skips
    where they are not."""

    def folder(name: str) -> Path:
        if not (REAL / name).is_dir():
            pytest.skip(f"no real recordings: there is no folder ../shared/data/{name}")
        (root / name).symlink_to(REAL / name)
        return root / name

    return folder
