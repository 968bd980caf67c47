"""How strongly objects act on each other, as a picture."""

from __future__ import annotations

import numpy as np

from genkit.artifacts.figure import Figure


def heat(name: str, effects: np.ndarray) -> Figure:
    """A heat map with a row for each receiver and a column for each sender.

    Args:
        name: stem of the file.
        effects: `(N, N)` norms; what is not above 0 is left white.
    """
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(4, 3.4), layout="constrained")
    axes = canvas.subplots()
    image = axes.imshow(np.where(effects > 0, effects, np.nan), cmap="magma")
    axes.set(xlabel="sender", ylabel="receiver", title="effect")
    canvas.colorbar(image)
    return Figure.from_matplotlib(name, canvas)
