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
from genkit.randomness import normal
from genkit.sampling.driver import sample_tile, tile_chunks
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


def test_joining_fades_from_one_piece_to_the_next(learner: Any) -> None:
    """Constant pieces show where each one is heard; a group goes on where the last one ended."""
    folded = learner.generator(SETTINGS)
    step, overlap = folded.step, folded.overlap
    sound = np.zeros((1, PIECES, step + overlap))
    for piece in range(PIECES):
        sound[0, piece] = 0.1 * (piece + 1)
    joined = folded._joined(sound, np.zeros((1, 0)))[0]
    assert joined.shape == (PIECES * step,)
    for piece in range(PIECES - 1):
        own = 0.1 * (piece + 1)
        begin = (piece + 1) * step - overlap
        np.testing.assert_allclose(joined[piece * step : begin], own)
        middle = begin + overlap // 2
        assert joined[begin] == pytest.approx(own, rel=0.05)
        assert joined[begin + overlap - 1] == pytest.approx(own + 0.1, rel=0.05)
        assert joined[middle] == pytest.approx((2 * own + 0.1) * 0.5**0.5, rel=0.05)
    after = folded._joined(np.full_like(sound, 2.0), joined[None, -overlap:])[0]
    assert after.shape == (overlap + PIECES * step,)
    assert after[0] == pytest.approx(joined[-overlap], rel=0.2)
    np.testing.assert_allclose(after[overlap : overlap + step - overlap], 2.0)


def test_joining_keeps_the_power_of_different_noise(learner: Any) -> None:
    folded = learner.generator(SETTINGS)
    shape = (200, PIECES, folded.step + folded.overlap)
    joined = folded._joined(normal(0, "tests/folding", 0, shape), np.zeros((200, 0)))
    fades = np.concatenate(
        [joined[:, k * folded.step - folded.overlap : k * folded.step] for k in range(1, PIECES)]
    )
    assert np.var(fades) == pytest.approx(1.0, rel=0.02)


def test_a_log_probability_counts_each_sample_once(learner: Any, said: str) -> None:
    """Every value has the chance that it had in the piece that it belongs to."""
    folded = learner.generator(SETTINGS)
    step, overlap = folded.step, folded.overlap
    chances = np.arange(PIECES * (step + overlap), dtype=np.float64).reshape(1, PIECES, -1)
    first = folded._own(chances, 0)[0]
    np.testing.assert_array_equal(first[:step], chances[0, 0, :step])
    np.testing.assert_array_equal(first[step : 2 * step], chances[0, 1, overlap:])
    later = folded._own(chances, PIECES)[0]
    np.testing.assert_array_equal(later[:step], chances[0, 0, overlap:])
    assert len(first) == len(later) == PIECES * step


@pytest.mark.parametrize("emphasis", [0.0, 0.9])
def test_chunks_are_the_recording(said: str, emphasis: float) -> None:
    folded = sounds.learner("local", model={"emphasis": emphasis}).generator(SETTINGS)
    chunks = list(tile_chunks(folded, 5, range(1), [{"audio": said}]))
    assert len(chunks) == folded.chunks == 2
    (whole,) = folded.finish(chunks, range(1))
    pieces = [folded.pcm(chunk, 0) for chunk in chunks]
    np.testing.assert_array_equal(np.concatenate(pieces), whole.samples[0])
    assert len(pieces[0]) == PIECES * 60 - folded.overlap
    assert all(chunk.values.shape == chunk.log_prob.shape for chunk in chunks)


def test_what_does_not_go_together(learner: Any) -> None:
    with pytest.raises(UsageError, match="--fold is for models with a local condition"):
        sounds.learner("tags").generator(SampleSettings(1, fold=0.1))
    with pytest.raises(UsageError, match=r"--fold must be more than 0\.048 seconds"):
        learner.generator(SampleSettings(1, fold=0.04))
    forced = Forced(np.zeros((1, 9), np.int32), np.ones((1, 9), np.uint8))
    with pytest.raises(UsageError, match="--fold and --prime do not go together"):
        sample_tile(learner.generator(SETTINGS), 5, range(1), [{}], forced)
