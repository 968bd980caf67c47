"""How the pictures of a training changed, step by step, as one that moves."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from genkit.artifacts import Animation

FRAMES = 40
FRAME_MS = 500
END_MS = 2500
COLOURS = 256
SEEN = 4  # pictures, about, that colours are chosen from


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


def _frames(paths: list[Path]) -> list[Any]:
    """Pictures of the last one's size, in colours that are common to all of them."""
    last, count = len(paths) - 1, min(len(paths), FRAMES)
    chosen = sorted({round(last * i / max(1, count - 1)) for i in range(count)})
    pictures = [_read(paths[number]) for number in chosen]
    pictures = [picture for picture in pictures if picture.size == pictures[-1].size]
    palette = _palette(pictures[:: max(1, len(pictures) // SEEN)])
    return [picture.quantize(palette=palette, dither=0) for picture in pictures]


def _read(path: Path) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(path.read_bytes())) as picture:
        return picture.convert("RGB")


def _palette(pictures: list[Any]) -> Any:
    """A picture whose palette fits all of these."""
    from PIL import Image

    width, height = pictures[0].size
    together = Image.new("RGB", (width, height * len(pictures)))
    for row, picture in enumerate(pictures):
        together.paste(picture, (0, row * height))
    return together.quantize(COLOURS)


def _gif(frames: list[Any]) -> bytes:
    buffer = io.BytesIO()
    first, *others = frames
    times = [FRAME_MS] * len(others) + [END_MS]
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=times, loop=0)
    return buffer.getvalue()
