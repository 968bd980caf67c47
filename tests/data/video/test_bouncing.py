"""Digits in motion, beside a slow implementation of the same rules."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkit.data.images.averaging import averaged
from genkit.data.video.bouncing import Bouncing, drawn, places
from genkit.data.video.config import BouncingDigitsConfig
from genkit.data.video.dataset import VideoFeed
from genkit.randomness import permutation, uniform
from tests.video_files import read, section

# Of the first eight test clips of the defaults: another one would be another data set.
FIRST = "a0a00e3918db95fe"


def reference(
    images: list[Any], starts: list[Any], free: int, frames: int, size: int
) -> list[list[list[int]]]:
    """Frames of digits, one number at a time. `starts` are (y, x, angle in radians)."""
    found = [[[0] * size for _ in range(size)] for _ in range(frames)]
    for image, (y, x, angle) in zip(images, starts, strict=True):
        down, right = math.sin(angle), math.cos(angle)
        for t in range(frames):
            y, x = y + down * 0.1, x + right * 0.1
            if x <= 0:
                x, right = 0.0, -right
            if x >= 1.0:
                x, right = 1.0, -right
            if y <= 0:
                y, down = 0.0, -down
            if y >= 1.0:
                y, down = 1.0, -down
            top, left = int(free * y), int(free * x)
            for row, line in enumerate(image):
                for column, value in enumerate(line):
                    old = found[t][top + row][left + column]
                    found[t][top + row][left + column] = max(old, int(value))
    return found


@pytest.mark.parametrize(("count", "side", "size"), [(1, 3, 7), (2, 4, 12), (3, 5, 31)])
def test_every_clip_is_what_the_rules_say(count: int, side: int, size: int) -> None:
    config = BouncingDigitsConfig(digits=count, size=size, digit_size=side, frames=30)
    images = (np.arange(10 * side * side).reshape(10, side, side) * 37 % 256).astype(np.uint8)
    make = Bouncing(config, images, "test")
    order = np.concatenate([permutation(9, "test/digits", epoch, 10) for epoch in range(5)])
    for index in (0, 1, 4, 9):
        draw = uniform(9, "test", index, (3, count)).astype(np.float64)
        starts = [(draw[0, d], draw[1, d], 2 * math.pi * draw[2, d]) for d in range(count)]
        chosen = images[order[index * count : (index + 1) * count]]
        wanted = reference(list(chosen), starts, size - side, 30, size)
        np.testing.assert_array_equal(make(9, index, ())["video"][..., 0], wanted)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_digits_never_leave_and_turn_at_the_walls(y: float, x: float, turn: float) -> None:
    found = places(np.array([[y], [x]]), np.array([turn]), 60)[:, 0]
    assert found.min() >= 0.0
    assert found.max() <= 1.0
    speed = np.abs([math.sin(2 * math.pi * turn), math.cos(2 * math.pi * turn)]) * 0.1
    before = np.vstack([[y, x], found[:-1]])
    steps = found - before
    for axis in (0, 1):
        for t in range(60):
            at_wall = found[t, axis] in (0.0, 1.0)
            if not at_wall:  # a whole step
                assert abs(abs(steps[t, axis]) - speed[axis]) < 1e-9
            elif t + 1 < 60 and speed[axis] > 1e-6:  # and away from it next
                away = steps[t + 1, axis]
                assert (away > 0) == (found[t, axis] == 0.0)


def test_a_step_comes_before_the_first_frame() -> None:
    right = places(np.array([[0.5], [0.2]]), np.array([0.0]), 3)
    np.testing.assert_allclose(right[:, 0], [[0.5, 0.3], [0.5, 0.4], [0.5, 0.5]])
    down = places(np.array([[0.85], [0.2]]), np.array([0.25]), 3)
    np.testing.assert_allclose(down[:, 0, 0], [0.95, 1.0, 0.9])


def test_a_place_is_cut_off_and_not_rounded() -> None:
    """Of a range of 8 pixels, 0.999 is still pixel 7."""
    config = BouncingDigitsConfig(size=11, digit_size=3, frames=2)
    make = Bouncing(config, np.full((1, 3, 3), 255, np.uint8), "test")
    for index in range(20):
        draw = uniform(0, "test", index, (3, 1))
        corners = np.floor(8 * places(draw[:2], draw[2], 2)[:, 0])
        for frame, (top, left) in zip(make(0, index, ())["video"], corners, strict=True):
            lit = np.argwhere(frame[..., 0])
            assert lit.min(axis=0).tolist() == [top, left]


def test_where_digits_overlap_the_brighter_wins() -> None:
    digits = np.array([np.full((2, 2), 200), [[100, 250], [0, 255]]], np.uint8)
    frame = drawn(digits, np.array([[[0, 0], [0, 1]]]), 3)[0, ..., 0]
    assert frame.tolist() == [[200, 200, 250], [200, 200, 255], [0, 0, 0]]


def test_averages_over_areas() -> None:
    whole = np.arange(16, dtype=np.uint8).reshape(1, 4, 4) * 10
    assert averaged(whole, 2)[0].tolist() == [[25, 45], [105, 125]]
    assert averaged(np.full((2, 28, 28), 77, np.uint8), 9).tolist() == [[[77] * 9] * 9] * 2
    three = averaged(np.array([[[0, 240], [0, 240]]], np.uint8), 1)
    assert three.tolist() == [[[120]]]
    uneven = averaged(np.array([[[0, 30, 60], [0, 30, 60], [0, 30, 60]]], np.uint8), 2)
    assert uneven[0].tolist() == [[10, 50], [10, 50]]


def test_bouncing_digits() -> None:
    found = read(name="bouncing_digits")
    assert {name: len(split) for name, split in found.splits.items()} == {
        "train": 10_000,
        "validation": 200,
        "test": 400,
    }
    split = found.split("test")
    clip = split.clips[0]
    assert clip.shape == section(name="bouncing_digits").video_shape() == (10, 16, 16, 1)
    assert set(np.unique(split.clips[:20])) <= {round(v * 255 / 16) for v in range(17)}
    assert found.notes == {"data": "bouncing_digits", "preprocessing": "none"}
    content = np.ascontiguousarray(split.clips[:8]).tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == FIRST
    np.testing.assert_array_equal(split.items(np.array([3]))["video"][0], split.clips[3])


def test_other_settings_of_bouncing_digits() -> None:
    values = {"name": "bouncing_digits", "size": 9, "digit_size": 4, "digits": 3, "frames": 4}
    found = read(**values, levels=4, validation_count=2, test_count=3)
    batch = VideoFeed(found.split("train"), 5, 1).batch(0)["video"]
    assert batch.shape == (5, 4, 9, 9, 1)
    assert batch.max() == 3
    full = VideoFeed(read(**values).split("train"), 5, 1).batch(0)["video"]
    np.testing.assert_array_equal(batch, full >> 6)
    assert found.notes["preprocessing"] == (
        "digits 8x8 averaged to 4x4, quantised from 256 to 4 levels"
    )


def test_splits_show_different_digits() -> None:
    """Every digit of the published set is in one split only."""
    values = {"name": "bouncing_digits", "size": 9, "digits": 1, "frames": 2}
    seen = []
    for name in ("train", "validation", "test"):
        clips = read(**values).split(name).clips[:60]
        seen.append({clip[0][np.ix_(*(np.flatnonzero(clip[0, ..., 0].any(a)) for a in (1, 0)))]
                     .tobytes() for clip in clips})  # fmt: skip
    assert all(len(found) > 50 for found in seen)
    assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]


def test_digits_need_room() -> None:
    with pytest.raises(ValueError, match="size must be larger than digit_size, 8"):
        section(name="bouncing_digits", size=8)
