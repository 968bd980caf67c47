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

SETTINGS = SampleSettings(1, fold=0.012, seconds=0.6)  # two frames of 6 samples at 1,000 Hz


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
    step = folded.step(600)
    assert step * PIECES >= 600 > step * (PIECES - 1)
    first = step - folded.overlap
    np.testing.assert_array_equal(pieces.samples[0, :first], exact.samples[0, :first])
    assert pieces.length.tolist() == [600]
    assert not np.array_equal(pieces.samples, exact.samples)


def test_pieces_are_conditioned_where_they_lie(learner: Any, said: str) -> None:
    folded = learner.generator(SETTINGS)
    own = folded.conditions([{"audio": said}], 0)
    step = folded.step(600)
    local = folded._folded(own, step)["local"]
    halo, hop, lead = folded.halo, folded.hop, folded.overlap // folded.hop
    every = np.pad(own["local"][0], ((0, 50), (0, 0)))
    for piece in range(PIECES):
        first = piece * step // hop - (lead if piece else 0)
        np.testing.assert_array_equal(local[piece], every[first : first + local.shape[1]])
        assert local.shape[1] == (step + folded.overlap) // hop + 2 * halo


def test_joining_keeps_the_power_and_the_places(learner: Any) -> None:
    folded = learner.generator(SETTINGS)
    step = 60
    sound = np.zeros((1, PIECES, step + folded.overlap))
    for piece in range(PIECES):
        sound[0, piece] = 0.1 * (piece + 1)
    joined = folded._joined(sound, step)[0] / 32768.0
    assert joined.shape == (PIECES * step,)
    for piece in range(PIECES):
        middle = joined[piece * step : (piece + 1) * step - folded.overlap]
        np.testing.assert_allclose(middle, 0.1 * (piece + 1), atol=1e-4)
    assert np.diff(joined).min() > -0.1  # no hole between two pieces


def test_what_does_not_go_together(learner: Any) -> None:
    with pytest.raises(UsageError, match="--fold is for models with a local condition"):
        sounds.learner("tags").generator(SampleSettings(1, fold=0.1))
    with pytest.raises(UsageError, match=r"--fold must be at least 0\.006 seconds, a frame"):
        learner.generator(SampleSettings(1, fold=0.001))
    forced = Forced(np.zeros((1, 9), np.int32), np.ones((1, 9), np.uint8))
    with pytest.raises(UsageError, match="--fold and --prime do not go together"):
        sample_tile(learner.generator(SETTINGS), 5, range(1), [{}], forced)
