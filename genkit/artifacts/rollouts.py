"""Trajectories of objects: an npz, and GIFs of what happens beside what was predicted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from genkit.artifacts.heat import heat
from genkit.artifacts.parts import Parts, collect_npz
from genkit.artifacts.pictures import png
from genkit.artifacts.trails import film, still
from genkit.files import write_bytes

FILMS = 16  # scenes that have a GIF
SHOWN = 4  # scenes in the picture


@dataclass(frozen=True)
class Rollouts:
    """A batch of scenes that were rolled out.

    Args:
        samples: `(S, T + 1, N, 2)` float32, predicted positions in metres, the first ones given.
        log_prob: `(S,)` float32, 0: nothing is left to chance behind the first state.
        index: `(S,)` int64, which sample of the job each one is.
        velocity: like `samples`, metres a second.
        truth: `(S, T + 1, N, 2)` float32, positions in a simulation from the same state.
        radius: `(S, N)` float32, at which objects are drawn; 0 for walls.
        effects: `(S, N, N)` float32, norms of the effects in the first state, by receiver and
            sender; 0 where there is none.
    """

    kind: ClassVar[str] = "rollouts"
    samples: np.ndarray
    log_prob: np.ndarray
    index: np.ndarray
    velocity: np.ndarray
    truth: np.ndarray
    radius: np.ndarray
    effects: np.ndarray
    name: str = "samples"

    def arrays(self) -> dict[str, np.ndarray]:
        names = ("samples", "log_prob", "index", "velocity", "truth", "radius", "effects")
        return {name: getattr(self, name) for name in names}

    def meta(self) -> dict[str, int]:
        """Nothing is needed beside the arrays."""
        return {}

    def save(self, folder: Path) -> list[Path]:
        """Below 1 GB `samples.npz`; GIFs of the first scenes by place in the batch, `000000.gif`
        and so on; `grid.png`, their trails; and where there are effects `effects.png`, those of the
        first scene."""
        parts = Parts(len(self.samples), self.meta(), iter([self.arrays()]))
        return self.collect(folder, parts, self.name)

    @classmethod
    def collect(cls, folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
        """The same files, of parts that need not fit in memory."""
        folder.mkdir(parents=True, exist_ok=True)
        shown: list[dict[str, Any]] = []
        parts.each = _filmed(folder, parts.each, shown)
        files = collect_npz(folder, parts, name)
        films = [folder / f"{i:06d}.gif" for i in range(min(parts.count, FILMS))]
        pictures = [write_bytes(folder / "grid.png", png(still(shown)))]
        if shown[0]["effects"].any():
            pictures += heat("effects", shown[0]["effects"]).save(folder)
        return [*files, *pictures, *films]

    def preview(self) -> bytes:
        """PNG of the first scenes' trails."""
        arrays = self.arrays()
        return png(still([_row(arrays, i) for i in range(min(SHOWN, len(self.samples)))]))


def _row(arrays: Mapping[str, np.ndarray], row: int) -> dict[str, Any]:
    return {name: arrays[name][row] for name in ("samples", "truth", "radius", "effects")}


def _filmed(
    folder: Path, each: Iterator[Mapping[str, np.ndarray]], shown: list[dict[str, Any]]
) -> Iterator[Mapping[str, np.ndarray]]:
    """The parts, of whose first scenes GIFs are written on the way."""
    number = 0
    for arrays in each:
        for row in range(len(arrays["samples"])):
            if len(shown) < SHOWN:
                shown.append({name: x.copy() for name, x in _row(arrays, row).items()})
            if number < FILMS:
                own = (arrays[name][row] for name in ("samples", "truth", "radius"))
                write_bytes(folder / f"{number:06d}.gif", film(*own))
                number += 1
        yield arrays
