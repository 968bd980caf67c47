"""An empty data folder, and the real recordings where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.audio.files import REAL


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """An empty data folder, and nothing else to look in."""
    monkeypatch.setenv("GENKIT_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


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
