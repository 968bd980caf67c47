"""Windows onto images against loops, and that drawing undoes cutting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.layers.windows import cut_windows, draw_windows
from genkit.randomness import uniform

pytestmark = pytest.mark.backends


def array(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def tensor(x: Any) -> Any:
    return ops.convert_to_tensor(np.asarray(x, np.float32))


def seen(image: np.ndarray, y: float, x: float) -> np.ndarray:
    """The bilinear value `(C,)` of an image at a point, black outside; pixel i is at i + 1/2."""
    total = np.zeros(image.shape[-1])
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            weight = max(0.0, 1 - abs(y - i - 0.5)) * max(0.0, 1 - abs(x - j - 0.5))
            total += weight * image[i, j]
    return total


@pytest.mark.parametrize("channels", [1, 3])
def test_cutting_and_drawing_are_bilinear(channels: int) -> None:
    images = uniform(0, "tests/windows", channels, (2, 7, 9, channels))
    boxes = np.array([[3.1, 4.2, 4.5, 5.0], [6.0, 0.5, 2.2, 7.7]])
    cut = array(cut_windows(tensor(images), tensor(boxes), 4))
    drawn = array(draw_windows(tensor(images[:, :6, :6]), tensor(boxes), 7, 9))
    assert cut.shape == (2, 4, 4, channels)
    assert drawn.shape == (2, 7, 9, channels)
    for image, found, picture, (down, across, height, width) in zip(
        images, cut, drawn, boxes, strict=True
    ):
        for i in range(4):
            for j in range(4):
                y = down + ((i + 0.5) / 4 - 0.5) * height
                x = across + ((j + 0.5) / 4 - 0.5) * width
                np.testing.assert_allclose(found[i, j], seen(image, y, x), atol=1e-5)
        for i in range(7):
            for j in range(9):
                y = ((i + 0.5 - down) / height + 0.5) * 6
                x = ((j + 0.5 - across) / width + 0.5) * 6
                np.testing.assert_allclose(picture[i, j], seen(image[:6, :6], y, x), atol=1e-5)


def test_drawing_undoes_cutting_where_pixels_meet() -> None:
    patch = uniform(1, "tests/windows", 0, (1, 5, 5, 2))
    box = tensor([[4.5, 3.5, 5.0, 5.0]])  # rows 2 to 6, columns 1 to 5
    canvas = array(draw_windows(tensor(patch), box, 8, 8))
    np.testing.assert_allclose(canvas[0, 2:7, 1:6], patch[0], atol=1e-6)
    assert canvas[0, :2].max() == canvas[0, 7:].max() == 0.0
    np.testing.assert_allclose(array(cut_windows(tensor(canvas), box, 5)), patch, atol=1e-5)


@pytest.mark.parametrize("scale", [0.6, 1.7])
def test_a_smooth_patch_survives_being_drawn_at_another_size(scale: float) -> None:
    y, x = np.mgrid[:24, :24] / 23.0 * np.pi
    patch = (np.sin(y) * np.sin(x))[None, ..., None]
    box = tensor([[32.3, 30.8, 24 * scale, 24 * scale]])
    canvas = draw_windows(tensor(patch), box, 64, 64)
    again = array(cut_windows(canvas, box, 24))
    assert np.abs(again - patch)[0, 1:-1, 1:-1].max() < 0.08


def test_gradients_reach_the_place_of_a_box() -> None:
    """Against central differences, away from the kinks of the hat weights."""
    image = uniform(2, "tests/windows", 0, (1, 9, 9, 1))
    box = np.array([[4.37, 4.71, 5.13, 5.29]], np.float32)

    def total(boxes: Any) -> Any:
        return ops.sum(ops.square(cut_windows(tensor(image), boxes, 4)))

    found = array(backend.input_gradient(total, box))[0]
    for axis in range(4):
        step = np.zeros((1, 4), np.float32)
        step[0, axis] = 1e-2
        ends = [float(array(total(tensor(box + way * step)))) for way in (1, -1)]
        assert found[axis] == pytest.approx((ends[0] - ends[1]) / 2e-2, rel=0.05, abs=0.02)
