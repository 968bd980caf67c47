"""Videos: an npz of values, a GIF of each of the first ones, and a picture of their frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genkit.artifacts.films import FPS, film, strip
from genkit.artifacts.parts import Parts, collect_npz
from genkit.artifacts.pictures import png
from genkit.files import write_bytes

# So many videos have a GIF.
FILMS = 64
# So many are shown in the picture.
SHOWN = 8


@dataclass(frozen=True)
class Videos:
    """A batch of videos.

    Args:
        samples: `(N, T, H, W, C)` uint8, values 0 .. levels - 1; C is 1 or 3.
        log_prob: `(N,)` float32, nats at temperature 1, of the frames that were drawn.
        index: `(N,)` int64, which sample of the job each one is.
        levels: values of a channel.
        context: so many of the first frames were given.
        fps: frames per second at which they are shown, 1 to 50.
    """

    kind: ClassVar[str] = "videos"
    samples: np.ndarray
    log_prob: np.ndarray
    index: np.ndarray
    levels: int
    context: int = 0
    fps: int = FPS
    name: str = "samples"

    def arrays(self) -> dict[str, np.ndarray]:
        return {"samples": self.samples, "log_prob": self.log_prob, "index": self.index}

    def meta(self) -> dict[str, int]:
        """What `join` and `collect` need beside the arrays."""
        return {"levels": self.levels, "context": self.context, "fps": self.fps}

    @classmethod
    def join(cls, parts: Sequence[Mapping[str, np.ndarray]], meta: Mapping[str, int]) -> Videos:
        """Videos from the arrays of parts, in the order given."""
        whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        return cls(
            whole["samples"],
            whole["log_prob"],
            whole["index"],
            meta["levels"],
            meta.get("context", 0),
            meta.get("fps", FPS),
        )

    def save(self, folder: Path) -> list[Path]:
        """Below 1 GB `samples.npz`; and a GIF of each of the first 64 by place in the batch:
        `000000.gif` and so on."""
        parts = Parts(len(self.samples), self.meta(), iter([self.arrays()]))
        return self.collect(folder, parts, self.name)

    @classmethod
    def collect(cls, folder: Path, parts: Parts, name: str = "samples") -> list[Path]:
        """The same files, of parts that need not fit in memory."""
        folder.mkdir(parents=True, exist_ok=True)
        parts.each = _filmed(folder, parts.each, parts.meta)
        files = collect_npz(folder, parts, name)
        return [*files, *(folder / film_name(i) for i in range(min(parts.count, FILMS)))]

    def preview(self) -> bytes:
        """PNG of the first 8 videos, a row each, frame by frame; given frames are framed green."""
        return png(strip(self.samples[:SHOWN], self.levels, self.context))

    def films(self) -> list[bytes]:
        """The first 8 videos as GIFs, to look at."""
        return [film(clip, self.levels, self.context, self.fps) for clip in self.samples[:SHOWN]]


def film_name(number: int) -> str:
    """Such as `000007.gif`."""
    return f"{number:06d}.gif"


def _filmed(
    folder: Path, each: Iterator[Mapping[str, np.ndarray]], meta: Mapping[str, int]
) -> Iterator[Mapping[str, np.ndarray]]:
    """The parts, of whose first videos GIFs are written on the way."""
    levels, context, fps = (meta[key] for key in ("levels", "context", "fps"))
    number = 0
    for arrays in each:
        for clip in arrays["samples"][: max(0, FILMS - number)]:
            write_bytes(folder / film_name(number), film(clip, levels, context, fps))
            number += 1
        yield arrays
