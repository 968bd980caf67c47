"""Pictures of images: a grid, how it was drawn as a GIF, and completions between what was given
and the original."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from genkit.artifacts.parts import Given

GRID_PIXELS = 640
LINE = 96
# What is not drawn: neither black nor white, and no grey image has it.
UNDRAWN = (146, 158, 176)
KEPT = ((LINE,) * 3, UNDRAWN)  # in the palette of every animation

# The GIF: images, and how often more of them is seen.
ANIMATED = 16
STEPS = 48
STEP_MS = 80
END_MS = 2000

# Completions: given images, one below the other, and samples of each.
ROWS = 8
COLUMNS = 8


def grid(images: np.ndarray, levels: int, columns: int | None = None) -> np.ndarray:
    """Images `(N, H, W, C)` side by side with thin lines between; `(rows, columns, C)` uint8.

    Small images are enlarged by a whole factor, so that pixels stay square and sharp.
    """
    return _tiled(_shown(images, levels), LINE, columns)


def _shown(images: np.ndarray, levels: int) -> np.ndarray:
    """Levels as 0 .. 255, uint8."""
    return np.round(images.astype(np.float64) * (255.0 / (levels - 1))).astype(np.uint8)


def _tiled(shown: np.ndarray, line: int, columns: int | None = None) -> np.ndarray:
    """`grid` of what is shown as it is, `(N, H, W, C)` uint8, with lines of a value."""
    count, height, width, channels = shown.shape
    columns = columns or max(1, math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    factor = max(1, GRID_PIXELS // max(columns * (width + 1), rows * (height + 1)))
    shown = shown.repeat(factor, axis=1).repeat(factor, axis=2)
    tall, wide = height * factor, width * factor
    thick = max(1, factor // 4)
    canvas = np.full(
        (rows * (tall + thick) + thick, columns * (wide + thick) + thick, channels), line, np.uint8
    )
    for i, image in enumerate(shown):
        top = thick + (i // columns) * (tall + thick)
        left = thick + (i % columns) * (wide + thick)
        canvas[top : top + tall, left : left + wide] = image
    return canvas


def png(picture: np.ndarray) -> bytes:
    """PNG of `(H, W, 1)` or `(H, W, 3)` uint8."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(buffer, "PNG")
    return buffer.getvalue()


def completions(given: Given, samples: Mapping[int, np.ndarray], levels: int) -> np.ndarray:
    """A row for each given image: what was given of it, its completions, and all of it.

    Args:
        given: images; the first 8 that have samples are shown.
        samples: images by their number; all that `completing(given)` names.
        levels: values of a channel.

    Returns:
        `(rows, columns, 3)` uint8; what was not given is `UNDRAWN`.
    """
    own = [_completing(given, row) for row in range(min(len(given.values), ROWS))]
    own = [numbers for numbers in own if numbers]  # a job may have fewer samples than images
    most = max(map(len, own))
    cells = []
    for row, numbers in enumerate(own):
        original = colours(given.values[row], levels)
        found = [colours(samples[number], levels) for number in numbers]
        absent = [np.full_like(original, LINE)] * (most - len(found))
        cells += [_occluded(original, given.mask[row]), *found, *absent, original]
    return _tiled(np.stack(cells), LINE, most + 2)


def completing(given: Given) -> set[int]:
    """Numbers of the samples that `completions` shows."""
    rows = range(min(len(given.values), ROWS))
    return {number for row in rows for number in _completing(given, row)}


def _completing(given: Given, row: int) -> list[int]:
    return [int(number) for number in given.samples[row, :COLUMNS] if number >= 0]


def animation(images: np.ndarray, levels: int, mask: np.ndarray | None = None) -> bytes:
    """GIF of a grid of images that appear as they are drawn.

    Finished images are all that it takes, and it shows exactly what there was at each moment:
    a sampler goes through an image row by row, from left to right, and never changes a value
    once it is drawn.

    Args:
        images: `(N, H, W, C)`, values 0 .. levels - 1.
        levels: values of a channel.
        mask: 1 where a value was given, same shape; those are seen from the first frame on.
    """
    mask = np.zeros_like(images) if mask is None else mask
    whole = colours(images, levels)
    (before, after), palette = indexed(np.stack([_occluded(whole, mask), whole]), KEPT)
    frames = [_tiled(frame[..., None], 0) for frame in _frames(before, after, mask)]
    return gif(frames, palette, [STEP_MS] * (len(frames) - 1) + [END_MS])


def _frames(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> Iterator[np.ndarray]:
    """`(N, H, W)` each: at first `before`, at last `after`. A pixel that is given in all images
    takes no time."""
    height, width = before.shape[1:]
    places = np.arange(height * width).reshape(height, width)
    drawn = np.flatnonzero(~mask.astype(bool).all(axis=(0, 3)))
    yield before
    steps = min(STEPS, len(drawn))
    for step in range(1, steps + 1):
        last = drawn[len(drawn) * step // steps - 1]
        yield np.where(places <= last, after, before)


def gif(frames: Sequence[np.ndarray], palette: np.ndarray, times: Sequence[int]) -> bytes:
    """GIF that is shown again and again.

    Args:
        frames: `(rows, columns, 1)` uint8 each, indices into the palette.
        palette: `(P, 3)` uint8, P at most 256.
        times: milliseconds that each frame is shown, multiples of 10.
    """
    from PIL import Image

    pictures = [Image.fromarray(frame[..., 0]) for frame in frames]
    for picture in pictures:
        picture.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    first, *others = pictures
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=list(times), loop=0)
    return buffer.getvalue()


def colours(images: np.ndarray, levels: int) -> np.ndarray:
    """`(..., C)` levels as `(..., 3)` uint8."""
    shown = _shown(images, levels)
    return np.broadcast_to(shown, (*shown.shape[:-1], 3))


def _occluded(shown: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What is given, and `UNDRAWN` elsewhere; a colour image may be given in some colours only."""
    return np.where(mask.astype(bool), shown, np.array(UNDRAWN, np.uint8))


def indexed(
    found: np.ndarray, kept: Sequence[tuple[int, int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Colours `(..., 3)` as indices `(...)` into a palette of at most 256, `(P, 3)`. The first ones
    are `kept`; the others are exact where they are few enough. Pixels of the last kept colour have
    its index."""
    from PIL import Image

    fixed = np.array(kept, np.uint8)
    flat = np.ascontiguousarray(found).reshape(-1, found.shape[-2], 3)
    numbers = flat.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    own, places = np.unique(numbers, return_inverse=True)
    if len(own) <= 256 - len(fixed):
        palette = np.stack([own >> 16, own >> 8 & 255, own & 255], axis=-1).astype(np.uint8)
        places = places.reshape(numbers.shape)
    else:
        reduced = Image.fromarray(flat).quantize(256 - len(fixed))
        palette = np.array(reduced.getpalette(), np.uint8).reshape(-1, 3)[: 256 - len(fixed)]
        places = np.asarray(reduced)
    last = (flat == fixed[-1]).all(axis=-1)
    indices = np.where(last, len(fixed) - 1, places + len(fixed)).astype(np.uint8)
    return indices.reshape(found.shape[:-1]), np.concatenate([fixed, palette])
