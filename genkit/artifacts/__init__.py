"""What commands leave behind: one writer, one picture for each kind of output."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from genkit.artifacts.audio import Audio
from genkit.artifacts.episodes import Episodes
from genkit.artifacts.figure import Animation, Figure
from genkit.artifacts.images import ANIMATION, Images
from genkit.artifacts.parts import Given, Parts
from genkit.artifacts.rollouts import Rollouts
from genkit.artifacts.scenes import Scenes
from genkit.artifacts.sequences import Sequences
from genkit.artifacts.table import Table
from genkit.artifacts.transcripts import Transcript
from genkit.artifacts.video import Videos


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


@runtime_checkable
class Animated(Protocol):
    """A kind of samples that can show how they were drawn, and what of them was given. Images can:
    all samplers draw them in raster order. A family that does not needs a kind of its own."""

    def animate(self, folder: Path, parts: Parts) -> Path:
        """Write the animation of the first samples, of parts of which no more is read than that
        takes. Returns the file, whose name is `ANIMATION`."""
        ...


# What puts parts together, by kind; a family with a kind of its own adds it.
SAMPLE_KINDS: dict[str, Any] = {
    kind.kind: kind for kind in (Audio, Episodes, Images, Rollouts, Scenes, Sequences, Videos)
}

__all__ = [
    "ANIMATION",
    "SAMPLE_KINDS",
    "Animated",
    "Animation",
    "Artifact",
    "Audio",
    "Episodes",
    "Figure",
    "Given",
    "Images",
    "Parts",
    "Rollouts",
    "SampleArtifact",
    "Scenes",
    "Sequences",
    "Table",
    "Transcript",
    "Videos",
]
