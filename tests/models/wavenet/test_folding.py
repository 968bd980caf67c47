"""Pieces that are drawn side by side: where they lie, how they are joined, what refuses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genkit.errors import UsageError
from genkit.family import Forced, SampleSettings, SoundGenerator
from genkit.models.wavenet.folding import PIECES
from genkit.sampling.driver import sample_tile
from tests import sounds

# Frames of 6 samples at 1,000 Hz: 10 pieces of 60 samples, which overlap by 48; two groups.
SETTINGS = SampleSettings(1, fold=0.06, seconds=0.6)


@pytest.fixture(scope="module")
def learner() -> Any:
    return sounds.learner("local")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("said") / "said.wav"
    soundfile.write(path, (9000 * np.sin(np.arange(600) / 4)).astype(np.int16), 1000)
    return str(path)


def test_the_first_piece_is_drawn_exactly(learner: Any, said: str) -> None:
    """Up to where the second one fades in, it has the whole past."""
    rows = [{"audio": said}]
    folded = learner.generator(SETTINGS)
    assert isinstance(folded, SoundGenerator)
    (pieces,) = sample_tile(folded, 5, range(1), rows)
    (exact,) = sample_tile(learner.generator(SampleSettings(1)), 5, range(1), rows)
    assert (folded.step, folded.overlap) == (60, 48)
    first = folded.step - folded.overlap
    np.testing.assert_array_equal(pieces.samples[0, :first], exact.samples[0, :first])
    assert pieces.length.tolist() == [600]
    assert not np.array_equal(pieces.samples, exact.samples)


def test_pieces_are_conditioned_where_they_lie(learner: Any, said: str) -> None:
    folded = learner.generator(SETTINGS)
    own = folded.conditions([{"audio": said}], 0)
    halo, hop, lead = folded.halo, folded.hop, folded.overlap // folded.hop
    every = np.pad(own["local"][0], ((0, 500), (0, 0)))
    for group in (0, PIECES):
        local = folded._folded(own, group)["local"]
        assert local.shape[1] == (folded.step + folded.overlap) // hop + 2 * halo
        for piece in range(group, group + PIECES):
            first = piece * folded.step // hop - (lead if piece else 0)
            expected = every[first : first + local.shape[1]]
            np.testing.assert_array_equal(local[piece - group], expected)


def test_pieces_of_all_groups_differ(learner: Any) -> None:
    """The same condition everywhere: noise alone tells pieces apart."""
    (found,) = sample_tile(learner.generator(SETTINGS), 5, range(1), [{}])
    ends = [found.samples[0, (k + 1) * 60 - 12 : (k + 1) * 60].tobytes() for k in range(10)]
    assert len(set(ends)) == 10


def test_joining_keeps_the_power_and_the_places(learner: Any) -> None:
    folded = learner.generator(SETTINGS)
    step, pieces = folded.step, 9
    sound = np.zeros((1, pieces, step + folded.overlap))
    for piece in range(pieces):
        sound[0, piece] = 0.1 * (piece + 1)
    joined = folded._joined(sound)[0] / 32768.0
    assert joined.shape == (pieces * step,)
    for piece in range(pieces):
        middle = joined[piece * step : (piece + 1) * step - folded.overlap]
        np.testing.assert_allclose(middle, 0.1 * (piece + 1), atol=1e-4)
    assert np.diff(joined).min() > -0.1  # no hole between two pieces


def test_what_does_not_go_together(learner: Any) -> None:
    with pytest.raises(UsageError, match="--fold is for models with a local condition"):
        sounds.learner("tags").generator(SampleSettings(1, fold=0.1))
    with pytest.raises(UsageError, match=r"--fold must be more than 0\.048 seconds"):
        learner.generator(SampleSettings(1, fold=0.04))
    forced = Forced(np.zeros((1, 9), np.int32), np.ones((1, 9), np.uint8))
    with pytest.raises(UsageError, match="--fold and --prime do not go together"):
        sample_tile(learner.generator(SETTINGS), 5, range(1), [{}], forced)
