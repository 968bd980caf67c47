"""Copying: the curriculum, truncated gradients, what the bridge is taught, and that it helps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.conformance.weights import randomise
from genkit.errors import UsageError
from genkit.family import EvaluationRequest
from genkit.models.synthetic_gradients.recurrent.curriculum import AVERAGE, Curriculum
from genkit.models.synthetic_gradients.recurrent.evaluation import errors
from genkit.progress import SILENT
from genkit.randomness import Noise
from tests.cuts import CUTS
from tests.densities import array

COPY = {"name": "copy_task", "symbols": 2, "longest": 6, "test_episodes": 20, "repeat": False}


def made(**recurrent: Any) -> Any:
    own = {"units": 6, "window": 3, "hidden": 5, "auxiliary": False, **recurrent}
    return CUTS.fresh("copy", model={"recurrent": own}, data=COPY)


def test_sizes_grow_once_enough_episodes_are_good() -> None:
    at = Curriculum()
    for _ in range(AVERAGE):
        assert at.length == 1.0
        at = at.window(3, bits=0.1, said=1.0).ended(False, 6)
    assert (at.length, at.solved, at.seen, at.episode) == (2.0, 1.0, 0.0, AVERAGE)
    for _ in range(3 * AVERAGE):
        at = at.window(5, bits=2.0, said=2.0).ended(False, 6)
    assert (at.length, at.solved) == (2.0, 1.0)
    assert at.average == pytest.approx(1.0, abs=1e-6)


def test_repeats_and_lengths_grow_in_turn_and_end() -> None:
    sizes, at = [], Curriculum()
    for _ in range(6):
        sizes.append((at.length, at.repeats))
        at = at.larger(True, 3)
    assert sizes == [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (3, 3)]


def test_windows_of_an_episode_follow_each_other() -> None:
    learner = made()
    feed, positions, lengths = learner.feed("train", 0), [], []
    for k in range(4):
        positions.append(learner.curriculum().position)
        learner.update(feed.batch(k), Noise(0, k))
        lengths.append(learner.curriculum().episode)
    assert positions == [0.0, 0.0, 0.0, 0.0]  # three steps: read, mark, say
    assert lengths == [1.0, 2.0, 3.0, 4.0]
    wide = made(window=2)
    positions = []
    for k in range(4):
        positions.append(wide.curriculum().position)
        wide.update(wide.feed("train", 0).batch(k), Noise(0, k))
    assert positions == [0.0, 2.0, 0.0, 2.0]


@pytest.mark.backends
def test_what_the_bridge_says_goes_back_through_the_window() -> None:
    learner = made(window=2)
    randomise([*learner.network.trainable_variables, *learner.bridge.trainable_variables], 7)
    network, bridge = learner.network, learner.bridge
    rows = learner.state.shape[0]
    episode = learner.dataset.episodes(0, "train", 0, rows, 1)
    inputs, targets = episode.inputs[:2], episode.targets[:2].astype(np.int32)
    weights = network.trainable_variables

    def wanted(state: Any) -> tuple[Any, Any]:
        _, end = network.window(ops.convert_to_tensor(inputs), state)
        word = ops.stop_gradient(bridge(ops.stop_gradient(end))[0])
        return ops.sum(word * end) / rows, end

    start = ops.zeros((rows, 12))
    _, found, _ = backend.gradients(wanted, weights, [start])
    norm = np.sqrt(sum(float((array(g) ** 2).sum()) for g in found))
    assert norm > 0
    # Nothing is to be said yet, so that all that reaches the network is the bridge's word.
    asked = np.zeros(2, np.float32)
    metrics = learner._trained(inputs, targets, asked, np.float32(1), np.float32(1))
    assert float(array(metrics["gradient_norm"])) == pytest.approx(norm, rel=1e-4)
    again = made(window=2)
    last = again._trained(inputs, targets, asked, np.float32(1), np.float32(0))
    assert float(array(last["gradient_norm"])) == 0.0


@pytest.mark.backends
def test_the_bridge_is_taught_what_the_next_window_sends_back() -> None:
    learner = made(window=2)
    randomise(learner.network.trainable_variables, 3)
    rows = learner.state.shape[0]
    state = np.random.default_rng(0).normal(size=(rows, 12)).astype(np.float32) * 0.5
    learner.state.assign(state)
    episode = learner.dataset.episodes(0, "train", 0, rows, 3)
    piece = (episode.inputs[4:6], episode.targets[4:6].astype(np.int32), episode.asked[4:6])

    def loss(at: np.ndarray) -> float:
        logits, _ = learner.network.window(ops.convert_to_tensor(piece[0]), at)
        said = array(ops.log_softmax(logits, axis=-1))
        own = np.take_along_axis(said, piece[1][..., None], axis=-1)[..., 0]
        return float(-own.sum())

    step, slope = 1e-2, np.zeros_like(state)
    for i in np.ndindex(state.shape):
        shift = np.zeros_like(state)
        shift[i] = step
        slope[i] = (loss(state + shift) - loss(state - shift)) / (2 * step)
    found = learner._trained(*piece, np.float32(0), np.float32(0))
    # A bridge that still says nothing misses all of it.
    wanted = (slope**2).sum(axis=1).mean()
    assert float(array(found["module_loss"])) == pytest.approx(wanted, rel=2e-2)
    first = made(window=2)
    unknown = first._trained(*piece, np.float32(1), np.float32(0))
    assert float(array(unknown["module_loss"])) == 0.0
    assert all((array(w) == 0).all() for w in first.bridge.slope.trainable_variables)


def test_what_is_said_is_scored_as_it_is() -> None:
    learner = made()
    episode = learner.dataset.episodes(0, "test", 0, 20, 2)
    bits = errors(learner, episode)["bits_per_symbol"]
    said = learner.say(episode)
    total = sum(
        -said[t, row, episode.targets[t, row]]
        for t in range(len(episode))
        for row in range(20)
        if episode.asked[t]
    )
    assert bits == pytest.approx(total / np.log(2) / 40, rel=1e-5)


def test_copying_is_learned_and_evaluated() -> None:
    own = {"units": 24, "window": 2, "hidden": 16, "auxiliary": False}
    train = {"batch_size": 32, "learning_rate": 1e-2, "clip_norm": 1.0}
    learner = CUTS.fresh("copy", model={"recurrent": own}, data=COPY, train=train)
    feed = learner.feed("train", 0)
    for k in range(600):
        learner.update(feed.batch(k), Noise(0, k))
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    # A symbol passes through the end of a window: without a bridge nothing would carry it.
    assert found.metrics["longest_solved"] >= 1.0
    assert found.tables["per_size"][0]["error_rate"] < 0.1
    with pytest.raises(UsageError, match="validation or test"):
        learner.evaluate(EvaluationRequest("train"), SILENT)


def test_the_network_learns_from_as_much_of_the_word_as_the_weight_says() -> None:
    norms = []
    for weight in (1.0, 0.25):
        learner = made(window=2, weight=weight)
        randomise([*learner.network.trainable_variables, *learner.bridge.trainable_variables], 7)
        episode = learner.dataset.episodes(0, "train", 0, learner.state.shape[0], 1)
        inputs, targets = episode.inputs[:2], episode.targets[:2].astype(np.int32)
        nothing = np.zeros(2, np.float32)
        metrics = learner._trained(inputs, targets, nothing, np.float32(1), np.float32(1))
        norms.append(float(array(metrics["gradient_norm"])))
    assert norms[1] == pytest.approx(0.25 * norms[0], rel=1e-4)


def test_a_bridge_learns_what_a_network_that_stays_sends_back() -> None:
    learner = CUTS.fresh(
        "copy",
        model={
            "module": {"rate": 1e-2},
            "recurrent": {"units": 6, "window": 2, "hidden": 16, "auxiliary": False},
        },
        data=COPY,
    )
    randomise(learner.network.trainable_variables, 7)
    learner.updaters["network"].rate.factor.assign(0.0)
    missed = []
    for k in range(600):
        behind = learner.curriculum().position > 0
        metrics = learner.update({"update": np.asarray(k)}, Noise(0, k))
        if behind:
            missed.append(float(array(metrics["module_loss"])))
    assert np.mean(missed[-50:]) < 0.7 * np.mean(missed[:10])
    told = array(learner.bridge(learner.state.value)[0])
    assert told.std(axis=0).max() > 0.01  # it tells states apart
