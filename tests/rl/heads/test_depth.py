"""Prediction of depth: reduced maps, bins and losses against plain NumPy."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.conformance.weights import randomise
from genkit.rl.heads.base import Learned
from genkit.rl.heads.depth import DepthMap, DepthPrediction, even_edges, quantile_edges
from genkit.rl.heads.navigation_config import DepthConfig, LaterDepthConfig, depth_parameters

pytestmark = pytest.mark.backends
T, B, SIDE = 3, 2, 13
SMALL = {"rows": 2, "columns": 3, "hidden": 5, "classes": 4}
EDGES = np.array([0.3, 0.45, 0.6], np.float32)


class Unrolled(NamedTuple):
    """What this head reads of it."""

    frames: Any
    features: Any


def array(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def head(side: int = SIDE, width: int | None = None, number: int = 1, **settings: Any) -> Any:
    """`depth-1` or `depth-2` with weights that matter."""
    seen = {"depth": (side, side if width is None else width)}
    network = SimpleNamespace(frames_width=6, features_width=7, observation=seen)
    section = DepthConfig if number == 1 else LaterDepthConfig
    source: Any = "frames" if number == 1 else "features"
    made = DepthPrediction(
        f"depth-{number}", section(**{**SMALL, **settings}), network, source=source
    )
    randomise(made.layer.trainable_variables, number)
    return made


def learned(side: int = SIDE, steps: int = T) -> Learned:
    draw = np.random.default_rng(0)
    depth = draw.integers(0, 256, (steps + 1, B, side, side), np.uint8)
    unrolled = Unrolled(*(draw.normal(size=(steps + 1, B, n)).astype(np.float32) for n in (6, 7)))
    return Learned({"observation": {"depth": depth}}, unrolled)


def area_mean(depth: np.ndarray, rows: tuple[float, float], columns: tuple[float, float]) -> float:
    """Mean depth of a rectangle, pixel by pixel."""
    total = 0.0
    for row in range(math.floor(rows[0]), math.ceil(rows[1])):
        for column in range(math.floor(columns[0]), math.ceil(columns[1])):
            high = min(rows[1], row + 1) - max(rows[0], row)
            wide = min(columns[1], column + 1) - max(columns[0], column)
            total += high * wide * depth[row, column] / 255
    return total / ((rows[1] - rows[0]) * (columns[1] - columns[0]))


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"),
    [(40, 40, 4, 16), (84, 84, 4, 16), (13, 9, 3, 5), (8, 8, 4, 16), (5, 7, 1, 1)],
)
def test_cells_are_means_over_areas(height: int, width: int, rows: int, columns: int) -> None:
    depth = np.random.default_rng(1).integers(0, 256, (2, 1, height, width), np.uint8)
    found = array(head(height, width, rows=rows, columns=columns).reduced(depth))
    assert found.shape == (2, 1, rows, columns)
    downs = height * np.linspace(0.2, 0.8, rows + 1)
    rights = width * np.linspace(0.05, 0.95, columns + 1)
    for n, row, column in np.ndindex(2, rows, columns):
        spans = (downs[row], downs[row + 1]), (rights[column], rights[column + 1])
        wanted = area_mean(depth[n, 0], *spans)
        assert found[n, 0, row, column] == pytest.approx(wanted, abs=1e-6)


def test_what_is_cropped_does_not_count() -> None:
    depth = np.full((1, 1, 40, 40), 51, np.uint8)
    depth[:, :, :8] = depth[:, :, 32:] = 255
    depth[..., :2] = depth[..., 38:] = 255
    np.testing.assert_allclose(array(head(40).reduced(depth)), 0.2, rtol=1e-6)


def test_classes_are_those_of_digitize() -> None:
    layer = DepthMap(2, 1, 1, 4)
    layer.build((None, 3))
    np.testing.assert_array_equal(array(layer.edges), even_edges(4))
    np.testing.assert_array_equal(even_edges(4), np.array([0.25, 0.5, 0.75], np.float32))
    layer.edges.assign(EDGES)
    depth = np.concatenate([np.linspace(0, 1, 50, dtype=np.float32), EDGES])
    np.testing.assert_array_equal(array(layer.classified(depth)), np.digitize(depth, EDGES))


def forward(layer: Any, features: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Outputs of the layer, float64: `(T, B, rows, columns, ...)`."""
    weights = [array(w).astype(np.float64) for w in layer.trainable_variables]
    hidden = np.maximum(features @ weights[0] + weights[1], 0)
    return (hidden @ weights[2] + weights[3]).reshape(*features.shape[:2], *grid)


@pytest.mark.parametrize("number", [1, 2])
def test_classes_are_learned_by_their_cross_entropy(number: int) -> None:
    made, given = head(number=number, weight=0.5), learned()
    made.layer.edges.assign(EDGES)
    loss, figures = made.loss(given)
    features = given.unrolled[number - 1]
    logits = forward(made.layer, features[:-1], (2, 3, 4))
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    depth = array(made.reduced(given.experience["observation"]["depth"]))[:-1]
    classes = np.digitize(depth, EDGES)
    assert len(np.unique(classes)) > 1
    error = -np.log(np.take_along_axis(chances, classes[..., None], axis=-1)[..., 0])
    assert float(array(loss)) == pytest.approx(0.5 * error.sum() / B / 6, rel=1e-4)
    found = {name: float(array(x)) for name, x in figures.items()}
    right = 100 * (chances.argmax(axis=-1) == classes).mean()
    assert found == {
        f"depth_{number}_nats": pytest.approx(error.mean(), rel=1e-4),
        f"depth_{number}_percent": pytest.approx(right, rel=1e-5),
    }
    middles = np.array([0.15, 0.375, 0.525, 0.8])
    shown = {name: array(x) for name, x in made.shown(given).items()}
    assert list(shown) == [f"depth-{number}-true", f"depth-{number}-predicted"]
    np.testing.assert_array_equal(shown[f"depth-{number}-true"], depth)
    np.testing.assert_allclose(shown[f"depth-{number}-predicted"], chances @ middles, rtol=1e-4)


def test_depth_itself_is_learned_by_half_its_squared_error() -> None:
    made, given = head(form="regression", weight=2.0), learned()
    loss, figures = made.loss(given)
    found = forward(made.layer, given.unrolled.frames[:-1], (2, 3))
    depth = array(made.reduced(given.experience["observation"]["depth"]))[:-1]
    error = (found - depth) ** 2
    assert float(array(loss)) == pytest.approx(2.0 * 0.5 * error.sum() / B / 6, rel=1e-4)
    assert list(figures) == ["depth_1_mse"]
    assert float(array(figures["depth_1_mse"])) == pytest.approx(error.mean(), rel=1e-4)
    shown = array(made.shown(given)["depth-1-predicted"])
    np.testing.assert_allclose(shown, np.clip(found, 0, 1), rtol=1e-3, atol=1e-4)
    assert made.calibrated
    with pytest.raises(ValueError, match="depth-1 has no bins: its form is 'regression'"):
        made.calibrate(given.experience["observation"]["depth"][0])


def test_calibrated_bins_hold_equal_shares() -> None:
    made, given = head(), learned(steps=200)
    depth = given.experience["observation"]["depth"]
    assert not made.calibrated
    made.calibrate(depth.reshape(-1, SIDE, SIDE))
    assert made.calibrated
    counts = np.bincount(array(made.layer.classified(made.reduced(depth))).ravel(), minlength=4)
    assert counts.sum() == 201 * B * 6
    np.testing.assert_allclose(counts / counts.sum(), 0.25, atol=0.005)
    trained = {id(v) for v in made.layer.trainable_variables}
    kept = {v.name for v in made.layer.variables if id(v) not in trained}
    assert kept == {"edges", "calibrated"}


def test_values_that_are_there_often_are_not_divided() -> None:
    values = np.array([0.1] * 60 + [0.2] * 10 + [0.5] * 10 + [1.0] * 20)
    edges = quantile_edges(values, 5)
    assert (np.diff(edges) >= 0).all()
    np.testing.assert_allclose(edges, [0.15, 0.15, 0.15, 0.75], rtol=1e-6)
    np.testing.assert_array_equal(quantile_edges(np.full(9, 0.4), 4), even_edges(4))
    with pytest.raises(ValueError, match="need observed values"):
        quantile_edges(np.zeros((0, 2)), 4)


def test_edges_do_not_decrease_and_never_touch_a_value() -> None:
    draw = np.random.default_rng(0)
    for _ in range(50):
        values = draw.integers(0, draw.integers(2, 20), 40) / 19
        edges = quantile_edges(values, 8)
        assert (np.diff(edges) >= 0).all()
        if len(np.unique(values)) > 1:
            assert np.abs(values[:, None] - edges).min() > 0.02


@pytest.mark.parametrize("form", ["classes", "regression"])
def test_it_shapes_what_it_reads_and_compiles(form: str) -> None:
    made, given = head(form=form), learned()

    def loss(frames: Any, depth: Any) -> Any:
        unrolled = Unrolled(frames, None)
        found, figures = made.loss(Learned({"observation": {"depth": depth}}, unrolled))
        return found, {
            **figures,
            **made.shown(Learned({"observation": {"depth": depth}}, unrolled)),
        }

    told = (given.unrolled.frames, given.experience["observation"]["depth"])
    compiled, shown = backend.compile(loss, made.layer.variables)(*told)
    plain, _ = loss(*told)
    assert float(array(compiled)) == pytest.approx(float(array(plain)), rel=1e-5)
    assert tuple(shown["depth-1-predicted"].shape) == (T, B, 2, 3)
    _, gradients, (of_frames,) = backend.gradients(
        lambda frames: loss(frames, told[1]), made.layer.trainable_variables, [told[0]]
    )
    assert all(np.abs(array(g)).max() > 0 for g in gradients)
    assert np.abs(array(of_frames)[:-1]).max() > 0
    assert np.abs(array(of_frames)[-1]).max() == 0  # the last observation is not learned from


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("form", ["classes", "regression"])
def test_parameters_are_counted_in_closed_form(form: str, number: int) -> None:
    made = head(number=number, form=form)
    count = sum(int(np.prod(w.shape)) for w in made.layer.trainable_variables)
    assert depth_parameters(5 + number, made.settings) == count


def test_the_papers_settings() -> None:
    one, two = DepthConfig(), LaterDepthConfig(rows=3)
    assert (one.weight, two.weight, two.columns, one.outputs) == (10.0, 3.33, 16, 8)
    assert depth_parameters(256, one) == 257 * 128 + 129 * 512


def test_the_layer_is_made_again_from_its_configuration() -> None:
    layer = DepthMap.from_config(DepthMap(3, 2, 4, 1).get_config())
    assert (layer.hidden, layer.rows, layer.columns, layer.classes) == (3, 2, 4, 1)
