"""Solids drawn from their prior."""

from __future__ import annotations

import math

import numpy as np

from genkit.data.scenes.solids import seen_boxes
from genkit.models.air.config import POSE, SHAPES
from genkit.rendering.camera import View
from genkit.rendering.scene import render


class SolidsPrior:
    """Shapes as likely as each other, poses from their prior; the camera is not turned.

    Args:
        view: how scenes are seen. deviations: `(3,)` of poses. slots: solids at most.
    """

    numbers = POSE
    choices = 1

    def __init__(self, view: View, deviations: np.ndarray, slots: int) -> None:
        self.view, self.slots, self.deviations = view, slots, deviations

    def scenes(
        self, latents: np.ndarray, choices: np.ndarray, alive: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pictures and boxes of what is seen of each solid; see `generator.Prior`."""
        shapes = (choices[..., 0] * SHAPES).astype(np.int64)
        poses, azimuth = latents * self.deviations, np.zeros(len(latents), np.float32)
        pictures = render(np, self.view, shapes, poses, alive, azimuth)
        boxes = seen_boxes(self.view, shapes, poses, alive, azimuth, pictures)
        return np.asarray(pictures), boxes

    def choice_log_prob(self) -> float:
        return -math.log(SHAPES)
