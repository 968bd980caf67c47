"""Hand-made files in an empty data folder, and the real files where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.image_files import REAL


@pytest.fixture
def put(root: Path) -> Callable[[str, bytes], Path]:
    """`put("name", content)` writes a file below the data folder."""

    def write(name: str, content: bytes) -> Path:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def real_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real digits; skips where they are not."""
    if not (REAL / "mnist").is_dir():
        pytest.skip("no real files: there is no folder ../shared/data/mnist")
    monkeypatch.setenv("GENKIT_DATA", str(REAL))
