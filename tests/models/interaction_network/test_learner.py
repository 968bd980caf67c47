"""Training of interaction networks, what they are measured by, and roll-outs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkit.conformance.learner import learner_checks
from genkit.errors import DataError, UsageError
from genkit.family import EvaluationRequest, SampleSettings
from genkit.models.interaction_network.config import NoiseConfig
from genkit.models.interaction_network.feed import told
from genkit.models.interaction_network.noise import noisy, strength
from genkit.models.interaction_network.proofs import drawn
from genkit.progress import SILENT
from genkit.randomness import Noise
from genkit.sampling.driver import sample_tile
from tests.densities import array
from tests.physics import NETWORKS

TINY = NETWORKS.sections
SETTINGS = SampleSettings(tile=3)


@pytest.mark.backends
@pytest.mark.parametrize("tiny", TINY)
def test_every_check_passes(tiny: str) -> None:
    found = {c.name: (c.run(), c.limit) for c in NETWORKS.learner(tiny).checks()}
    assert found
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


def test_saving_and_the_other_backend() -> None:
    recipe, learner = NETWORKS.recipe("balls"), NETWORKS.fresh("balls")
    found = {c.name: (c.run(), c.limit) for c in learner_checks(recipe, learner)}
    assert {name: pair for name, pair in found.items() if not pair[0] <= pair[1]} == {}


@pytest.mark.backends
@pytest.mark.parametrize("tiny", ["nbody", "string", "mlp", "energy"])
def test_errors_fall(tiny: str) -> None:
    learner = NETWORKS.fresh(tiny, train={"learning_rate": 1e-2, "batch_size": 32})
    feed = learner.feed("train", 0)
    losses = [float(array(learner.update(feed.batch(k), Noise(0, k))["loss"])) for k in range(60)]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_penalties_are_of_effects_and_weights() -> None:
    plain = NETWORKS.fresh("nbody")
    heavy = NETWORKS.fresh("nbody", model={"effect_l2": 0.5, "weight_l2": 0.25})
    for a, b in zip(plain.network.variables, heavy.network.variables, strict=True):
        b.assign(a.value)
    batch = plain.feed("train", 0).batch(0)
    heavy.feed("train", 0)
    losses = [float(array(x.loss(batch)[0])) for x in (plain, heavy)]
    effects = array(plain.network(batch)["effects"])
    squares = sum(float((array(w) ** 2).sum()) for w in plain.network.trainable_variables)
    wanted = losses[0] + 0.5 * (effects**2).mean() + 0.25 * squares
    np.testing.assert_allclose(losses[1], wanted, rtol=1e-4)


def test_a_quarter_of_a_batch_is_hit() -> None:
    learner = NETWORKS.fresh("balls", data={"steps": 400})
    feed = learner.feed("train", 0)
    changed = 0.0
    for k in range(5):
        batch = feed.batch(k)
        changed += (np.abs(batch["target"] - batch["velocity"]).max(axis=-1) > 0).mean() / 5
    assert 0.25 <= changed < 0.5
    again = learner.feed("train", 0).batch(3)
    np.testing.assert_array_equal(again["target"], feed.batch(3)["target"])
    anything = NETWORKS.fresh("balls", data={"steps": 400}, model={"balance": False})
    batch = anything.feed("train", 0).batch(0)
    assert (np.abs(batch["target"] - batch["velocity"]) > 0).mean() < 0.25
    blind = NETWORKS.fresh("balls", data={"steps": 400}, model={"kind": "dynamics"})
    np.testing.assert_array_equal(
        blind.feed("train", 0).batch(0)["target"], anything.feed("train", 0).batch(0)["target"]
    )


def test_noise_fades() -> None:
    config = NoiseConfig(share=0.5, deviation=0.1, until=10, fade=20)
    assert [strength(config, step) for step in (0, 10, 20, 30, 99)] == [1.0, 1.0, 0.5, 0.0, 0.0]
    learner = NETWORKS.fresh("nbody")
    batch = learner.feed("train", 0).batch(0)
    found = noisy(batch, config, learner.network, Noise(0, 0))
    moved = (found["sender_position"] != batch["sender_position"]).any(axis=-1).mean()
    assert 0.1 < moved < 0.9
    np.testing.assert_array_equal(found["target"], batch["target"])
    assert noisy(batch, config, learner.network, Noise(0, 30)) is batch


def test_walls_have_no_noise() -> None:
    learner = NETWORKS.fresh("balls")
    config = NoiseConfig(share=1.0, deviation=0.1)
    batch = learner.feed("train", 0).batch(0)
    found = noisy(batch, config, learner.network, Noise(0, 0))
    moved = (found["sender_velocity"] != batch["sender_velocity"]).any(axis=-1)
    np.testing.assert_array_equal(moved, batch["sender_moves"] > 0)


@pytest.mark.parametrize("tiny", ["mlp", "energy"])
def test_pieces_of_a_batch_are_as_good_as_the_whole(tiny: str) -> None:
    whole, pieces = (NETWORKS.fresh(tiny, train={"accumulate": n}) for n in (1, 2))
    batch = whole.feed("train", 0).batch(0)
    pieces.feed("train", 0)
    for a, b in zip(whole.network.variables, pieces.network.variables, strict=True):
        b.assign(a.value)
    losses = [float(array(x.update(batch, Noise(0, 0))["loss"])) for x in (whole, pieces)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


class Oracle:
    """Predicts what the simulation does."""

    def __init__(self, learner: Any) -> None:
        self.learner = learner

    def predict(self, told: Any, senders: Any) -> dict[str, np.ndarray]:
        split = self.learner.split("test")
        from genkit.data.physics.scenes import Scenes

        scenes = Scenes(
            split.scenes.graph, told["attributes"], told["relations"], told["effects"],
            told["position"].astype(float), told["velocity"].astype(float),
        )  # fmt: skip
        return {"velocity": self.learner.dataset.system.step(scenes).velocity}


@pytest.mark.parametrize("tiny", ["nbody", "balls", "string"])
def test_who_knows_physics_makes_no_error(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = NETWORKS.fresh(tiny)
    monkeypatch.setattr(learner, "predict", Oracle(learner).predict)
    found = learner.evaluate(EvaluationRequest("test", brief=True), SILENT).metrics
    assert found["velocity_mse"] < 1e-8 * max(found["constant_velocity_mse"], 1.0)
    split = learner.split("test")
    moving = split.scenes.graph.moving
    change = np.diff(split.velocity.astype(float), axis=1)[:, ::10][:, :, moving]
    np.testing.assert_allclose(
        found["constant_velocity_mse"], np.square(change).sum(-1).mean(), rtol=1e-5
    )


def test_a_whole_evaluation() -> None:
    learner = NETWORKS.fresh("balls")
    learner.feed("train", 0)
    found = learner.evaluate(EvaluationRequest("test"), SILENT)
    assert {"ratio_percent", "position_error_10", "energy_change", "wall_penetration"} <= set(
        found.metrics
    )
    steps = [row["step"] for row in found.tables["horizon"]]
    assert steps[0] == 1
    assert {10, 12} <= set(steps)
    names = [artifact.name for artifact in found.artifacts]
    assert names == ["horizon", "rollout-0", "rollout-1", "rollout-2", "effects"]
    energy = NETWORKS.learner("energy").evaluate(EvaluationRequest("test"), SILENT).metrics
    assert set(energy) == {"energy_mse", "energy_variance", "ratio_percent"}


def draw(learner: Any, rows: Any, **settings: Any) -> Any:
    generator = learner.generator(SampleSettings(**{"tile": 3, **settings}))
    (found,) = sample_tile(generator, 5, range(len(rows)), rows)
    return found


@pytest.mark.backends
def test_roll_outs_begin_where_scenes_begin_and_truth_is_simulated() -> None:
    learner = NETWORKS.learner("balls")
    found = draw(learner, [{"scene": "test", "steps": "12"}] * 2)
    split = learner.split("test")
    np.testing.assert_allclose(found.samples[:, 0], split.position[:2, 0])
    np.testing.assert_array_equal(found.truth, split.position[:2])
    assert found.samples.shape == found.velocity.shape == (2, 13, 6, 2)
    moved = found.samples[:, 1:] - found.samples[:, :-1]
    np.testing.assert_allclose(moved, 1e-3 * found.velocity[:, 1:], atol=1e-5)


def test_other_numbers_of_objects_and_steps() -> None:
    learner = NETWORKS.learner("nbody")
    found = draw(learner, [{"count": "7", "steps": "120"}] * 3)
    assert found.samples.shape == (3, 121, 7, 2)
    again = draw(learner, [{"count": "7", "steps": "120"}] * 3)
    np.testing.assert_array_equal(found.samples, again.samples)
    part = draw(learner, [{"count": "7", "steps": "60"}] * 3)
    np.testing.assert_array_equal(part.samples, found.samples[:, :61])
    alone = draw(learner, [{"count": "1", "steps": "2"}])
    assert alone.samples.shape == (1, 3, 1, 2)
    both = draw(NETWORKS.learner("string"), [{"count": "5", "pinned": "both"}])
    still = both.samples[:, :, [0, 4, 5]]
    np.testing.assert_array_equal(still, np.broadcast_to(still[:, :1], still.shape))


def test_scenes_of_a_file_are_rolled_out(tmp_path: Path) -> None:
    learner = NETWORKS.learner("nbody")
    scenes = drawn(learner)
    arrays = {n: told(scenes)[n] for n in ("position", "velocity", "attributes")}
    np.savez(tmp_path / "mine.npz", **arrays)
    row = {"scene": f"{tmp_path}/mine.npz:2", "steps": "3"}
    found = draw(learner, [row])
    np.testing.assert_allclose(found.samples[0, 0], scenes.position[2], rtol=1e-6)
    generator = learner.generator(SETTINGS)
    before = generator.condition_values([row])
    np.savez(tmp_path / "mine.npz", **{**arrays, "velocity": 2 * arrays["velocity"]})
    assert generator.condition_values([row]) != before
    assert generator.condition_values([{"scene": "test:1"}]) is None
    for other in ({"scene": "test"}, {}):
        with pytest.raises(UsageError, match="sample 1 asks for others"):
            generator.condition_values([row, other])


@pytest.mark.parametrize(
    ("tiny", "rows", "settings", "says"),
    [
        ("nbody", [{"count": "0"}], {}, "a whole number from 1 to 256. Received: '0'"),
        ("nbody", [{"steps": "x"}], {}, "steps=...: a whole number"),
        ("nbody", [{"pinned": "both"}], {}, "ends of a string"),
        ("nbody", [{"cuont": "3"}], {}, "Did you mean 'count'"),
        ("nbody", [{"scene": "nowhere"}], {}, "no such file, and no split of"),
        ("nbody", [{"scene": "test:9"}], {}, "there are 3 scenes"),
        ("nbody", [{"scene": "test", "count": "3"}], {}, "scene says itself what count is"),
        ("nbody", [{"count": "2"}, {"count": "3"}], {}, "sample 1 asks for others"),
        (
            "mlp",
            [{"count": "9"}],
            {},
            "an mlp knows scenes of 3 objects with up to 3 relations",
        ),
        ("nbody", [{}], {"top_k": 3}, "--top-k: nothing is drawn"),
    ],
)
def test_what_cannot_be_rolled_out(tiny: str, rows: Any, settings: Any, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        draw(NETWORKS.learner(tiny), rows, **settings)
    assert says in str(caught.value)


def test_a_file_that_does_not_fit_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", position=np.zeros((1, 2, 2)))
    with pytest.raises(DataError, match="lacks velocity, attributes"):
        draw(NETWORKS.learner("nbody"), [{"scene": str(tmp_path / "mine.npz")}])


def test_energies_are_not_rolled_out() -> None:
    assert NETWORKS.learner("energy").generator(SETTINGS) is None
