"""How figures of studies look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genkit.recipe import Study

# Okabe and Ito's colours, which the colour-blind can tell apart (Wong, 2011,
# doi:10.1038/nmeth.1618), less yellow, which is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", ":")  # the colours again, for more lines than there are
LEGEND = 10  # lines that a legend can name


def canvas(study: Study, x: str, y: str) -> tuple[Any, Any]:
    """A figure that pyplot does not know of, and its axes, with names along them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x.replace("_", " "))
    axes.set_ylabel(y.replace("_", " "))
    axes.set_title(study.name)
    axes.grid(alpha=0.3)
    return figure, axes


def line_style(number: int) -> dict[str, str]:
    """Of line `number`, from 0."""
    again, colour = divmod(number, len(COLOURS))
    return {"color": COLOURS[colour], "linestyle": DASHES[again % len(DASHES)]}
