"""The throwaway learners, registered for each test of training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import learners


@pytest.fixture(autouse=True)
def _registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with learners.registered():
        yield
