"""The pushing simulator as a data set."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from genkit.data.video.config import PushingSimConfig
from genkit.data.video.dataset import CONDITION, VIDEO, VideoDataset
from genkit.data.video.generated import TRAIN_CLIPS, Clips, dataset
from genkit.data.video.pushing.episodes import episode
from genkit.data.video.pushing.tracking import truth
from genkit.family import Arrays


@dataclass(frozen=True)
class Pushing:
    """Makes the clips of a split; see `generated.Make`."""

    config: PushingSimConfig
    split: str

    def __call__(self, seed: int, index: int, wanted: Collection[str]) -> Arrays:
        found = episode(self.config, self.split, index, seed=seed)
        arrays = {CONDITION + "state": found.states(), CONDITION + "action": found.actions()}
        return {**arrays, VIDEO: found.video()} if VIDEO in wanted else arrays


def load(config: PushingSimConfig) -> VideoDataset:
    """The four splits; training has no end."""
    counts = {
        "train": TRAIN_CLIPS,
        "validation": config.validation_count,
        "test": config.test_count,
        "test_novel": config.test_count,
    }
    splits = {
        name: Clips(config, Pushing(config, name)).split(
            count, name == "train", truth(config, name)
        )
        for name, count in counts.items()
    }
    return dataset(config, splits)
