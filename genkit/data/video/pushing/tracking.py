"""Where arm and objects of a clip are, and where they would be under other actions."""

from __future__ import annotations

import numpy as np

from genkit.data.images.preprocessing import quantise
from genkit.data.video.config import PushingSimConfig
from genkit.data.video.dataset import CONDITION
from genkit.data.video.pushing.drawing import ARM, HUB, OUTLINE, RIM, TABLE
from genkit.data.video.pushing.episodes import Episode, another, episode
from genkit.data.video.pushing.scene import FRAME
from genkit.data.video.tracks import ColourTrack, Other, Track, Truth


def track(found: Episode) -> ColourTrack:
    """The objects of an episode, and the arm as the last of its things."""
    motion, things = found.motion, found.scene.things
    centres = np.concatenate([motion.objects[..., :2], motion.arm[:, None]], axis=1)
    places = centres[..., ::-1] * (found.size / FRAME) - 0.5
    colours = np.array([*(thing.colour for thing in things), ARM]) / 255.0
    edges = colours[:-1] * (1.0 - OUTLINE)
    others = np.concatenate([np.array([TABLE, RIM, HUB]) / 255.0, edges])
    return ColourTrack(places, colours, others, steered=1)


def truth(config: PushingSimConfig, split: str) -> Truth:
    """What is known of the clips of a split."""

    def own(index: int) -> Track:
        return track(episode(config, split, index))

    def other(index: int, context: int) -> Other:
        found = another(config, split, index, context)
        conditions = {CONDITION + "state": found.states(), CONDITION + "action": found.actions()}
        return Other(conditions, quantise(found.video(), config.levels), track(found))

    return Truth(own, other=other)
