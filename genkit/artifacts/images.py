"""Images: an npz of values and pictures of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genkit.artifacts.parts import Parts, collect_npz
from genkit.artifacts.pictures import ANIMATED, animation, completing, completions, grid, png
from genkit.files import write_bytes

GRID_LIMIT = 256
GRID = "grid.png"
COMPLETIONS = "completions.png"
ANIMATION = "sampling.gif"


@dataclass(frozen=True)
class Images:
    """A batch of images.

    Args:
        samples: `(N, H, W, C)` uint8, values 0 .. levels - 1; C is 1 or 3.
        log_prob: `(N,)` float32, nats at temperature 1.
        index: `(N,)` int64, which sample of the job each one is.
        levels: values of a channel.
        labels: `(N,)` int64 class of each image, or None.
        columns: of a picture that shows them side by side; None for about as many as rows.
    """

    kind: ClassVar[str] = "images"
    samples: np.ndarray
    log_prob: np.ndarray
    index: np.ndarray
    levels: int
    labels: np.ndarray | None = None
    name: str = "samples"
    columns: int | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        arrays = {"samples": self.samples, "log_prob": self.log_prob, "index": self.index}
        if self.labels is not None:
            arrays["label"] = self.labels
        return arrays

    def meta(self) -> dict[str, int]:
        """What `join` and `collect` need beside the arrays."""
        own = {} if self.columns is None else {"columns": self.columns}
        return {"levels": self.levels, **own}

    @classmethod
    def join(cls, parts: Sequence[Mapping[str, np.ndarray]], meta: Mapping[str, int]) -> Images:
        """Images from the arrays of parts, in the order given."""
        whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        return cls(
            whole["samples"],
            whole["log_prob"],
            whole["index"],
            meta["levels"],
            whole.get("label"),
            columns=meta.get("columns"),
        )

    def save(self, folder: Path) -> list[Path]:
        """`grid.png`, and below 1 GB `samples.npz`."""
        parts = Parts(len(self.samples), self.meta(), iter([self.arrays()]))
        return self.collect(folder, parts, self.name)

    @classmethod
    def collect(cls, folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
        """The same two files, of parts that need not fit in memory; and `completions.png` where
        something was given."""
        wanted = completing(parts.given) if parts.given is not None else set()
        shown: dict[int, np.ndarray] = {}
        parts.each = _seen(parts.each, wanted, shown)
        files = collect_npz(folder, parts, name)
        levels, first = parts.meta["levels"], range(min(parts.count, GRID_LIMIT))
        images, columns = np.stack([shown[number] for number in first]), parts.meta.get("columns")
        pictures = {GRID: grid(images, levels, columns)}
        if parts.given is not None:
            pictures[COMPLETIONS] = completions(parts.given, shown, levels)
        written = [write_bytes(folder / name, png(picture)) for name, picture in pictures.items()]
        return [*written, *files]

    @classmethod
    def animate(cls, folder: Path, parts: Parts) -> Path:
        """`sampling.gif`: how the first 16 images were drawn. Later parts are not asked for."""
        numbers = range(min(parts.count, ANIMATED))
        found: list[np.ndarray] = []
        while len(found) < len(numbers):
            found.extend(next(parts.each)["samples"])
        images, given = np.stack(found[: len(numbers)]), parts.given
        mask = None if given is None else np.stack([given.mask_of(number) for number in numbers])
        return write_bytes(folder / ANIMATION, animation(images, parts.meta["levels"], mask))

    def preview(self) -> bytes:
        """PNG of the first 256 images as a grid."""
        return png(grid(self.samples[:GRID_LIMIT], self.levels, self.columns))


def _seen(
    each: Iterator[Mapping[str, np.ndarray]], wanted: Set[int], shown: dict[int, np.ndarray]
) -> Iterator[Mapping[str, np.ndarray]]:
    """The parts, with the first 256 images and those that are wanted put into `shown` on the way,
    by number."""
    start = 0
    for arrays in each:
        for number, image in enumerate(arrays["samples"], start):
            if number < GRID_LIMIT or number in wanted:
                shown[number] = image.copy()
        start += len(arrays["samples"])
        yield arrays
