"""How the pictures of a training changed, step by step, as one that moves."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from genkit.artifacts import Animation
from genkit.artifacts.pictures import gif, indexed

FRAMES = 60
FRAME_MS = 500
END_MS = 2500
BLACK = ((0, 0, 0),)


def training_films(samples: Path) -> list[Animation]:
    """A GIF for each picture that training drew more than once, `training-NAME`.

    Args:
        samples: folder of `step-N` folders with pictures. Of a picture that changed its size the
            last size counts; of very many, evenly chosen ones are shown.
    """
    numbered = {path: path.name.removeprefix("step-") for path in samples.glob("step-*")}
    steps = sorted(
        (p for p, n in numbered.items() if n.isdecimal()), key=lambda p: int(numbered[p])
    )
    names = sorted({path.name for step in steps for path in step.glob("*.png")})
    found = []
    for name in names:
        frames = _frames([step / name for step in steps if (step / name).is_file()])
        if len(frames) > 1:
            found.append(Animation(f"training-{Path(name).stem}", _gif(frames)))
    return found


def _frames(paths: list[Path]) -> list[np.ndarray]:
    from PIL import Image

    chosen = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), FRAMES)).astype(int))
    pictures = []
    for number in chosen:
        with Image.open(io.BytesIO(paths[number].read_bytes())) as picture:
            pictures.append(np.asarray(picture.convert("RGB")))
    return [picture for picture in pictures if picture.shape == pictures[-1].shape]


def _gif(frames: list[np.ndarray]) -> bytes:
    indices, palette = indexed(np.stack(frames), BLACK)
    times = [FRAME_MS] * (len(frames) - 1) + [END_MS]
    return gif([frame[..., None] for frame in indices], palette, times)
