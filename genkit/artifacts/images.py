"""Images: an npz of values and a picture of them as a grid."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genkit.artifacts.parts import Parts, collect_npz
from genkit.files import write_bytes

GRID_LIMIT = 256
GRID_PIXELS = 640


@dataclass(frozen=True)
class Images:
    """A batch of images.

    Args:
        samples: `(N, H, W, C)` uint8, values 0 .. levels - 1; C is 1 or 3.
        log_prob: `(N,)` float32, nats at temperature 1.
        index: `(N,)` int64, which sample of the job each one is.
        levels: values of a channel.
        labels: `(N,)` int64 class of each image, or None.
    """

    kind: ClassVar[str] = "images"
    samples: np.ndarray
    log_prob: np.ndarray
    index: np.ndarray
    levels: int
    labels: np.ndarray | None = None
    name: str = "samples"

    def arrays(self) -> dict[str, np.ndarray]:
        arrays = {"samples": self.samples, "log_prob": self.log_prob, "index": self.index}
        if self.labels is not None:
            arrays["label"] = self.labels
        return arrays

    def meta(self) -> dict[str, int]:
        """What `join` and `collect` need beside the arrays."""
        return {"levels": self.levels}

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
        )

    def save(self, folder: Path) -> list[Path]:
        """`grid.png`, and below 1 GB `samples.npz`."""
        parts = Parts(len(self.samples), self.meta(), iter([self.arrays()]))
        return self.collect(folder, parts, self.name)

    @classmethod
    def collect(cls, folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
        """The same two files, of parts that need not fit in memory."""
        shown: list[np.ndarray] = []
        parts.each = _first(parts.each, shown)
        files = collect_npz(folder, parts, name)
        picture = png(grid(np.concatenate(shown), parts.meta["levels"]))
        return [write_bytes(folder / "grid.png", picture), *files]

    def preview(self) -> bytes:
        """PNG of the first 256 images as a grid."""
        return png(grid(self.samples[:GRID_LIMIT], self.levels))


def _first(
    each: Iterator[Mapping[str, np.ndarray]], shown: list[np.ndarray]
) -> Iterator[Mapping[str, np.ndarray]]:
    """The parts, with the first 256 images put into `shown` on the way."""
    wanted = GRID_LIMIT
    for arrays in each:
        if wanted > 0:
            shown.append(arrays["samples"][:wanted].copy())
            wanted -= len(shown[-1])
        yield arrays


def grid(images: np.ndarray, levels: int, columns: int | None = None) -> np.ndarray:
    """Images `(N, H, W, C)` side by side with thin lines between; `(rows, columns, C)` uint8.

    Small images are enlarged by a whole factor, so that pixels stay square and sharp.
    """
    count, height, width, channels = images.shape
    columns = columns or max(1, math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    factor = max(1, GRID_PIXELS // max(columns * (width + 1), rows * (height + 1)))
    shown = np.round(images.astype(np.float64) * (255.0 / (levels - 1))).astype(np.uint8)
    shown = shown.repeat(factor, axis=1).repeat(factor, axis=2)
    tall, wide = height * factor, width * factor
    line = max(1, factor // 4)
    canvas = np.full(
        (rows * (tall + line) + line, columns * (wide + line) + line, channels), 96, np.uint8
    )
    for i, image in enumerate(shown):
        top = line + (i // columns) * (tall + line)
        left = line + (i % columns) * (wide + line)
        canvas[top : top + tall, left : left + wide] = image
    return canvas


def png(picture: np.ndarray) -> bytes:
    """PNG of `(H, W, 1)` or `(H, W, 3)` uint8."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(buffer, "PNG")
    return buffer.getvalue()
