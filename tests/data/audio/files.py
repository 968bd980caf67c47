"""Audio files made by hand, and `data` sections that read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from genkit import data, registry
from genkit.errors import DataError

REAL = Path(data.__file__).resolve().parents[3] / "shared" / "data"
RATE = 8_000


def section(name: str, **values):
    """A validated `data` section."""
    return registry.resolve(registry.datasets.get(name).config)(name=name, **values)


def read(name: str, **values):
    """The data set of a `data` section."""
    return data.load(section(name, **values))


def refused(name: str, **values) -> str:
    """Why a data set is not read, with its problems."""
    with pytest.raises(DataError) as caught:
        read(name, **values)
    return str(caught.value)


def tone(seconds: float = 0.5, hertz: float = 440.0, rate: int = RATE, level: float = 0.5):
    """A sine, float64 within -level .. level."""
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def pcm(wave: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(wave) * 32_768).clip(-32_768, 32_767).astype(np.int16)


def put(path: Path, wave: np.ndarray, rate: int = RATE, subtype: str | None = None) -> Path:
    """Writes an audio file; float arrays as 16 bits unless `subtype` says otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if subtype is None and wave.dtype.kind == "f" and path.suffix == ".wav":
        wave = pcm(wave)
    soundfile.write(path, wave, rate, subtype=subtype)
    return path
