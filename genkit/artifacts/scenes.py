"""Scenes: images, and which things they hold where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genkit.artifacts.boxes import outlined
from genkit.artifacts.images import Images
from genkit.artifacts.parts import Parts
from genkit.artifacts.pictures import grid, png
from genkit.files import write_bytes

BOXES = "boxes.png"
SHOWN = 36  # scenes in the picture of boxes


@dataclass(frozen=True)
class Scenes:
    """A batch of scenes.

    Args:
        samples: `(N, H, W, C)` uint8, values 0 .. levels - 1; C is 1 or 3.
        log_prob: `(N,)` float32, log-density in nats of what was drawn, at temperature 1.
        index: `(N,)` int64, which sample of the job each one is.
        levels: values of a channel.
        count: `(N,)` int64, how many things there are.
        box: `(N, M, 4)` float32: top, left, height and width in pixels of each of them, zeros
            beyond the count.
    """

    kind: ClassVar[str] = "scenes"
    samples: np.ndarray
    log_prob: np.ndarray
    index: np.ndarray
    levels: int
    count: np.ndarray
    box: np.ndarray
    name: str = "samples"

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "samples": self.samples,
            "log_prob": self.log_prob,
            "index": self.index,
            "count": self.count,
            "box": self.box,
        }

    def meta(self) -> dict[str, int]:
        """What `collect` needs beside the arrays."""
        return {"levels": self.levels}

    def save(self, folder: Path) -> list[Path]:
        """`grid.png`, `boxes.png`, and below 1 GB `samples.npz`."""
        parts = Parts(len(self.samples), self.meta(), iter([self.arrays()]))
        return self.collect(folder, parts, self.name)

    @classmethod
    def collect(cls, folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
        """The same files, of parts that need not fit in memory."""
        shown: list[tuple[np.ndarray, np.ndarray]] = []
        parts.each = _seen(parts.each, shown)
        files = Images.collect(folder, parts, name)
        images = np.stack([image for image, _ in shown])
        return [*files, write_bytes(folder / BOXES, _picture(images, parts.meta["levels"], shown))]

    def preview(self) -> bytes:
        """PNG of the first scenes with their boxes."""
        shown = [_one(self.arrays(), row) for row in range(min(SHOWN, len(self.samples)))]
        return _picture(self.samples[:SHOWN], self.levels, shown)


def _picture(images: np.ndarray, levels: int, shown: list[tuple[np.ndarray, np.ndarray]]) -> bytes:
    return png(grid(outlined(images, levels, [boxes for _, boxes in shown]), 256))


def _one(arrays: Mapping[str, np.ndarray], row: int) -> tuple[np.ndarray, np.ndarray]:
    return arrays["samples"][row].copy(), arrays["box"][row, : int(arrays["count"][row])].copy()


def _seen(
    each: Iterator[Mapping[str, np.ndarray]], shown: list[tuple[np.ndarray, np.ndarray]]
) -> Iterator[Mapping[str, np.ndarray]]:
    """The parts, with the first scenes and their boxes put into `shown` on the way."""
    for arrays in each:
        for row in range(min(len(arrays["samples"]), SHOWN - len(shown))):
            shown.append(_one(arrays, row))
        yield arrays
