"""Windows of recordings give the likelihood that whole recordings have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from genkit.data.audio.attributes import vector_of
from genkit.data.audio.dataset import AudioSplit, Segment
from genkit.data.audio.mulaw import encode
from genkit.models.wavenet.features import log_mel
from genkit.models.wavenet.rows import Rows, disturbed, with_gaps
from genkit.progress import SILENT
from genkit.randomness import Noise, normal
from genkit.speech.reading import Spoken
from tests import sounds
from tests.densities import log_softmax
from tests.sequences import array

LENGTHS = (50, 7, 133, 24, 61)  # shorter and longer than a row of every tiny configuration
pytestmark = pytest.mark.backends


def recordings(learner: Any) -> AudioSplit:
    edges = np.cumsum([0, *LENGTHS])
    sound = (9000 * normal(0, "tests/rows", 0, (int(edges[-1]),))).clip(-32768, 32767)
    tags = np.eye(16, dtype=np.uint8)[: len(LENGTHS)]
    attributes = {"tags": tags, "voice": np.arange(len(LENGTHS)) % 2}
    names = [str(i) for i in range(len(LENGTHS))]
    phones = [[Segment(0, n // 2, "'i:"), Segment(n // 2, n, "t")] for n in LENGTHS]
    return AudioSplit(sound.astype(np.int16), edges, attributes, 1000, names, None, phones)


def whole(learner: Any, split: AudioSplit, number: int) -> np.ndarray:
    """Log-probabilities `(T,)` of a recording by one pass over it."""
    config = learner.recipe.model
    codes = config.codec().encode(split.recording(number))[None]
    given = {name: values[number : number + 1] for name, values in split.attributes.items()}
    own: dict[str, Any] = {"vector": vector_of(given, learner.rows.names)}
    if (local := config.local) is not None:
        if local.features == "mel":
            frames = log_mel(split.recording(number), split.sample_rate, local.hop, local.bands)
        else:
            spoken = Spoken(split, learner.recipe.data.phone_set(), local.hop)
            frames = spoken.features(number, True, local.harmonics > 0)
        own["local"] = np.pad(frames, ((local.halo, local.halo), (0, 0)))[None]
    logits = array(learner.network(codes, **{k: v for k, v in own.items() if v is not None}))
    return np.take_along_axis(log_softmax(logits), codes[..., None], -1)[0, :, 0]


@pytest.mark.parametrize(
    ("tiny", "emphasis"), [*((tiny, 0.0) for tiny in sounds.TINY), ("plain", 0.9), ("context", 0.9)]
)
def test_windows_score_what_the_whole_recording_scores(tiny: str, emphasis: float) -> None:
    learner = sounds.learner(tiny, model={"emphasis": emphasis})
    split = recordings(learner)
    found = dict(learner.log_probabilities(split, SILENT))
    assert sorted(found) == list(range(len(LENGTHS)))
    for number, length in enumerate(LENGTHS):
        assert found[number].shape == (length,)
        expected = whole(learner, split, number)
        np.testing.assert_allclose(found[number], expected, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("tiny", list(sounds.TINY))
def test_the_loss_is_the_mean_over_the_windows(tiny: str) -> None:
    """Whatever lies in a row beside its window counts nothing, and moves nothing."""
    learner = sounds.learner(tiny)
    split = recordings(learner)
    scores = dict(learner.log_probabilities(split, SILENT))
    feed = learner.rows.feed(split, 3, 5)
    for k in range(4):
        batch = feed.batch(k)
        loss, metrics = learner.loss(learner.rows(batch, split))
        total, count = 0.0, 0
        for row in range(3):
            origin, recording = int(batch["origin"][row]), int(batch["recording"][row])
            first, stop = origin + batch["skip"][row], origin + batch["stop"][row]
            total += scores[recording][first:stop].sum()
            count += stop - first
        assert float(loss) == pytest.approx(-total / count, rel=2e-4)
        bits = float(metrics["bits_per_sample"])
        assert bits == pytest.approx(-total / count / np.log(2), rel=2e-4)


def test_rows_are_packed_unless_a_context_stack_reads_the_past() -> None:
    plain, context = (Rows(r.model, r.data) for r in map(sounds.recipe, ("plain", "context")))
    assert (plain.packed, plain.tail) == (True, 24 + plain.context)
    assert (context.packed, context.tail) == (False, 24)
    assert context.context % 4 == 0
    assert context.context >= sounds.recipe("context").model.reach()


def test_frames_of_a_row_are_those_of_the_recording() -> None:
    learner = sounds.learner("local")
    split, local = recordings(learner), learner.recipe.model.local
    every = log_mel(split.recording(2), 1000, local.hop, local.bands)
    padded = np.pad(every, ((local.halo, local.halo + 50), (0, 0)))
    for origin in (0, 6, 48, 126):
        begin, count = origin // local.hop - local.halo, 30 // local.hop + 2 * local.halo
        frames = learner.rows.frames.of(split, 2, begin, count)
        first = origin // local.hop
        np.testing.assert_allclose(frames, padded[first : first + len(frames)], atol=1e-6)
        assert frames.shape == (30 // local.hop + 2 * local.halo, local.bands)


def test_noise_is_on_what_is_seen_not_on_what_is_asked_for() -> None:
    learner = sounds.learner("tags")
    codes = np.full((400, 50), 8, np.int32)
    codes[:, :5] = 16  # no code
    seen = disturbed(codes, 16, 1.0, Noise(3, 0))
    assert (seen[:, :5] == 16).all()
    assert seen.min() >= 0
    assert seen[:, 5:].max() <= 15
    spreads = (seen - 8)[:, 5:].std(1)
    assert abs(np.mean((seen - 8)[:, 5:])) < 0.02
    # From 0 to 1 code for each window, small ones more often; far below half a code is none.
    assert spreads.min() == 0.0
    assert 0.9 < spreads.max() < 1.4
    assert 0.3 < (spreads < 0.1).mean() < 0.7
    assert not np.array_equal(seen, disturbed(codes, 16, 1.0, Noise(3, 1)))

    split = learner.split("train")
    rows = learner.rows(learner.feed("train", 0).batch(0), split)
    clean, _ = learner.loss(rows)
    same, _ = learner.loss({**rows, "seen": rows["codes"]})
    other, _ = learner.loss({**rows, "seen": disturbed(rows["codes"], 16, 1.0, Noise(3, 0))})
    assert array(same) == pytest.approx(float(array(clean)))
    assert array(other) != pytest.approx(float(array(clean)), abs=1e-4)
    trained = learner.update(learner.feed("train", 0).batch(0), Noise(3, 0))
    assert float(array(trained["bits_per_sample"])) == pytest.approx(
        float(array(other)) / np.log(2), rel=1e-4
    )


def test_gaps_hold_silence_or_what_another_row_has() -> None:
    gaps = SimpleNamespace(share=0.2, shortest=10, longest=100)
    codes = np.tile(np.array([[20], [30], [40]], np.int32), (1, 20_000))
    codes[:, :50] = 64  # no code
    found = with_gaps(codes, 64, gaps, Noise(1, 0))
    assert (found[:, :50] == 64).all()
    silence = int(encode(np.zeros(1, np.int16), 64)[0])
    for row, after in ((0, 30), (1, 40), (2, 20)):
        own = found[row, 50:]
        values, counts = np.unique(own, return_counts=True)
        assert set(values) == {codes[row, 100], silence, after}
        shares = dict(zip(values.tolist(), (counts / len(own)).tolist(), strict=True))
        # Gaps may overlap, so a little less than the share is hidden.
        assert 0.1 < 1 - shares[int(codes[row, 100])] < 0.25
        assert shares[silence] == pytest.approx(shares[after], abs=0.06)
        changes = np.flatnonzero(np.diff((own != codes[row, 100]).astype(int)))
        lengths = (changes[1:] - changes[:-1])[::2]
        assert lengths.min() >= 10
    assert not np.array_equal(found, with_gaps(codes, 64, gaps, Noise(1, 1)))
    np.testing.assert_array_equal(found, with_gaps(codes, 64, gaps, Noise(1, 0)))
