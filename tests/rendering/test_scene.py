"""Pictures of scenes: symmetries, depth, both ways to compute them, and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.rendering.camera import View
from genkit.rendering.gradient import STEPS, rendered
from genkit.rendering.scene import nearer, render, solid_layer, table_layer
from genkit.rendering.solids import CUBE, CYLINDER, MISS, SPHERE, SYMMETRIES
from tests.densities import array

VIEW = View(size=16, samples=2)


def draw(shapes: Any, poses: Any, alive: Any = None, azimuth: Any = None) -> np.ndarray:
    shapes, poses = np.asarray(shapes), np.asarray(poses, np.float32)
    alive = np.ones(shapes.shape) if alive is None else np.asarray(alive)
    azimuth = np.zeros(len(shapes), np.float32) if azimuth is None else azimuth
    return np.asarray(render(np, VIEW, shapes, poses, alive, azimuth))


@pytest.mark.parametrize("shape", [SPHERE, CUBE, CYLINDER])
def test_a_solid_looks_the_same_after_the_turns_of_its_symmetry(shape: int) -> None:
    turns = SYMMETRIES[shape] or 7
    same = [[0.3, -0.2, 0.4 + 2 * np.pi * k / turns] for k in range(turns)]
    pictures = draw([[shape]] * turns, [[pose] for pose in same])
    np.testing.assert_allclose(pictures, pictures[:1].repeat(turns, axis=0), atol=1e-2)
    if shape != SPHERE:
        other = draw([[shape]], [[[0.3, -0.2, 0.4 + np.pi / turns]]])
        assert np.abs(other - pictures[:1]).max() > 0.1


def test_what_is_nearer_hides_what_is_behind() -> None:
    both = draw([[SPHERE, CUBE]], [[[0, -0.5, 0], [0, 0.4, 0]]])
    front = draw([[SPHERE, CUBE]], [[[0, -0.5, 0], [0, 0.4, 0]]], alive=[[1, 0]])
    back = draw([[SPHERE, CUBE]], [[[0, -0.5, 0], [0, 0.4, 0]]], alive=[[0, 1]])
    empty = draw([[SPHERE, CUBE]], np.zeros((1, 2, 3)), alive=[[0, 0]])
    seen = np.abs(front - empty) > 0.2
    np.testing.assert_allclose(both[seen], front[seen], atol=0.3)
    np.testing.assert_array_equal(
        draw([[CUBE, SPHERE]], [[[0, 0.4, 0], [0, -0.5, 0]]]), both
    )  # the order of slots does not matter
    assert np.abs(both - front).max() > 0.2
    assert np.abs(both - back).max() > 0.2


def test_turning_the_camera_and_the_scene_changes_no_depth() -> None:
    angle = np.float32(0.7)
    place = np.array([0.5, -0.3])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    poses = np.array([[*place, 0.2], [*(turn @ place), 0.2 + angle]], np.float32)
    depths = []
    for pose, azimuth in zip(poses, (0.0, angle), strict=True):
        rays = VIEW.rays(np, np.array([azimuth], np.float32))
        for shape in (SPHERE, CUBE, CYLINDER):
            layer = solid_layer(np, rays, np.array([shape]), pose[None], np.ones(1))
            depths.append(layer[0])
    for before, after in zip(depths[:3], depths[3:], strict=True):
        both = (before < MISS) & (after < MISS)
        assert ((before < MISS) != (after < MISS)).mean() < 0.01
        np.testing.assert_allclose(before[both], after[both], atol=2e-2)


def test_the_table_ends_and_beyond_is_nothing() -> None:
    rays = VIEW.rays(np, np.zeros(1, np.float32))
    t, shade = table_layer(np, rays)
    assert (shade[t == MISS] == 0).all()
    assert len(np.unique(shade)) == 2
    ahead = nearer(np, (np.full_like(t, 1.0), np.full_like(t, 0.5)), (t, shade))
    assert (ahead[1] == 0.5).all()


@pytest.mark.backends
def test_numpy_and_the_backend_draw_the_same() -> None:
    random = np.random.default_rng(1)
    shapes = random.integers(0, 3, (8, 2))
    poses = random.uniform(-1, 1, (8, 2, 3)).astype(np.float32)
    alive = random.integers(0, 2, (8, 2)).astype(np.float32)
    azimuth = random.uniform(-1, 1, 8).astype(np.float32)
    here = draw(shapes, poses, alive, azimuth)
    given = [ops.convert_to_tensor(x) for x in (shapes, poses, alive, azimuth)]
    there = array(render(ops, VIEW, *given))
    assert np.quantile(np.abs(here - there), 0.99) < 1e-4


@pytest.mark.backends
def test_gradients_are_central_differences_of_pictures() -> None:
    random = np.random.default_rng(2)
    shapes, alive = np.array([[CUBE, SPHERE], [CYLINDER, CUBE]]), np.array([[1.0, 1.0], [1.0, 0.0]])
    poses = random.uniform(-0.8, 0.8, (2, 2, 3)).astype(np.float32)
    weights = random.normal(size=(2, 16, 16, 1)).astype(np.float32)
    azimuth = np.array([0.1, -0.3], np.float32)

    def total(moved: Any) -> Any:
        picture = rendered(
            VIEW, ops.convert_to_tensor(shapes), moved, ops.convert_to_tensor(alive),
            ops.convert_to_tensor(azimuth),
        )  # fmt: skip
        return ops.sum(picture * weights)

    found = array(backend.input_gradient(total, poses))
    for i in range(2):
        for axis in range(3):
            step = np.zeros((2, 2, 3), np.float32)
            step[:, i, axis] = STEPS[axis]
            ends = [draw(shapes, poses + way * step, alive, azimuth) for way in (1, -1)]
            wanted = (weights * (ends[0] - ends[1])).sum(axis=(1, 2, 3)) / (2 * STEPS[axis])
            np.testing.assert_allclose(found[:, i, axis], wanted, atol=0.05, rtol=0.02)
    assert (found[1, 1] == 0).all()  # what is not there moves nothing


@pytest.mark.backends
def test_descent_finds_poses_from_nearby() -> None:
    shapes = np.array([[SPHERE], [CUBE], [CYLINDER]])
    true = np.tile(np.array([[[0.2, -0.1, 0.3]]], np.float32), (3, 1, 1))
    target = draw(shapes, true).astype(np.float32)

    def error(moved: Any) -> Any:
        picture = rendered(
            VIEW, ops.convert_to_tensor(shapes), moved, ops.ones((3, 1)), ops.zeros((3,))
        )
        return ops.sum(ops.square(picture - target))

    slope = backend.compile(lambda poses: backend.input_gradient(error, poses), [])
    poses = true + np.array([[[0.15, -0.12, 0.2]]], np.float32)
    for number in range(60):
        reach = 0.03 * 0.97**number
        poses = poses - np.clip(0.01 * array(slope(poses)), -reach, reach).astype(np.float32)
    assert np.abs(poses - true)[..., :2].max() < 0.03
    assert np.abs(poses - true)[1:, 0, 2].max() < 0.05  # any turn of a sphere looks the same


@pytest.mark.backends
def test_the_camera_has_a_gradient_too() -> None:
    shapes, alive = ops.convert_to_tensor(np.array([[CUBE]])), ops.ones((1, 1))
    poses = ops.convert_to_tensor(np.array([[[0.6, 0.2, 0.1]]], np.float32))
    target = draw([[CUBE]], [[[0.6, 0.2, 0.1]]], azimuth=np.array([0.2], np.float32))

    def error(azimuth: Any) -> Any:
        return ops.sum(ops.square(rendered(VIEW, shapes, poses, alive, azimuth) - target))

    slopes = [
        float(array(backend.input_gradient(error, np.array([at], np.float32)))[0])
        for at in (0.1, 0.3)
    ]
    assert slopes[0] < 0 < slopes[1]
