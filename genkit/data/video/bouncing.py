"""Digits that bounce off the edges of a frame, by the rules of Moving MNIST's generator.

They are those of `BouncingMNISTDataHandler` in emansim/unsupervised-videos (Srivastava, Mansimov
and Salakhutdinov, 2015), to the letter:

- A digit's place is a point in the unit square, a share of the range in which its upper left
  corner can lie. It begins anywhere, with velocity in any direction, 0.1 long.
- For each frame, the first included: a step; then a coordinate that is 0 or less becomes 0, or
  that is 1 or more becomes 1, and that component of the velocity changes its sign.
- The corner is the integer part of range times place; where digits overlap, the brighter wins.
- Digits are taken one after the other from a permutation of all images, then from the next one.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from genkit.data.epochs import EpochsBySeed
from genkit.data.images.averaging import averaged
from genkit.data.video.config import BouncingConfig
from genkit.data.video.dataset import VIDEO
from genkit.data.video.generated import SPLIT_SEED, Clips
from genkit.data.video.tracks import DigitTrack, Truth
from genkit.family import Arrays
from genkit.randomness import uniform

STEP = 0.1  # of the free range, in each frame
EXAMPLES = 6_000  # digits that are enough to know them by


def places(start: np.ndarray, turn: np.ndarray, frames: int) -> np.ndarray:
    """Where digits are, as shares of the free range: `(frames, D, 2)` float64, y and x.

    Args:
        start: `(2, D)` y and x before the first frame, 0 to 1.
        turn: `(D,)` direction as a share of a full turn; 0 is to the right, 1/4 is down.
    """
    place = start.astype(np.float64)
    angle = 2.0 * np.pi * turn.astype(np.float64)
    velocity = np.stack([np.sin(angle), np.cos(angle)])
    found = np.empty((frames, place.shape[1], 2))
    for frame in found:
        place += velocity * STEP
        outside = (place <= 0.0) | (place >= 1.0)
        np.clip(place, 0.0, 1.0, out=place)
        velocity[outside] *= -1.0
        frame[...] = place.T
    return found


def drawn(digits: np.ndarray, corners: np.ndarray, size: int) -> np.ndarray:
    """Digits in their places, `(T, size, size, 1)` uint8.

    Args:
        digits: `(D, h, h)` uint8.
        corners: `(T, D, 2)` int, row and column of each upper left pixel.
    """
    side = digits.shape[1]
    frames = np.zeros((len(corners), size, size, 1), np.uint8)
    for frame, own in zip(frames[..., 0], corners.tolist(), strict=True):
        for digit, (top, left) in zip(digits, own, strict=True):
            covered = frame[top : top + side, left : left + side]
            np.maximum(covered, digit, out=covered)
    return frames


class Bouncing:
    """Makes clips of some digits.

    Args:
        config: how many digits, how large, how many frames.
        digits: `(N, h, h)` uint8, those to choose from.
        purpose: of what is drawn, such as `moving_mnist/test`.
        labels: `(N,)` their classes, or None.
    """

    def __init__(
        self,
        config: BouncingConfig,
        digits: np.ndarray,
        purpose: str,
        labels: np.ndarray | None = None,
    ) -> None:
        self.config = config
        self.digits = digits
        self.purpose = purpose
        self.labels = labels
        self._order = EpochsBySeed(len(digits), f"{purpose}/digits")

    def clips(self) -> Clips:
        return Clips(self.config, self)

    def __call__(self, seed: int, index: int, wanted: Collection[str]) -> Arrays:
        """One clip of 256 levels; see `generated.Make`."""
        del wanted
        found = self.track(index, seed)
        return {VIDEO: drawn(found.images, found.corners, self.config.size)}

    def track(self, index: int, seed: int = SPLIT_SEED) -> DigitTrack:
        """The digits of one clip."""
        config = self.config
        draw = uniform(seed, self.purpose, index, (3, config.digits))
        positions = np.arange(index * config.digits, (index + 1) * config.digits)
        chosen = self._order.of(seed).at(positions)
        free = config.size - config.digit_size
        corners = (free * places(draw[:2], draw[2], config.frames)).astype(np.int64)
        labels = None if self.labels is None else self.labels[chosen]
        return DigitTrack(corners, averaged(self.digits[chosen], config.digit_size), labels)

    def examples(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Digits for a classifier to learn, the first of them: images `(n, h, h)` uint8 of the
        size that clips show, and their classes `(n,)`."""
        first = averaged(self.digits[:EXAMPLES], self.config.digit_size)
        return first, labels[:EXAMPLES]


def truth(made: Bouncing, train: Bouncing) -> Truth:
    """What is known of the clips of `made`; a classifier learns the digits of `train`."""
    labels = train.labels
    if made.labels is None or labels is None:
        return Truth(made.track)
    return Truth(made.track, lambda: train.examples(labels))
