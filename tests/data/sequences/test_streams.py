"""Streams of digits and what is counted in them."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.data.sequences.config import DigitStreamConfig
from genkit.data.sequences.streams import load_digits
from genkit.errors import UsageError
from genkit.layers.values import centred_array
from genkit.models.synthetic_gradients.clocks.learner import PeriodFeed


def test_hits_are_those_of_the_images_that_are_shown():
    stream = load_digits(DigitStreamConfig(counted=[1, 3], seldom=[8]))
    own = stream.split("test")
    images, labels = own.images, own.labels
    assert images.max() == own.levels - 1
    shown, first, second = stream.step("test", 0, 7, 50)
    for image, odd, eight in zip(shown, first, second, strict=True):
        (number,) = {
            int(label) for i, label in zip(images, labels, strict=True) if (i == image).all()
        }
        assert odd == (number in (1, 3))
        assert eight == (number == 8)


def test_periods_sum_their_steps():
    stream = load_digits(DigitStreamConfig(period=3))
    batch = PeriodFeed(stream, "train", 4, 6).batch(2)
    steps = [stream.step("train", 4, index, 6) for index in (6, 7, 8)]
    np.testing.assert_array_equal(
        batch["image"], centred_array(np.stack([s[0] for s in steps]), 17)
    )
    np.testing.assert_array_equal(batch["often"], sum(s[1] for s in steps))
    np.testing.assert_array_equal(batch["seldom"], sum(s[2] for s in steps))


def test_missing_splits_are_told():
    with pytest.raises(UsageError, match="unknown split"):
        load_digits(DigitStreamConfig()).step("holdout", 0, 0, 1)
