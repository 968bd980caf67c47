"""Windows onto an image: cut out of it and drawn back into it, without rotation.

The spatial transformer of Attend, Infer, Repeat (Eslami et al., 2016; Jaderberg et al., 2015).
Without rotation bilinear resampling is separable: two products with matrices of hat weights.
Cutting and drawing use the same map between positions in the canvas and in the window, so that one
undoes the other as far as resampling allows; exactly, where pixels of the window fall on pixels of
the canvas.

Pixel i of an axis lies at i + 1/2. A box is its centre and side in pixels of the canvas.
"""

from __future__ import annotations

from typing import Any

from keras import ops


def cut_weights(centre: Any, side: Any, window: int, canvas: int) -> Any:
    """`(..., window, canvas)`: how much of each pixel of the canvas each pixel of the window sees.

    Args:
        centre, side: `(...)` of boxes, in pixels.
    """
    j = (ops.arange(window, dtype="float32") + 0.5) / window - 0.5
    seen = centre[..., None] + j * side[..., None]  # positions in the canvas
    return _hat(seen[..., :, None] - (ops.arange(canvas, dtype="float32") + 0.5))


def draw_weights(centre: Any, side: Any, window: int, canvas: int) -> Any:
    """`(..., canvas, window)`: how much each pixel of the canvas gets of each of the window."""
    u = ops.arange(canvas, dtype="float32") + 0.5
    seen = (u - centre[..., None]) * (window / side[..., None]) + 0.5 * window
    return _hat(seen[..., :, None] - (ops.arange(window, dtype="float32") + 0.5))


def cut_windows(images: Any, boxes: Any, window: int) -> Any:
    """What boxes show of images, `(B, window, window, C)`.

    Args:
        images: `(B, H, W, C)`. boxes: `(B, 4)` centre down, centre across, height, width.
    """
    height, width = images.shape[1:3]
    rows = cut_weights(boxes[:, 0], boxes[:, 2], window, height)
    columns = cut_weights(boxes[:, 1], boxes[:, 3], window, width)
    return _both(images, rows, columns)


def draw_windows(patches: Any, boxes: Any, height: int, width: int) -> Any:
    """Patches `(B, w, w, C)` drawn into their boxes on black canvases `(B, height, width, C)`."""
    window = patches.shape[1]
    rows = draw_weights(boxes[:, 0], boxes[:, 2], window, height)
    columns = draw_weights(boxes[:, 1], boxes[:, 3], window, width)
    return _both(patches, rows, columns)


def _hat(distance: Any) -> Any:
    return ops.relu(1.0 - ops.abs(distance))


def _both(images: Any, rows: Any, columns: Any) -> Any:
    """`rows @ images @ columns^T` for each channel: `(B, h, w, C)`."""
    channels = images.shape[-1]
    if channels == 1:  # the usual case, as plain batched products
        found = ops.matmul(ops.matmul(rows, images[..., 0]), ops.transpose(columns, (0, 2, 1)))
        return found[..., None]
    planes = ops.transpose(images, (0, 3, 1, 2))
    across = ops.transpose(columns, (0, 2, 1))[:, None]
    found = ops.matmul(ops.matmul(rows[:, None], planes), across)
    return ops.transpose(found, (0, 2, 3, 1))
