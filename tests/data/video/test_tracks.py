"""Where things are found: in true frames where they are, in others where they were put."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.data.video.config import PushingSimConfig
from genkit.data.video.dataset import CONDITION
from genkit.data.video.pushing.episodes import another, episode
from genkit.data.video.tracks import ColourTrack, DigitTrack, fitted
from tests.video_files import read

RED, BLUE, TABLE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.8, 0.8, 0.7)
RULED = np.array([[1, 1, 1], [0, 1, 0], [0, 1, 0]])
ROUND = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
PICTURES = (np.stack([RULED, ROUND]) * 255).astype(np.uint8)


def put(*corners: tuple[int, int]) -> np.ndarray:
    """A frame of 9 x 9 that shows both pictures."""
    frame = np.zeros((9, 9))
    for picture, (top, left) in zip(PICTURES / 255.0, corners, strict=True):
        place = frame[top : top + 3, left : left + 3]
        np.maximum(place, picture, out=place)
    return frame


@pytest.mark.parametrize("corners", [((0, 0), (6, 6)), ((5, 2), (1, 4)), ((3, 3), (4, 4))])
def test_pictures_are_found_also_where_they_overlap(corners: Any) -> None:
    np.testing.assert_array_equal(fitted(put(*corners), PICTURES / 255.0), corners)


def test_grey_pictures_are_found_in_black_and_white_draws() -> None:
    random = np.random.default_rng(0)
    grey = np.clip(random.random((1, 9, 9)) * 1.2 - 0.1, 0.0, 1.0)
    frame = np.zeros((20, 20))
    frame[4:13, 7:16] = grey[0]
    drawn = (random.random(frame.shape) < frame).astype(float)
    np.testing.assert_array_equal(fitted(drawn, grey), [[4, 7]])


def test_digits_of_clips_are_where_the_track_says() -> None:
    split = read(name="bouncing_digits", size=24, digits=2).split("test")
    assert split.truth is not None
    assert split.truth.digits is not None
    images, labels = split.truth.digits()
    assert len(images) == len(labels)
    assert set(labels) == set(range(10))
    for index in range(4):
        track: Any = split.truth.track(index)
        frames = split.items(np.array([index]))["video"][0] / 255.0
        found = track.located(frames, 0)
        np.testing.assert_array_equal(found, track.places)
        # One that nothing covers shows its own picture.
        crops = track.crops(frames, found)
        apart = np.abs(np.diff(track.places, axis=1)).max(axis=(1, 2)) >= track.images.shape[1]
        expected = np.broadcast_to(track.images / 255.0, crops.shape)
        np.testing.assert_allclose(crops[apart], expected[apart], atol=1e-6)
        assert len(track.labels) == track.places.shape[1]


def test_training_digits_teach_those_of_other_splits() -> None:
    found = read(name="bouncing_digits")
    splits = [found.split(name) for name in ("train", "test")]
    taught = [split.truth.digits()[0] for split in splits if split.truth and split.truth.digits]
    np.testing.assert_array_equal(taught[0], taught[1])
    assert splits[0].first(1).truth is splits[0].truth


def coloured(*things: tuple[int, int, tuple[float, float, float]]) -> np.ndarray:
    """A frame of 12 x 12 with squares of 2 x 2: corner and colour."""
    frame = np.broadcast_to(TABLE, (12, 12, 3)).copy()
    for top, left, colour in things:
        frame[top : top + 2, left : left + 2] = colour
    return frame


def test_colours_are_followed() -> None:
    places = np.array([[[2.5, 2.5], [8.5, 8.5]]] * 2)
    track = ColourTrack(places, np.array([RED, BLUE]), np.array([TABLE]))
    frames = np.stack([coloured((3, 4, RED), (8, 7, BLUE)), coloured((4, 6, RED))])
    # What is seen no longer stays where it was.
    expected = [[[3.5, 4.5], [8.5, 7.5]], [[4.5, 6.5], [8.5, 7.5]]]
    np.testing.assert_array_equal(track.located(frames, 1), expected)


def test_things_of_one_colour_are_told_apart_by_where_they_were() -> None:
    places = np.array([[[2.5, 2.5], [8.5, 8.5]]])
    track = ColourTrack(places, np.array([RED, RED]), np.array([TABLE]))
    frames = coloured((7, 7, RED), (3, 3, RED))[None]
    np.testing.assert_array_equal(track.located(frames, 1), [[[3.5, 3.5], [7.5, 7.5]]])


def test_objects_and_arm_are_found_in_pictures_of_the_simulator() -> None:
    config = PushingSimConfig()
    for name in ("test", "test_novel"):
        split = read(name="pushing_sim").split(name)
        assert split.truth is not None
        assert split.truth.digits is None
        errors = []
        for index in range(8):
            track = split.truth.track(index)
            frames = split.items(np.array([index]))["video"][0] / 255.0
            errors.append(np.hypot(*np.moveaxis(track.located(frames, 0) - track.places, -1, 0)))
        # Of 64: an arm's middle is of another colour, and arms cover what they push.
        assert np.mean([own[:, :-1] for own in errors]) < 0.5
        assert np.mean([own[:, -1] for own in errors]) < 2.0
        assert track.places.shape == (config.frames, config.objects + 1, 2)
        assert track.steered == 1


def test_other_actions_begin_alike() -> None:
    config = PushingSimConfig(levels=32)
    split = read(name="pushing_sim", levels=32).split("test")
    assert split.truth is not None
    assert split.truth.other is not None
    own, other = split.items(np.array([3])), split.truth.other(3, 4)
    np.testing.assert_array_equal(own["video"][0, :4], other.video[:4])
    assert (own["video"][0, 4:] != other.video[4:]).any(axis=(1, 2, 3)).all()
    action, state = (CONDITION + name for name in ("action", "state"))
    np.testing.assert_array_equal(own[action][0, :3], other.conditions[action][:3])
    np.testing.assert_array_equal(own[state][0, :4], other.conditions[state][:4])
    # The actions that it tells give the same again.
    found = another(config, "test", 3, 4)
    again = episode(config, "test", 3, found.actions())
    np.testing.assert_array_equal(found.motion.objects, again.motion.objects)
    np.testing.assert_allclose(other.track.places, split.truth.other(3, 4).track.places)


def test_a_digit_track_says_where_middles_are() -> None:
    track = DigitTrack(np.array([[[2, 3]]]), np.zeros((1, 5, 5), np.uint8))
    np.testing.assert_array_equal(track.places, [[[4.0, 5.0]]])
