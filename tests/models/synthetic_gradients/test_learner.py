"""Cut networks in training: what is updated by what, and what evaluation finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.conformance.learner import learner_checks
from genkit.errors import DataError, UsageError
from genkit.family import EvaluationRequest
from genkit.models.synthetic_gradients import proofs
from genkit.models.synthetic_gradients.clocks import proofs as clocks_proofs
from genkit.models.synthetic_gradients.config import outlook
from genkit.progress import SILENT
from genkit.randomness import Noise
from tests.cuts import CUTS
from tests.densities import array

SGD = {"optimizer": {"name": "sgd"}, "learning_rate": 0.1}
OVER_TIME = ("copy", "clocks", "locked")
STACKS = [tiny for tiny in CUTS.sections if tiny not in OVER_TIME]


def weights_of(layers: Any) -> list[np.ndarray]:
    return [array(w.value).copy() for w in layers]


def moved(before: list[np.ndarray], layers: Any) -> list[float]:
    return [float(np.abs(a - array(w.value)).max()) for a, w in zip(before, layers, strict=True)]


def trained(learner: Any, updates: int) -> list[float]:
    feed = learner.feed("train", 0)
    found = [learner.update(feed.batch(k), Noise(0, k)) for k in range(updates)]
    return [float(array(metrics["loss"])) for metrics in found]


@pytest.mark.backends
@pytest.mark.parametrize("tiny", CUTS.sections)
def test_every_check_passes(tiny: str) -> None:
    found = {c.name: (c.run(), c.limit) for c in CUTS.learner(tiny).checks()}
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}
    assert found or tiny == "locked"


@pytest.mark.backends
def test_locked_networks_fail_the_proofs_of_unlocked_ones() -> None:
    assert proofs.unlocked(CUTS.learner("dense", model={"method": "bprop"})) > 1e-3
    assert clocks_proofs.unlocked(CUTS.fresh("locked")) > 1e-6


@pytest.mark.parametrize("tiny", ["copy", "clocks"])
def test_saving_and_the_other_backend(tiny: str) -> None:
    recipe, learner = CUTS.recipe(tiny), CUTS.fresh(tiny)
    trained(learner, 1)
    found = {c.name: (c.run(), c.limit) for c in learner_checks(recipe, learner)}
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


@pytest.mark.parametrize("tiny", CUTS.sections)
def test_parameters_are_known_beforehand(tiny: str) -> None:
    networks = CUTS.learner(tiny).networks.values()
    count = sum(int(np.prod(w.shape)) for n in networks for w in n.trainable_variables)
    assert outlook(CUTS.recipe(tiny))["parameters"] == count


@pytest.mark.parametrize("method", ["bprop", "fa", "dfa", "kickback", "sg", "critic"])
def test_the_loss_falls_by_every_method(method: str) -> None:
    settings = {"method": method, "width": 16, "depth": 2, "module": {"hidden": [16]}}
    settings["module"]["condition"] = True
    learner = CUTS.fresh("dense", model=settings, train={"batch_size": 16, "learning_rate": 1e-2})
    losses = trained(learner, 200)
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:5])


def test_nothing_crosses_cuts_without_propagation() -> None:
    learner = CUTS.fresh("dense", model={"method": "noprop"}, train=SGD)
    layers = learner.network.blocks
    below = [w for block in layers[:-1] for w in block.trainable_variables]
    before, above = weights_of(below), weights_of(layers[-1].trainable_variables)
    trained(learner, 2)
    assert max(moved(before, below)) == 0.0
    assert min(moved(above, layers[-1].trainable_variables)) > 0.0


@pytest.mark.backends
def test_modules_say_nothing_at_first_and_lower_layers_stay() -> None:
    learner = CUTS.fresh("dense", train=SGD)
    below = learner.network.blocks[0].trainable_variables
    before = weights_of(below)
    trained(learner, 1)
    assert max(moved(before, below)) == 0.0
    trained(learner, 3)
    assert max(moved(before, below)) > 0.0


@pytest.mark.backends
def test_warm_up_is_backpropagation() -> None:
    module = {"hidden": [6], "condition": True}
    warm = CUTS.fresh("dense", model={"warmup_bprop": 2, "module": module}, train=SGD)
    plain = CUTS.fresh("dense", model={"method": "bprop"}, train=SGD)
    for a, b in zip(plain.network.variables, warm.network.variables, strict=True):
        a.assign(b.value)
    for learner in (warm, plain):
        trained(learner, 2)
    for a, b in zip(plain.network.variables, warm.network.variables, strict=True):
        np.testing.assert_allclose(array(a), array(b), rtol=1e-4, atol=1e-6)
    # The module learns meanwhile.
    assert any(np.abs(array(w)).max() > 0 for w in warm.cuts[0].module.last.trainable_variables)


def test_only_segments_that_are_drawn_are_updated() -> None:
    learner = CUTS.fresh("some", model={"warmup_bprop": 0, "mix": 1.0}, train=SGD)
    feed, chosen_ever = learner.feed("train", 0), set()
    for k in range(6):
        segments = [learner.network.segment_weights(n) for n in range(3)]
        averages = [
            [b.normalisation.mean for b in learner.network.blocks[n : n + 1] if b.normalisation]
            for n in range(3)
        ]
        before = [weights_of([*own, *more]) for own, more in zip(segments, averages, strict=True)]
        noise = Noise(3, k)
        drawn = noise.uniform("segments", (3,)) < 0.5
        learner.update(feed.batch(k), noise)
        for n in range(3):
            change = moved(before[n], [*segments[n], *averages[n]])
            assert (max(change) > 0) == bool(drawn[n])
        chosen_ever |= set(np.flatnonzero(drawn))
    assert len(chosen_ever) > 1


def test_predicted_inputs_learn_what_layers_give() -> None:
    learner = CUTS.fresh("both", train={"learning_rate": 1e-2})
    feed = learner.feed("train", 0)
    found = [learner.update(feed.batch(k % 4), Noise(0, k)) for k in range(120)]
    missed = [float(array(metrics["input_loss"])) for metrics in found]
    assert np.mean(missed[-10:]) < 0.5 * np.mean(missed[:5])


def test_mixing_moves_the_error_towards_the_true_one() -> None:
    def cosine(mix: float) -> float:
        learner = CUTS.learner("dense", model={"mix": mix, "method": "dfa"})
        found = learner.evaluate(EvaluationRequest("test"), SILENT)
        return float(found.metrics["cosine_below_cuts"])

    cosines = [cosine(mix) for mix in (0.0, 0.5, 1.0)]
    assert cosines[0] < cosines[1] < cosines[2]
    assert cosines[2] == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("tiny", ["dense", "maps", "line", "plane"])
def test_a_whole_evaluation(tiny: str) -> None:
    learner = CUTS.fresh(tiny)
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    assert 0.0 <= found.metrics["error_rate"] <= 1.0
    rows = found.tables["per_layer"]
    assert len(rows) == learner.config.layers
    names = {figure.name for figure in found.artifacts}
    assert {"alignment", "confusion"} <= names
    if tiny in ("line", "plane"):
        assert "losses" in names
    else:
        assert {"representations", "rdm-correlations", "probes"} <= names
        assert all(0.0 <= row["probe_accuracy"] <= 1.0 for row in rows)
    brief = learner.evaluate(EvaluationRequest("test", brief=True), SILENT)
    assert brief.metrics["loss"] == found.metrics["loss"]


def test_the_error_rate_counts_wrong_names() -> None:
    learner = CUTS.learner("dense")
    rows = list(learner.score("test", None, SILENT))
    wrong = np.mean([row["named"] != row["label"] for row in rows])
    found = learner.evaluate(EvaluationRequest("test", brief=True), SILENT)
    assert found.metrics["error_rate"] == pytest.approx(wrong)
    assert found.metrics["loss"] == pytest.approx(np.mean([row["loss"] for row in rows]), rel=1e-5)


def test_sheets_show_images_with_names(tmp_path: Path) -> None:
    (sheet,) = CUTS.learner("dense").item_files("test", 7, SILENT)
    assert sheet.name == "000000"
    assert sheet.save(tmp_path)[0].stat().st_size > 1000
    with pytest.raises(UsageError, match="points have no pictures"):
        list(CUTS.learner("line").item_files("test", 7, SILENT))


def test_points_are_scored_by_split_alone() -> None:
    learner = CUTS.learner("line")
    assert len(list(learner.score("test", 5, SILENT))) == 5
    with pytest.raises(UsageError, match="no split"):
        list(learner.score("somewhere", 5, SILENT))


def test_layers_are_read_by_moving_averages_and_batches_have_one_size() -> None:
    learner = CUTS.learner("maps")
    x, targets, _ = learner.items(learner.split("test"), slice(0, 12))
    whole, losses = learner.look(x, targets)
    some, few = learner.look(x[:5], targets[:5])
    for a, b in zip(whole, some, strict=True):
        np.testing.assert_allclose(a[:5], b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(losses[:5], few, rtol=1e-5, atol=1e-6)
    outputs = array(learner.network(ops.convert_to_tensor(x)))
    np.testing.assert_allclose(whole[-1], outputs, rtol=1e-5, atol=1e-6)


def test_labels_that_are_no_classes_are_refused(tmp_path: Path) -> None:
    learner = CUTS.learner("dense")
    images = np.zeros((3, 6, 6, 1), np.uint8)
    np.savez(tmp_path / "own.npz", images=images, label=np.array([0, 3, 9]))
    with pytest.raises(DataError, match="labels must be 0 to 3"):
        list(learner.score(str(tmp_path / "own.npz"), None, SILENT))


def test_schedules_follow_the_training_not_the_chosen_updates() -> None:
    schedule = {"name": "steps", "boundaries": [4], "factor": 0.1}
    learner = CUTS.fresh("some", train={"schedule": schedule, "learning_rate": 0.5})
    feed = learner.feed("train", 0)
    found = [learner.update(feed.batch(k), Noise(0, k)) for k in range(6)]
    rates = [float(array(metrics["learning_rate"])) for metrics in found]
    np.testing.assert_allclose(rates, [0.5] * 4 + [0.05] * 2, rtol=1e-5)


def test_averages_are_those_of_real_inputs() -> None:
    learner = CUTS.fresh("both", train={"optimizer": {"name": "sgd"}, "learning_rate": 1e-9})
    feed = learner.feed("train", 0)
    for k in range(3):
        learner.update(feed.batch(k), Noise(0, k))
    x, _ = learner._batch(feed.batch(5))
    given, _ = learner.network.run(ops.convert_to_tensor(x), range(3), training=True)
    product = array(given[1]) @ array(learner.network.blocks[1].kernel)
    mean = learner.network.blocks[1].normalisation.mean
    moved_there = array(mean) / (1.0 - 0.99**3)
    np.testing.assert_allclose(moved_there, product.mean(axis=0), atol=0.7)
    assert np.corrcoef(moved_there, product.mean(axis=0))[0, 1] > 0.8


def test_few_items_can_be_evaluated() -> None:
    for tiny in ("dense", "line"):
        found = CUTS.learner(tiny).evaluate(EvaluationRequest("test", limit=1), SILENT)
        assert all(np.isfinite(value) for value in found.metrics.values())
        assert found.count == 1


def test_searching_modules_leave_backpropagation_alone() -> None:
    learner = CUTS.fresh("line", model={"method": "bprop"}, train=SGD)
    losses = trained(learner, 30)
    assert losses[-1] < losses[0]
