"""A recogniser learns, is judged beside cepstra, and writes what it hears."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from genkit.data.audio.alignment import read_segments
from genkit.family import EvaluationRequest
from genkit.models.phone_recogniser.config import parameter_count
from genkit.progress import SILENT
from genkit.randomness import Noise
from tests import recognisers
from tests.sequences import array


@pytest.mark.parametrize("tiny", recognisers.NAMES)
def test_parameters_are_as_many_as_the_closed_form_says(tiny: str) -> None:
    learner = recognisers.learner(tiny)
    found = sum(int(np.prod(w.shape)) for w in learner.network.trainable_variables)
    assert found == parameter_count(learner.recipe.model, learner.recipe.data)


@pytest.fixture(scope="module")
def trained() -> Any:
    learner = recognisers.TINY.fresh(
        "plain",
        model={"residual": 8, "skip": 16, "channels": 16, "dropout": 0.1, "levels": 64},
        data={"crop": 4_000, "train_count": 12},
        train={"steps": 300, "batch_size": 4, "learning_rate": 1e-2},
        eval={"batch_size": 4},
    )
    feed = learner.feed("train", 0)
    for k in range(300):
        learner.update(feed.batch(k), Noise(0, k))
    return learner


def test_frames_are_named_better_than_by_the_most_frequent_phone(trained: Any) -> None:
    found = trained.evaluate(EvaluationRequest("train", 4, brief=True), SILENT).metrics
    split = trained.split("train").first(4)
    asked = np.concatenate([trained.rows.frames(split, i) for i in range(4)])
    chance = 1 - np.bincount(asked[asked >= 0]).max() / np.sum(asked >= 0)
    assert found["frame_error"] < 0.85 * chance
    assert found["bits_per_sample"] < 5.0  # of 6
    # What is told of frames is what recordings have.
    named = [h.log_probabilities.argmax(axis=1) for h in trained.heard(split)]
    wrong = np.mean((np.concatenate(named) != asked)[asked >= 0])
    assert found["frame_error"] == pytest.approx(wrong)


def test_a_whole_evaluation(trained: Any) -> None:
    found = trained.evaluate(EvaluationRequest("test", 2), SILENT)
    metrics = found.metrics
    ratio = metrics["frame_error"] / metrics["cepstra_frame_error"]
    assert metrics["frame_error_ratio"] == pytest.approx(ratio)
    for name in ("phone_error_rate", "greedy_phone_error_rate", "cepstra_phone_error_rate"):
        assert metrics[name] > 0
    frames = sum(row["frames"] for row in found.tables["per_phone"])
    wrong = sum(row["frames"] * row["frame_error"] for row in found.tables["per_phone"])
    assert wrong / frames == pytest.approx(metrics["frame_error"])
    assert sum(row["frames"] for row in found.tables["confusions"]) <= wrong + 0.5
    assert [picture.name for picture in found.artifacts] == ["recording-0", "recording-1"]


def test_the_order_of_phones_stays_with_the_weights(trained: Any) -> None:
    """Recordings are transcribed where the training split is not."""
    variables = trained.variables()
    assert {"order/priors", "order/first", "order/moves"} <= set(variables)
    moves = np.exp(array(trained.order["moves"]).astype(np.float64))
    np.testing.assert_allclose(moves.sum(axis=1), 1.0, atol=1e-5)
    other = recognisers.TINY.fresh(
        "plain", data={"train_count": 1, "voices": ["m7"]}, model={"levels": 64}
    )
    for name, variable in trained.order.items():
        other.order[name].assign(variable)
    np.testing.assert_allclose(other.decoder.log_priors, trained.decoder.log_priors)
    np.testing.assert_allclose(other.decoder.model.moves, trained.decoder.model.moves)


def test_rows_and_files_of_recordings_of_ones_own(trained: Any, tmp_path: Path) -> None:
    split = trained.split("test")
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a b.wav", split.recording(0), 8_000)
    own = list(trained.score(str(tmp_path / "in"), None, SILENT))
    known = list(trained.score("test", 1, SILENT))
    assert own[0]["phones"] == known[0]["phones"] != ""
    assert "phone_error_rate" in known[0]
    assert "phone_error_rate" not in own[0]
    assert own[0]["seconds"] == pytest.approx(len(split.recording(0)) / 8_000)

    for data in (str(tmp_path / "in"), "test"):
        written = [
            path
            for artifact in trained.item_files(data, 1, SILENT)
            for path in artifact.save(tmp_path / "out")
        ]
        assert sorted(path.suffix for path in written) == [".TextGrid", ".ctm", ".png"]
        heard = own if data != "test" else known
        grid = next(path for path in written if path.suffix == ".TextGrid")
        phones = [segment for segment in read_segments(grid) if segment[2] != "_"]
        labels = [label for _, _, label in phones]
        assert labels == heard[0]["phones"].split()
        lines = [line.split() for line in grid.with_suffix(".ctm").read_text().splitlines()]
        assert [line[4] for line in lines] == labels
        for line, (start, end, _) in zip(lines, phones, strict=True):
            assert float(line[2]) == pytest.approx(start, abs=1e-3)
            assert float(line[3]) == pytest.approx(end - start, abs=1e-3)
            assert 0 < float(line[5]) <= 1
