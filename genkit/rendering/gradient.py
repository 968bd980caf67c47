"""Gradients through pictures by finite differences (Eslami et al., 2016, section 4.2).

Where a ray passes by an edge no derivative is of use. A picture of a pose a little to either side
is: central differences over steps of about half a pixel. To change one solid, only it is rendered
again and put together with the others by depth.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.rendering.camera import View
from genkit.rendering.scene import POSE, nearer, render, solid_layer, table_layer

STEPS = (0.05, 0.05, 0.1)  # of x, y and turn
AZIMUTH_STEP = 0.03


def rendered(view: View, shapes: Any, poses: Any, alive: Any, azimuth: Any) -> Any:
    """`scene.render` in `keras.ops`, with gradients for `poses` and `azimuth` by differences.

    Shapes and presence are chosen, not moved: nothing flows back to them.
    """

    @ops.custom_gradient
    def run(poses: Any, azimuth: Any) -> Any:
        def gradient(*args: Any, upstream: Any = None) -> Any:
            change = args[0] if upstream is None else upstream
            return (
                pose_gradient(view, shapes, poses, alive, azimuth, change),
                azimuth_gradient(view, shapes, poses, alive, azimuth, change),
            )

        return render(ops, view, shapes, poses, alive, azimuth), gradient

    return run(poses, azimuth)


def pose_gradient(
    view: View, shapes: Any, poses: Any, alive: Any, azimuth: Any, change: Any
) -> Any:
    """`(B, N, 3)`: change `(B, H, W, 1)` of a loss with pictures, as one with poses."""
    rays = view.rays(ops, azimuth)
    table = table_layer(ops, rays)
    count = int(shapes.shape[1])
    layers = [solid_layer(ops, rays, shapes[:, i], poses[:, i], alive[:, i]) for i in range(count)]
    found = []
    for i in range(count):
        others = table
        for j in range(count):
            if j != i:
                others = nearer(ops, layers[j], others)
        found.append(_one(view, rays, others, shapes[:, i], poses[:, i], alive[:, i], change))
    return ops.stack(found, axis=1)


def _one(view: View, rays: Any, others: Any, shape: Any, pose: Any, alive: Any, change: Any) -> Any:
    """`(B, 3)` of one solid before the others."""
    slopes = []
    for axis in range(POSE):
        step = ops.one_hot(axis, POSE, dtype=pose.dtype) * STEPS[axis]
        ends = []
        for way in (1.0, -1.0):
            layer = solid_layer(ops, rays, shape, pose + way * step, alive)
            ends.append(view.picture(ops, nearer(ops, layer, others)[1]))
        slopes.append(_slope(ends, change, STEPS[axis]))
    return ops.stack(slopes, axis=1)


def azimuth_gradient(
    view: View, shapes: Any, poses: Any, alive: Any, azimuth: Any, change: Any
) -> Any:
    """`(B,)` of the camera: everything is rendered again."""
    ends = [
        render(ops, view, shapes, poses, alive, azimuth + way * AZIMUTH_STEP) for way in (1.0, -1.0)
    ]
    return _slope(ends, change, AZIMUTH_STEP)


def _slope(ends: list[Any], change: Any, step: float) -> Any:
    difference = (ends[0] - ends[1]) * (0.5 / step)
    return ops.sum(change * difference, axis=(1, 2, 3))
