"""What auxiliary heads of an agent say, in panels beside what it saw: maps, numbers, pictures.

Such as the values of pixel control and the prediction of rewards (Jaderberg et al., 2017,
arXiv:1611.05397), or the prediction of depth (Mirowski et al., 2017, arXiv:1611.03673).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from genkit.artifacts.palette import BAR, KEPT, LEVELS, LINE, PAPER, TEXT, coloured, ramp

AUXILIARY = "auxiliary/"  # stands before their names, in parts and in episodes
NUMBERS, MAP, PICTURE = 2, 3, 4  # axes of an array of an episode, of which time is the first
COMPARED = ("-true", "-predicted")  # ends of names

CELL = 120  # pixels: height and width of a panel
ROWS = 2  # of panels; there are as many columns as they need
NAME, EDGE = 16, 4  # pixels: height of the name above, and what stays free around
HEIGHT, WIDTH = CELL - NAME - EDGE, CELL - 2 * EDGE  # of what is drawn in a panel
LETTERS = 9  # pixels: bars that are thinner have no labels

Heads = Mapping[str, np.ndarray]
Labels = Mapping[str, Sequence[str]]


def heads(episode: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Arrays `(T, ...)` by the names of heads, as they are shown: those that are compared with
    each other come first, one after the other."""
    found = {n.removeprefix(AUXILIARY): x for n, x in episode.items() if n.startswith(AUXILIARY)}
    compared: dict[str, list[str]] = {}
    for name in found:
        compared.setdefault(_subject(name), []).append(name)
    groups = sorted(compared.values(), key=lambda names: len(names) == 1)
    return {name: found[name] for names in groups for name in sorted(names, key=len)}


def kept_colours(said: Heads) -> Sequence[tuple[int, int, int]]:
    """What a film's palette begins with; the ramp is there if a map is."""
    return (*KEPT, *ramp()) if any(x.ndim == MAP for x in said.values()) else KEPT


def pictures(said: Heads, steps: np.ndarray) -> dict[str, np.ndarray]:
    """Those heads that are pictures, `(n, h, w, 3)` uint8 at some steps."""
    return {name: coloured(x[steps]) for name, x in said.items() if x.ndim == PICTURE}


def panels(said: Heads, drawn: Heads, labels: Labels, steps: np.ndarray) -> np.ndarray:
    """A panel of each head at some steps, down one column and on in the next.

    Args:
        said: name -> `(T, ...)`, the whole episode.
        drawn: pictures at these steps as indices into the palette, `(n, h, w)`.
        labels: name -> what each number of a head is.
        steps: `(n,)`.

    Returns:
        `(n, ROWS * CELL, columns * CELL)` uint8, indices into the palette; no column where nothing
        is said.
    """
    maps = _levels({name: x for name, x in said.items() if x.ndim == MAP}, steps)
    columns = -(-len(said) // ROWS)
    found = np.full((len(steps), ROWS * CELL, columns * CELL), PAPER, np.uint8)
    for number, (name, x) in enumerate(said.items()):
        column, row = divmod(number, ROWS)
        cell = found[:, row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
        cell[:, :NAME] = _title(name)
        if x.ndim == NUMBERS:
            inside = np.stack([_bars(numbers, labels.get(name, ())) for numbers in x[steps]])
        else:
            inside = _fitted(maps[name] if name in maps else drawn[name])
        height, width = inside.shape[1:]
        cell[:, NAME : NAME + height, EDGE : EDGE + width] = inside
    return found


def _subject(name: str) -> str:
    """What is compared has the same: `depth` and `depth-predicted`."""
    for end in COMPARED:
        name = name.removesuffix(end)
    return name


def _levels(maps: Heads, steps: np.ndarray) -> dict[str, np.ndarray]:
    """Maps as indices of the ramp's colours, `(n, h, w)` uint8. Those that are compared have one
    scale; it is that of the whole episode, so that colours mean the same in all its frames."""
    values: dict[str, list[np.ndarray]] = {}
    for name, x in maps.items():
        values.setdefault(_subject(name), []).append(x[np.isfinite(x)])
    ranges = {subject: _range(np.concatenate(all_of)) for subject, all_of in values.items()}
    return {name: _on_ramp(x[steps], *ranges[_subject(name)]) for name, x in maps.items()}


def _range(values: np.ndarray) -> tuple[float, float]:
    """Without the extremes, unless nothing is left without them, as of a map that is almost
    always 0."""
    if not len(values):
        return 0.0, 0.0
    low, high = np.percentile(values.astype(np.float64), (1, 99))
    return (low, high) if low < high else (float(values.min()), float(values.max()))


def _on_ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Unknown ones (NaN) are not drawn; constant ones have the lowest colour."""
    share = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    level = np.clip(np.nan_to_num(share, nan=0.0) * LEVELS, 0, LEVELS - 1).astype(np.uint8)
    return np.where(np.isnan(values), np.uint8(PAPER), level + np.uint8(len(KEPT)))


def _fitted(frames: np.ndarray) -> np.ndarray:
    """`(n, h, w)` to a whole multiple of their size, or to fewer pixels where they are too many."""
    height, width = frames.shape[1:]
    scale = min(HEIGHT / height, WIDTH / width)
    scale = float(int(scale)) if scale >= 1 else scale
    rows = np.arange(max(int(height * scale), 1)) / scale
    columns = np.arange(max(int(width * scale), 1)) / scale
    return frames[:, rows.astype(int)][:, :, columns.astype(int)]


def _title(name: str) -> np.ndarray:
    """`(NAME, CELL)`."""
    canvas, pen = _canvas(NAME, CELL)
    pen.text((EDGE, 2), _cut(pen, name, WIDTH), fill=TEXT)
    return np.asarray(canvas)


def _bars(numbers: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Numbers between 0 and 1, `(k,)`, one below the other: `(HEIGHT, WIDTH)`. Unknown ones (NaN)
    have no bar."""
    canvas, pen = _canvas(HEIGHT, WIDTH)
    each = min(HEIGHT // len(numbers), 2 * LETTERS)
    labels = [_cut(pen, label, WIDTH // 2) for label in labels] if each >= LETTERS else []
    left = max((_width(pen, label) + EDGE for label in labels), default=0)
    bottom = each * len(numbers) - 1
    for number, share in enumerate(numbers):
        top = each * number
        if number < len(labels):
            pen.text((0, top + (each - 12) // 2), labels[number], fill=TEXT)
        if not np.isnan(share):
            right = left + (WIDTH - 1 - left) * min(max(float(share), 0.0), 1.0)
            pen.rectangle((left, top, right, top + max(each - 3, 0)), fill=BAR)
    for x in (left, WIDTH - 1):  # 0 and 1
        pen.line((x, 0, x, bottom), fill=LINE)
    return np.asarray(canvas)


def _canvas(height: int, width: int) -> tuple[Any, Any]:
    """Empty indices, and a pen that draws in colours of the palette only."""
    from PIL import Image, ImageDraw

    canvas = Image.new("L", (width, height), PAPER)
    pen = ImageDraw.Draw(canvas)
    pen.fontmode = "1"  # without smoothing
    return canvas, pen


def _cut(pen: Any, text: str, room: int) -> str:
    """As much of a text as has room."""
    while _width(pen, text) > room:
        text = text[:-1]
    return text


def _width(pen: Any, text: str) -> int:
    """As it is drawn: `textlength` knows nothing of the grid that letters without smoothing are
    moved to."""
    return int(pen.getfont().getmask(text, mode=pen.fontmode).size[0])
