"""How the arm is driven: straight at an object and on, then at another one."""

from __future__ import annotations

import numpy as np

from genkit.data.video.pushing.scene import ARM_RADIUS, FRAME, WALL
from genkit.randomness import uniform

_SLOWEST, _QUICKEST = 2.0, 4.5  # units a frame
_FARTHEST = 18.0  # beyond where the object was when it was aimed at
_ASIDE = 3.0  # of its centre
_AIMLESS = 0.15  # how often it goes anywhere
_UNSTEADY = 0.3  # by which each command differs from the plan, units a frame


class Driver:
    """Commands of one clip, a function of (seed, purpose, index) and of what it sees.

    Args:
        frames: of the clip.
        seed, purpose, index: of what is drawn.
    """

    def __init__(self, frames: int, seed: int, purpose: str, index: int) -> None:
        self._draw = uniform(seed, f"{purpose}/commands", index, (frames, 8)).astype(np.float64)
        self._plan = np.zeros(2)
        self._left = 0  # frames until the next plan

    def __call__(self, t: int, arm: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """The displacement `(2,)` to make until the next frame; see `physics.Command`."""
        draw = self._draw[t]
        if self._left <= 0 or self._at_wall(arm):
            self._aim(draw[:6], arm, objects)
        self._left -= 1
        return self._plan + _UNSTEADY * (2.0 * draw[6:8] - 1.0)

    def _at_wall(self, arm: np.ndarray) -> bool:
        """Whether the plan leads into a wall."""
        ahead = arm + self._plan
        low = WALL + ARM_RADIUS
        return bool((ahead < low).any() or (ahead > FRAME - low).any())

    def _aim(self, draw: np.ndarray, arm: np.ndarray, objects: np.ndarray) -> None:
        aim = WALL + draw[1:3] * (FRAME - 2.0 * WALL)
        beyond = 0.0
        if draw[0] > _AIMLESS:
            number = int(draw[1] * len(objects))
            aim = objects[number, :2]
            beyond = draw[3] * _FARTHEST
        way = aim - arm
        distance = max(float(np.hypot(*way)), 1e-6)
        ahead = way / distance
        aside = np.array([-ahead[1], ahead[0]]) * (_ASIDE * (2.0 * draw[4] - 1.0))
        way = way + aside
        speed = _SLOWEST + draw[5] * (_QUICKEST - _SLOWEST)
        self._plan = way * (speed / max(float(np.hypot(*way)), 1e-6))
        self._left = max(1, round((distance + beyond) / speed))
