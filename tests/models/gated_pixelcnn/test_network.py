"""The Gated PixelCNN as a network: size, reach, conditions, configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from genkit import backend
from genkit.layers.values import centred
from genkit.models.gated_pixelcnn.network import GatedPixelCNN
from genkit.randomness import normal
from tests import densities
from tests.densities import array

pytestmark = pytest.mark.backends


class Influence:
    """Which values the logits of a network depend on, over several random weights."""

    def __init__(self, **settings: Any) -> None:
        self.learner = densities.fresh(**settings)
        view = self.learner.view
        mix = np.linspace(-1, 1, view.levels, dtype=np.float32)

        def slopes(x: Any, place: Any) -> Any:
            def chosen(v: Any) -> Any:
                return view.scores(v, np.zeros((1, 1), np.float32)) * place[..., None] * mix

            return backend.input_gradient(chosen, x)

        self.slopes = backend.compile(slopes, view.variables)

    def of(self, row: int, column: int, channel: int) -> np.ndarray:
        """(H, W, C) bool for the logits at one place."""
        shape = self.learner.view.shape
        place = np.zeros((1, *shape), np.float32)
        place[0, row, column, channel] = 1.0
        found = np.zeros(shape, bool)
        for seed in range(8):  # a dead unit may hide a dependence
            densities.randomise(self.learner, seed)
            x = normal(seed, "tests/x", 0, (1, *shape))
            found |= array(self.slopes(x, place))[0] != 0
        return found


def test_there_is_no_blind_spot() -> None:
    """With enough layers a pixel sees every earlier pixel, also far to the upper right."""
    settings: Any = {
        "model": {"layers": 4, "first_kernel": 3, "kernel": 3},
        "data": {"size": 7},
    }
    found = Influence(**settings).of(4, 2, 0)[..., 0]
    reach = 1 + 3
    for row in range(7):
        for column in range(7):
            near = abs(column - 2) <= reach
            wanted = (row < 4 and near) or (row == 4 and column < 2)
            assert found[row, column] == wanted, (row, column)


def test_the_reach_is_what_layers_and_kernels_give() -> None:
    settings: Any = {"model": {"layers": 2, "first_kernel": 5, "kernel": 3}, "data": {"size": 9}}
    found = Influence(**settings).of(6, 4, 0)[..., 0]
    reach = 2 + 1
    rows, columns = np.nonzero(found)
    assert rows.min() == 6 - (reach + 1)
    assert (columns.min(), columns.max()) == (4 - reach, 4 + reach)
    assert set(columns[rows == 6]) == {1, 2, 3}


def test_colours_come_red_green_blue() -> None:
    settings: Any = {"model": {"width": 7, "head": 8}, "data": {"size": 3, "channels": 3}}
    influence = Influence(**settings)
    for channel in range(3):
        found = influence.of(1, 1, channel)
        np.testing.assert_array_equal(found[1, 1], np.arange(3) < channel)
        assert found[1, 0].all()
        assert found[0].all()
        assert not found[1, 2].any()
        assert not found[2].any()


@pytest.mark.parametrize("levels", [2, 3, 17, 256])
def test_any_number_of_levels(levels: int) -> None:
    learner = densities.fresh(data={"levels": levels, "size": 2}, randomised=True)
    images = (np.arange(8).reshape(2, 2, 2, 1) * 37) % levels
    logits = array(learner.view.logits(images, np.zeros((2, 1), np.float32)))
    assert logits.shape == (2, 2, 2, 1, levels)
    assert logits.dtype == np.float32
    ends = array(centred(np.array([0, levels - 1]), levels, "float32"))
    np.testing.assert_allclose(ends, [-1.0, 1.0])


def test_only_a_conditional_network_depends_on_the_class() -> None:
    images = np.zeros((4, 4, 4, 1), np.int32)
    steered = densities.learner(model={"condition": "class"})
    logits = array(steered.view.logits(images, np.eye(4, dtype=np.float32)))
    for i in range(4):
        for j in range(i):
            assert np.abs(logits[i] - logits[j]).max() > 1e-3
    free = densities.learner()
    assert free.view.steering.classes is None
    logits = array(free.view.logits(images, np.ones((4, 1), np.float32)))
    again = array(free.view.logits(images, np.zeros((4, 1), np.float32)))
    np.testing.assert_array_equal(logits, again)
    assert not any("condition" in name for name in free.variables())


def test_the_network_is_an_ordinary_keras_model(tmp_path: Path) -> None:
    learner = densities.learner(data={"channels": 3})
    network = learner.networks["network"]
    lines: list[str] = []
    network.summary(print_fn=lambda line, **_: lines.append(line))
    assert f"{network.count_params():,}" in "\n".join(lines)
    x = normal(0, "tests/x", 0, (2, 4, 4, 3))
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    assert isinstance(again, GatedPixelCNN)
    np.testing.assert_array_equal(array(again(x)), array(network(x)))
