"""What commands leave behind: one writer, one picture for each kind of output."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from genkit.artifacts.audio import Audio
from genkit.artifacts.figure import Figure
from genkit.artifacts.images import Images
from genkit.artifacts.parts import Parts
from genkit.artifacts.sequences import Sequences
from genkit.artifacts.table import Table


@runtime_checkable
class Artifact(Protocol):
    """One kind of output. `name` is the stem of its files."""

    @property
    def name(self) -> str: ...

    def save(self, folder: Path) -> list[Path]:
        """Write the files of this artifact; returns them."""
        ...

    def preview(self) -> bytes | None:
        """A PNG to look at, or None."""
        ...


@runtime_checkable
class SampleArtifact(Artifact, Protocol):
    """Output of a generator, which a job stores in parts and puts together."""

    kind: str

    def arrays(self) -> dict[str, np.ndarray]:
        """What a part holds; the first axis of each array is the sample, `index` says which."""
        ...

    def meta(self) -> dict[str, int]:
        """What `collect` needs beside the arrays, as plain JSON values."""
        ...

    @classmethod
    def collect(cls, folder: Path, parts: Parts) -> list[Path]:
        """Write the files that people look at, in memory that does not grow with the number
        of samples; each file is whole or absent. Returns them."""
        ...


# What puts parts together, by kind; a family with a kind of its own adds it.
SAMPLE_KINDS: dict[str, Any] = {kind.kind: kind for kind in (Audio, Images, Sequences)}

__all__ = [
    "SAMPLE_KINDS",
    "Artifact",
    "Audio",
    "Figure",
    "Images",
    "Parts",
    "SampleArtifact",
    "Sequences",
    "Table",
]
