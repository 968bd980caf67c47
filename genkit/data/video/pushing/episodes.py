"""Clips of pushing, and what the simulator would do under other commands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genkit.data.video.config import PushingSimConfig
from genkit.data.video.generated import SPLIT_SEED
from genkit.data.video.pushing.drawing import render
from genkit.data.video.pushing.driver import Driver
from genkit.data.video.pushing.physics import Motion, simulate
from genkit.data.video.pushing.scene import FRAME, KINDS, Scene, scene
from genkit.errors import UsageError, unknown

# Split -> which objects it has.
SPLITS = {"train": "seen", "validation": "seen", "test": "seen", "test_novel": "novel"}
_HALF = FRAME / 2.0  # -1 to 1 is the whole frame


@dataclass(frozen=True)
class Episode:
    """What happened on one table.

    Args:
        scene: how it began.
        motion: of arm and objects.
        size: height and width of its frames, pixels.
    """

    scene: Scene
    motion: Motion
    size: int

    def video(self) -> np.ndarray:
        """`(T, size, size, 3)` uint8, 256 levels."""
        return render(self.scene, self.motion, self.size)

    def states(self) -> np.ndarray:
        """`(T, 4)` float32: x and y of the arm, -1 to 1, and its velocity per frame."""
        found = [self.motion.arm / _HALF - 1.0, self.motion.velocity / _HALF]
        return np.concatenate(found, axis=1).astype(np.float32)

    def actions(self) -> np.ndarray:
        """`(T, 2)` float32: the displacement commanded until the next frame, in the same unit."""
        return (self.motion.commands / _HALF).astype(np.float32)

    def objects(self) -> np.ndarray:
        """`(T, N, 3)` float32: x and y of each object, -1 to 1, and its angle, radians; in pixels
        a place is (x + 1) size / 2."""
        found = self.motion.objects.copy()
        found[..., :2] = found[..., :2] / _HALF - 1.0
        return found.astype(np.float32)


def episode(
    config: PushingSimConfig,
    split: str,
    index: int,
    actions: np.ndarray | None = None,
    seed: int = SPLIT_SEED,
) -> Episode:
    """The episode of clip `index` of a split; or, from the same beginning, under other commands.

    Args:
        config: of the data set.
        split: such as `test`.
        index: which clip.
        actions: `(T, 2)` displacements, each to be made until the next frame, in the unit of
            `Episode.actions`; None for those of the clip, which give the clip again.
        seed: of a training feed; 0 for the clips of a split.

    Raises:
        UsageError: for a split that is not there, or actions of another shape.
    """
    if split not in SPLITS:
        raise UsageError(f"data set {config.name}: {unknown('split', split, SPLITS)}")
    purpose = f"{config.name}/{split}"
    start = scene(KINDS[SPLITS[split]], config.objects, seed, purpose, index)
    if actions is None:
        drive = Driver(config.frames, seed, purpose, index)
        return Episode(start, simulate(start, config.frames, drive), config.size)
    wanted = np.asarray(actions, np.float64) * _HALF
    if wanted.shape != (config.frames, 2) or not np.isfinite(wanted).all():
        raise UsageError(
            f"actions must be finite numbers of shape ({config.frames}, 2). "
            f"Received: {np.asarray(actions).dtype} {wanted.shape}"
        )
    motion = simulate(start, config.frames, lambda t, arm, objects: wanted[t])
    return Episode(start, motion, config.size)


def another(config: PushingSimConfig, split: str, index: int, context: int) -> Episode:
    """Clip `index` of a split, driven anew from its last given frame, `context` - 1, on."""
    own = episode(config, split, index)
    drive = Driver(config.frames, SPLIT_SEED, f"{config.name}/{split}/other", index)

    def command(t: int, arm: np.ndarray, objects: np.ndarray) -> np.ndarray:
        return own.motion.commands[t] if t < context - 1 else drive(t, arm, objects)

    return Episode(own.scene, simulate(own.scene, config.frames, command), config.size)
