"""Hand-made files in an empty data folder, and the real files where they are."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.image_files import REAL


@pytest.fixture
def put(root) -> Callable[..., Path]:
    """`put("mnist/name", content)` writes a file; a name that ends in .gz is packed."""

    def write(name: str, content: bytes) -> Path:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
        return path

    return write


@pytest.fixture
def real(monkeypatch) -> Callable[[str], Path]:
    """`real("mnist")`: the folder of the real files; skips where they are not."""

    def folder(name: str) -> Path:
        if not (REAL / name).is_dir():
            pytest.skip(f"no real files: there is no folder ../shared/data/{name}")
        monkeypatch.setenv("GENKIT_DATA", str(REAL))
        return REAL / name

    return folder
