"""Episodes of copying, step by step."""

from __future__ import annotations

import numpy as np

from genkit.data.sequences.config import CopyTaskConfig
from genkit.data.sequences.copying import load


def test_symbols_are_to_be_said_behind_the_mark():
    made = load(CopyTaskConfig(symbols=3)).episodes(0, "train", 5, 4, 6)
    assert made.inputs.shape == (13, 4, 5)
    read = made.inputs[:6, :, :3].argmax(axis=-1)
    assert (made.inputs[:6, :, :3].sum(axis=-1) == 1).all()
    np.testing.assert_array_equal(made.targets[7:], read)
    np.testing.assert_array_equal(made.asked, np.repeat([0.0, 1.0], [7, 6]))
    assert (made.inputs[6, :, 3] == 1).all()
    assert (made.inputs[7:] == 0).all()
    assert len(np.unique(read)) == 3


def test_repeats_are_told_and_end():
    config = CopyTaskConfig(symbols=2, repeat=True, longest=10)
    made = load(config).episodes(0, "train", 0, 3, 4, 3)
    read = made.inputs[:4, :, :2].argmax(axis=-1)
    np.testing.assert_array_equal(made.targets[5:17], np.concatenate([read] * 3))
    assert (made.targets[17] == 2).all()
    np.testing.assert_allclose(made.inputs[4, :, 3], 0.3)
    assert made.asked.sum() == 13
    assert len(made) == 18


def test_episodes_are_functions_of_seed_purpose_and_number():
    task = load(CopyTaskConfig())
    one = task.episodes(1, "train", 2, 8, 5).inputs
    np.testing.assert_array_equal(one, task.episodes(1, "train", 2, 8, 5).inputs)
    for other in ((1, "train", 3), (1, "test", 2), (2, "train", 2)):
        assert not np.array_equal(one, task.episodes(*other, 8, 5).inputs)
