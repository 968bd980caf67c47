"""Films of episodes: what was seen, and beside it what auxiliary heads say, and the agent's value
and policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from genkit.artifacts.palette import (
    BAR,
    CHOSEN,
    GAIN,
    KEPT,
    LINE,
    LOSS,
    PAPER,
    TEXT,
    VALUE,
    coloured,
)
from genkit.artifacts.panels import (
    AUXILIARY,
    CELL,
    ROWS,
    Labels,
    heads,
    kept_colours,
    panels,
    pictures,
)
from genkit.artifacts.pictures import gif, indexed

SIDE = ROWS * CELL  # pixels: height of a frame, and width of what is drawn beside the picture
FRAMES = 300  # of a film; of longer episodes so many are shown, evenly spread
FRAME_MS, END_MS = 80, 1500
MOMENTS = 6  # of an episode in a still picture
MARGIN = 8

Episode = Mapping[str, Any]
NONE: Labels = {}


def film(episode: Episode, actions: Sequence[str], labels: Labels = NONE) -> bytes:
    """GIF of one episode.

    Args:
        episode: `image (T, H, W, C)` where there is one, or other parts of an observation;
            `action`, `reward`, `values` `(T,)`, `policy (T, A)`; and what auxiliary heads say,
            whose names begin with `AUXILIARY`.
        actions: their names.
        labels: name of a head -> what each of its numbers is.
    """
    count = len(episode["action"])
    steps = np.unique(np.linspace(0, count - 1, min(count, FRAMES)).round().astype(int))
    frames, palette = _frames(episode, actions, labels, steps)
    times = [FRAME_MS] * (len(frames) - 1) + [END_MS]
    return gif([frame[..., None] for frame in frames], palette, times)


def still(episodes: Sequence[Episode], actions: Sequence[str], labels: Labels = NONE) -> np.ndarray:
    """Moments of episodes, a row each, and value and policy at the last: `(H, W, 3)` uint8."""
    rows = []
    for episode in episodes:
        count = len(episode["action"])
        # What heads say is shown at each moment, which takes the room of others.
        moments = MOMENTS // 2 if heads(episode) else MOMENTS
        steps = np.linspace(0, count - 1, moments).round().astype(int)
        frames, palette = _frames(episode, actions, labels, steps)
        cut = [frame[:, :-SIDE] for frame in frames[:-1]]
        rows.append(palette[np.concatenate([*cut, frames[-1]], axis=1)])
    widest = max(row.shape[1] for row in rows)
    padded = [np.pad(r, ((0, 0), (0, widest - r.shape[1]), (0, 0))) for r in rows]
    return np.concatenate(padded).astype(np.uint8)


def pictured(episode: Episode, steps: np.ndarray) -> np.ndarray:
    """What was seen at some steps, `(n, H, W, 3)` uint8: a picture, or bars of numbers where there
    is none."""
    if "image" not in episode:
        return _bars(episode)[steps]
    return coloured(np.asarray(episode["image"])[steps])


def _bars(episode: Episode) -> np.ndarray:
    """Numbers of an observation as columns that rise from the middle."""
    known = ("action", "reward", "values", "policy", "depth")
    seen = [p for p in episode.items() if p[0] not in known and not p[0].startswith(AUXILIARY)]
    parts = [np.asarray(x, np.float64) for name, x in seen]
    if not parts:
        return np.zeros((len(episode["action"]), 8, 8, 3), np.uint8)
    numbers = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)[:, :32]
    scaled = numbers / np.maximum(np.abs(numbers).max(axis=0), 1e-9)
    height = 33
    rows = (height // 2 - np.arange(height)) / (height // 2)
    up = (rows[None, :, None] <= scaled[:, None]) & (rows[None, :, None] >= 0)
    down = (rows[None, :, None] >= scaled[:, None]) & (rows[None, :, None] <= 0)
    filled = (up | down).repeat(2, axis=2)
    return np.asarray(np.where(filled[..., None], KEPT[BAR], KEPT[PAPER]), np.uint8)


def _frames(
    episode: Episode, actions: Sequence[str], labels: Labels, steps: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray]:
    """Frames `(SIDE, W)` as indices into a palette, and the palette."""
    said = heads(episode)
    others = pictures(said, steps)
    found, palette = _indexed([pictured(episode, steps), *others.values()], kept_colours(said))
    beside = panels(said, dict(zip(others, found[1:], strict=True)), labels, steps)
    return [
        np.concatenate([_enlarged(picture), own, _panel(episode, actions, int(step))], axis=1)
        for picture, own, step in zip(found[0], beside, steps, strict=True)
    ], palette


def _indexed(
    found: Sequence[np.ndarray], kept: Sequence[tuple[int, int, int]]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Pictures `(n, h, w, 3)` of several sizes as indices `(n, h, w)` into one palette."""
    line = np.concatenate([pixels.reshape(1, -1, 3) for pixels in found], axis=1)
    indices, palette = indexed(line, kept)
    ends = np.cumsum([pixels.size // 3 for pixels in found])
    cut = np.split(indices[0], ends[:-1])
    return [own.reshape(x.shape[:-1]) for own, x in zip(cut, found, strict=True)], palette


def _enlarged(picture: np.ndarray) -> np.ndarray:
    """To a whole multiple of its size, or of a part of its pixels, at most `SIDE` in both
    directions, in the middle."""
    every = -(-max(picture.shape) // SIDE)
    picture = picture[::every, ::every]
    factor = SIDE // max(picture.shape)
    large = picture.repeat(factor, axis=0).repeat(factor, axis=1)
    found = np.full((SIDE, max(large.shape[1], 1) + 2 * MARGIN), PAPER, np.uint8)
    top = (SIDE - large.shape[0]) // 2
    found[top : top + large.shape[0], MARGIN : MARGIN + large.shape[1]] = large
    return found


def _panel(episode: Episode, actions: Sequence[str], step: int) -> np.ndarray:
    """Value so far above, policy below, `(SIDE, SIDE)` indices."""
    from PIL import Image, ImageDraw

    panel = Image.new("L", (SIDE, SIDE), PAPER)
    pen = ImageDraw.Draw(panel)
    pen.fontmode = "1"  # without smoothing: only colours of the palette
    _draw_value(pen, episode, step)
    _draw_policy(pen, episode["policy"][step], int(episode["action"][step]), actions)
    return np.asarray(panel)


def _draw_value(pen: Any, episode: Episode, step: int) -> None:
    values = np.asarray(episode["values"], np.float64)
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    span = max(high - low, 1e-6)
    top, bottom = 2 * MARGIN + 8, SIDE // 2 - MARGIN
    width = SIDE - 2 * MARGIN

    def place(t: float, value: float) -> tuple[float, float]:
        across = MARGIN + width * t / max(len(values) - 1, 1)
        return across, bottom - (bottom - top) * (value - low) / span

    rewards = np.asarray(episode["reward"], np.float64)
    total = rewards[: step + 1].sum()
    pen.text((MARGIN, 4), f"value {values[step]:.2f}   return {total:.2f}", fill=TEXT)
    pen.line([place(0, 0.0), place(len(values) - 1, 0.0)], fill=LINE)
    for t in np.flatnonzero(rewards[: step + 1]):
        x, _ = place(float(t), 0.0)
        pen.line([(x, top), (x, bottom)], fill=GAIN if rewards[t] > 0 else LOSS)
    points = [place(float(t), float(values[t])) for t in range(step + 1)]
    if len(points) > 1:
        pen.line(points, fill=VALUE, width=2)
    x, y = points[-1]
    pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=VALUE)


def _draw_policy(pen: Any, policy: np.ndarray, chosen: int, actions: Sequence[str]) -> None:
    top, room = SIDE // 2 + MARGIN, SIDE // 2 - 2 * MARGIN
    each = room / len(policy)
    start, width = SIDE // 2, SIDE // 2 - 2 * MARGIN
    for number, chance in enumerate(policy):
        y = top + each * number
        colour = CHOSEN if number == chosen else BAR
        high = max(each - 2, 1)
        pen.rectangle((start, y, start + width * float(chance), y + high), fill=colour)
        if each >= 9:
            pen.text((MARGIN, y + (high - 10) / 2), str(actions[number])[:18], fill=TEXT)
