"""Windows count every frame once, and say what the whole recording says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.data.audio.dataset import AudioSplit, Segment
from genkit.models.phone_recogniser.proofs import leak, parity, whole
from genkit.models.phone_recogniser.rows import louder
from genkit.randomness import Noise, normal
from tests import recognisers
from tests.sequences import array

LENGTHS = (2_000, 39, 1_377, 400, 401)
pytestmark = pytest.mark.backends


def recordings() -> AudioSplit:
    edges = np.cumsum([0, *LENGTHS]).astype(np.int64)
    sound = (9000 * normal(0, "tests/recogniser", 0, (int(edges[-1]),))).clip(-32768, 32767)
    phones = [
        [Segment(0, n // 3, "'i:"), Segment(n // 3, n // 2, "_"), Segment(n // 2, n, "qq")]
        for n in LENGTHS
    ]
    names = [str(i) for i in range(len(LENGTHS))]
    return AudioSplit(sound.astype(np.int16), edges, {}, 8_000, names, None, phones)


@pytest.mark.parametrize("tiny", recognisers.NAMES)
@pytest.mark.parametrize("seed", [None, 5])
def test_an_epoch_counts_each_frame_and_each_sample_once(tiny: str, seed: int | None) -> None:
    learner = recognisers.learner(tiny)
    split, pool = recordings(), learner.config.pool
    feed = learner.rows.feed(split, 1, seed)
    counted = [np.zeros(-(-n // pool), int) for n in LENGTHS]
    samples = [np.zeros(n, int) for n in LENGTHS]
    for k in range(feed.windows):
        batch = feed.batch(k)
        rows = learner.rows(batch, split)
        number, origin = int(batch["recording"][0]), int(batch["origin"][0])
        frames = np.flatnonzero(rows["counted"][0])
        np.add.at(counted[number], origin // pool + frames, 1)
        np.add.at(samples[number], origin + np.flatnonzero(rows["samples"][0]), 1)
        known = learner.rows.frames(split, number)[origin // pool + frames]
        assert (rows["frames"][0, frames] == (known >= 0)).all()
        assert (rows["phones"][0, frames] == np.maximum(known, 0)).all()
    assert all((one == 1).all() for one in (*counted, *samples))


def test_phones_of_frames_are_those_at_their_middles() -> None:
    learner = recognisers.learner("plain")
    found = learner.rows.frames(recordings(), 3)
    labels = [learner.rows.labels[n] if n >= 0 else None for n in found]
    # 400 samples in frames of 40: a third is i:, then a pause, and a phone that is unknown.
    assert labels == ["i:"] * 3 + ["_"] * 2 + [None] * 5


@pytest.mark.parametrize("tiny", recognisers.NAMES)
def test_windows_hear_what_the_whole_recording_gives(tiny: str) -> None:
    learner = recognisers.learner(tiny)
    split = recordings()
    found = list(learner.heard(split))
    assert len(found) == len(LENGTHS)
    for number, heard in enumerate(found):
        expected = whole(learner, split.recording(number))
        np.testing.assert_allclose(heard.log_probabilities, expected, rtol=1e-3, atol=1e-3)
        assert (heard.log_prob is None) == (tiny == "frames")
    assert parity(learner) < 1e-3
    assert leak(learner) == 0.0


def test_the_reach_is_no_longer_than_it_is_said_to_be() -> None:
    """Nearer sound than `leak` changes does count."""
    learner = recognisers.learner("plain")
    config = learner.config
    frame, around = 20, config.halo * config.pool
    sound = (8000 * normal(1, "tests/reach", 0, (40 * config.pool,))).astype(np.int16)
    own = whole(learner, sound)[frame]
    for place in (
        frame * config.pool - around - config.codes_seen(),
        (frame + 1) * config.pool + around - 2,
    ):
        other = sound.copy()
        other[place] = 30_000 if sound[place] < 0 else -30_000
        assert np.abs(whole(learner, other)[frame] - own).max() > 0


def test_noise_and_dropout_are_for_training_alone() -> None:
    learner = recognisers.learner("plain")
    split = learner.split("train")
    batch = learner.rows.feed(split, 2, 0).batch(0)
    rows = learner.rows(batch, split)
    plain, _ = learner.loss(rows)
    again, _ = learner.loss(rows)
    assert float(array(plain)) == float(array(again))

    found: list[Any] = []
    learner.steps = {"training": lambda rows: found.append(rows) or {}}
    learner.update(batch, Noise(0, 0))
    assert (found[0]["seen"] != found[0]["codes"]).any()
    kept = [mask > 0 for mask in found[0]["masks"]]
    assert all(0.5 < each.mean() < 0.9 for each in kept)


def test_training_hears_every_speed() -> None:
    learner = recognisers.learner("plain")
    own, every = learner.split("train"), learner.training_split
    assert len(every) == 2 * len(own)
    feed = learner.feed("train", 0)
    assert feed.split is every
    assert array(learner.order["priors"]).any()
    # Frames of a slower recording say the same, for longer.
    slow, fast = (learner.rows.frames(every, i) for i in (len(own), 0))
    near = np.minimum((np.arange(len(slow)) + 0.5) * 0.8, len(fast) - 1).astype(int)
    assert np.mean(slow == fast[near]) > 0.8
    assert learner.feed("validation", 0).split is learner.split("validation")


def test_windows_are_louder_or_softer() -> None:
    sound = np.tile(np.array([[1_000, -20_000, 0]], np.int16), (400, 1))
    found = louder(sound, 6.0, Noise(0, 0)).astype(np.float64)
    decibels = 20 * np.log10(found[:, 0] / 1_000)
    assert -6.1 < decibels.min() < -5.5
    assert 5.5 < decibels.max() < 6.1
    assert found[:, 1].min() == -32_768  # cut
    assert not found[:, 2].any()


def test_the_checks_fail_where_a_frame_sees_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = recognisers.learner("plain")
    right = learner.network.naming.call
    monkeypatch.setattr(
        learner.network.naming,
        "call",
        lambda x, present, masks=None: right(x + x[:, ::-1], present, masks),
    )
    assert leak(learner) > 1e-4
    assert parity(learner) > 1e-3
