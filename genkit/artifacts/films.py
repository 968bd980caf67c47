"""GIFs and pictures of videos, in frames that tell what was given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.artifacts.pictures import LINE, colours, gif, indexed

GIVEN = (70, 180, 90)  # the frame around what was given
DRAWN = (LINE,) * 3  # around all else
FPS = 8

# Pixels: videos are enlarged by a whole factor as far as these allow.
_LONGEST = 256
_SHEET = 960
_STRIP = 1280
_END_MS = 1000  # the last frame stays so much longer
_STRIP_FRAMES = 20

# Places of the colours of frames in a palette.
_KEPT = (DRAWN, GIVEN)
_DRAWN, _GIVEN = 0, 1


def film(clip: np.ndarray, levels: int, context: int = 0, fps: int = FPS) -> bytes:
    """GIF of one video, enlarged by a whole factor, shown again and again.

    Args:
        clip: `(T, H, W, C)`, values 0 .. levels - 1.
        levels: values of a channel.
        context: so many frames were given; they have a green frame, the others a grey one.
        fps: frames per second, 1 to 50.
    """
    return _films([[clip]], [[context]], levels, fps, _LONGEST)


def sheet(
    truth: np.ndarray, samples: np.ndarray, levels: int, context: int, fps: int = FPS
) -> bytes:
    """GIF of a row for each video: what was given, what happened, and samples, side by side.

    The last given frame stays to be seen in the first column.

    Args:
        truth: `(N, T, H, W, C)`, values 0 .. levels - 1.
        samples: `(N, K, T, H, W, C)`, K of each.
        levels: values of a channel.
        context: frames that were given.
        fps: frames per second, 1 to 50.
    """
    frames = truth.shape[1]
    held = np.minimum(np.arange(frames), max(context - 1, 0))
    cells = [[own[held], own, *drawn] for own, drawn in zip(truth, samples, strict=True)]
    given = [[frames] + [context] * (1 + samples.shape[1])] * len(truth)
    return _films(cells, given, levels, fps, _SHEET)


def strip(clips: np.ndarray, levels: int, context: int = 0) -> np.ndarray:
    """A row for each video, its frames side by side: `(rows, columns, 3)` uint8.

    Args:
        clips: `(N, T, H, W, C)`; of more than 20 frames as many are shown, evenly spread.
        levels, context: as for `film`.
    """
    count, frames = clips.shape[:2]
    shown = np.unique(np.linspace(0, frames - 1, min(frames, _STRIP_FRAMES)).round().astype(int))
    chosen = colours(clips[:, shown], levels)
    factor = _factor(clips.shape[2:4], 1, len(shown), _STRIP)
    flat = chosen.reshape(count * len(shown), *chosen.shape[2:])
    given = np.tile(shown < context, count)
    cells = _framed(flat, given, factor, np.array(_KEPT, np.uint8))
    return _laid_out(cells.reshape(count, len(shown), *cells.shape[1:]))


def _films(
    clips: Sequence[Sequence[np.ndarray]],
    given: Sequence[Sequence[int]],
    levels: int,
    fps: int,
    most: int,
) -> bytes:
    """GIF of rows of videos of one shape, each with the number of its frames that were given."""
    rows, columns = len(clips), len(clips[0])
    whole = np.stack([clip for row in clips for clip in row])
    indices, palette = indexed(colours(whole, levels), _KEPT)
    frames = whole.shape[1]
    marks = np.arange(frames) < np.array(given).reshape(-1, 1)
    factor = _factor(whole.shape[2:4], rows, columns, most)
    edges = np.array([[_DRAWN], [_GIVEN]], np.uint8)
    pictures = []
    for t in range(frames):
        cells = _framed(indices[:, t, ..., None], marks[:, t], factor, edges)
        pictures.append(_laid_out(cells.reshape(rows, columns, *cells.shape[1:])))
    pause = 10 * round(100 / min(max(fps, 1), 50))  # a GIF counts hundredths of a second
    return gif(pictures, palette, [pause] * (frames - 1) + [pause + _END_MS])


def _factor(size: Sequence[int], rows: int, columns: int, most: int) -> int:
    return max(1, most // max(size[0] * rows, size[1] * columns))


def _framed(images: np.ndarray, given: np.ndarray, factor: int, edges: np.ndarray) -> np.ndarray:
    """Images enlarged, each within its frame.

    Args:
        images: `(N, H, W, D)` uint8.
        given: `(N,)`, which edge each has.
        factor: by which they are enlarged.
        edges: `(2, D)` what is drawn around what was not given, and what was.
    """
    large = images.repeat(factor, axis=1).repeat(factor, axis=2)
    thick = max(1, factor // 2)
    count, height, width, depth = large.shape
    found = np.empty((count, height + 2 * thick, width + 2 * thick, depth), np.uint8)
    found[...] = edges[given.astype(np.int64)][:, None, None]
    found[:, thick:-thick, thick:-thick] = large
    return found


def _laid_out(cells: np.ndarray) -> np.ndarray:
    """`(rows, columns, h, w, D)` as one picture `(rows h, columns w, D)`."""
    rows, columns, height, width, depth = cells.shape
    return cells.swapaxes(1, 2).reshape(rows * height, columns * width, depth)
