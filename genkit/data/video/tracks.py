"""Where the things of a generated clip are, and where the same things are in other frames.

Places are `(frames, things, 2)`: row and column of centres, in pixels, 0 being the middle of the
first pixel. What finds them in samples is first tried on the true frames, whose places are known:
the error that is left there is the method's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from genkit.family import Arrays


class Track(Protocol):
    """The things of one clip."""

    @property
    def places(self) -> np.ndarray:
        """`(T, N, 2)` in its frames."""
        ...

    @property
    def steered(self) -> int:
        """How many of the last things actions move directly, such as an arm."""
        ...

    def located(self, frames: np.ndarray, first: int) -> np.ndarray:
        """Where the same things are in other frames.

        Args:
            frames: `(t, H, W, C)` from 0 to 1, in place of the clip's from frame `first` on.
            first: the number of the first; those before it are as they were.

        Returns:
            `(t, N, 2)`.
        """
        ...


@dataclass(frozen=True)
class Other:
    """What would happen under other actions.

    Args:
        conditions: `condition/NAME` -> `(T, D)` float32. video: `(T, H, W, C)` uint8 values of
            the data's levels. track: of its things.
    """

    conditions: Arrays
    video: np.ndarray
    track: Track


@dataclass(frozen=True)
class Truth:
    """What is known of the clips of a split beside their pixels.

    Args:
        track: of a clip by its number.
        digits: images `(n, h, h)` uint8 and their classes `(n,)`, other ones than those of the
            split, from which a classifier learns digits; None where there are no digits, or no
            classes.
        other: `other(index, context)` gives what would happen from frame `context` on, under other
            actions from the last given frame on; None where nothing can be steered.
    """

    track: Callable[[int], Track]
    digits: Callable[[], tuple[np.ndarray, np.ndarray]] | None = None
    other: Callable[[int, int], Other] | None = None


@dataclass(frozen=True)
class DigitTrack:
    """Digits that keep their looks; found where their own pictures fit best, see `fitted`.

    Args:
        corners: `(T, N, 2)` row and column of each upper left pixel.
        images: `(N, h, h)` uint8. labels: `(N,)` their classes, or None.
    """

    corners: np.ndarray
    images: np.ndarray
    labels: np.ndarray | None = None
    steered: int = 0

    @property
    def places(self) -> np.ndarray:
        return np.asarray(self.corners + self._middle)

    @property
    def _middle(self) -> float:
        return (self.images.shape[1] - 1) / 2.0

    def located(self, frames: np.ndarray, first: int) -> np.ndarray:
        del first
        images = self.images / 255.0
        return np.stack([fitted(frame[..., 0], images) for frame in frames]) + self._middle

    def crops(self, frames: np.ndarray, places: np.ndarray) -> np.ndarray:
        """`(t, N, h, h)`: what frames `(t, H, W, C)` show at `places` `(t, N, 2)`."""
        side = self.images.shape[1]
        corners = np.rint(places - self._middle).astype(np.int64)
        rows, columns = (corners[..., axis, None] + np.arange(side) for axis in (0, 1))
        t = np.arange(len(frames))[:, None, None, None]
        return np.asarray(frames[t, rows[..., :, None], columns[..., None, :], 0])


@dataclass(frozen=True)
class ColourTrack:
    """Things of one colour each; found as the middle of the pixels that are nearest to it.

    Of things of equal colour each takes the pixels that are nearest to where it was in the frame
    before. A thing that no pixel shows stays where it was seen last.

    Args:
        places: `(T, N, 2)`. colours: `(N, 3)` from 0 to 1.
        others: `(M, 3)` colours that are none of the things.
        steered: how many of the last things actions move directly.
    """

    places: np.ndarray
    colours: np.ndarray
    others: np.ndarray
    steered: int = 0

    def located(self, frames: np.ndarray, first: int) -> np.ndarray:
        before = self.places[max(first - 1, 0)]
        found = np.empty((len(frames), *before.shape))
        for row, frame in zip(found, frames, strict=True):
            row[...] = before = self._in_frame(frame, before)
        return found

    def _in_frame(self, frame: np.ndarray, before: np.ndarray) -> np.ndarray:
        palette = np.concatenate([self.colours, self.others])
        distance = np.square(frame[:, :, None] - palette).sum(axis=-1)
        nearest = distance.argmin(axis=-1)
        found = before.copy()
        for first in range(len(self.colours)):
            same = np.flatnonzero((self.colours == self.colours[first]).all(axis=1))
            if same[0] == first:  # the first of its colour speaks for all of them
                pixels = np.argwhere(nearest == first).astype(np.float64)
                found[same] = _middles(pixels, before[same])
        return found


_ROUNDS = 3


def _middles(pixels: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Centres `(n, 2)` of pixels `(m, 2)` shared out among things, from where they were."""
    found = before.copy()
    if not len(pixels):
        return found
    for _ in range(_ROUNDS):
        owner = np.square(pixels[:, None] - found).sum(axis=-1).argmin(axis=1)
        for thing in np.unique(owner):
            found[thing] = pixels[owner == thing].mean(axis=0)
    return found


_CERTAIN = 0.98  # more than that no pixel is said to be black or white


def fitted(frame: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Corners `(N, 2)` at which images, the brighter one in front, explain a frame best.

    By the cross-entropy of the frame's values; one image after the other is moved to where it fits
    best while the others stay, begun with each of them, and the best end is taken.

    Args:
        frame: `(H, W)` from 0 to 1, which may be black and white draws. images: `(N, h, h)`.
    """
    bright = np.clip(images, 1.0 - _CERTAIN, _CERTAIN)
    count, side = images.shape[:2]
    seen = np.lib.stride_tricks.sliding_window_view(frame, (side, side))
    ends = []
    for start in range(count):
        order = [(start + k) % count for k in range(count)]
        corners: dict[int, tuple[int, int]] = {}
        for image in order * _ROUNDS:
            others = {k: corner for k, corner in corners.items() if k != image}
            gains = _gains(seen, _shown(frame.shape, bright, others), bright[image])
            best = np.unravel_index(gains.argmax(), gains.shape)
            corners[image] = (int(best[0]), int(best[1]))
        shown = _shown(frame.shape, bright, corners)
        gain = float((frame * np.log(shown) + (1.0 - frame) * np.log1p(-shown)).sum())
        ends.append((gain, [corners[k] for k in range(count)]))
    return np.array(max(ends)[1])


def _shown(
    shape: tuple[int, ...], images: np.ndarray, corners: dict[int, tuple[int, int]]
) -> np.ndarray:
    shown, side = np.full(shape, 1.0 - _CERTAIN), images.shape[1]
    for image, (top, left) in corners.items():
        place = shown[top : top + side, left : left + side]
        np.maximum(place, images[image], out=place)
    return shown


def _gains(seen: np.ndarray, shown: np.ndarray, image: np.ndarray) -> np.ndarray:
    """By how much an image explains a frame better than what is shown without it, at each corner.

    Logarithms of the brighter of two values are the greater of theirs, so that none are taken at
    each corner anew.
    """
    side = len(image)
    light, dark = (
        np.lib.stride_tricks.sliding_window_view(log, (side, side))
        for log in (np.log(shown), np.log1p(-shown))
    )
    more = np.maximum(np.log(image) - light, 0.0)
    less = np.minimum(np.log1p(-image) - dark, 0.0)
    return np.asarray((seen * more + (1.0 - seen) * less).sum(axis=(2, 3)))
