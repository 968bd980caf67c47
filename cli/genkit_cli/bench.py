"""`genkit bench`: times samplers and training of a recipe or run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from genkit.errors import UsageError
from genkit_cli import output
from genkit_cli.options import allow_import_option, json_option

COLUMNS = (
    "sampler",
    "tile",
    "seconds",
    "forward_seconds",
    "ratio",
    "values_per_second",
    "over_naive",
    "passes_per_image",
    "real_time_factor",
    "blas_ratio",
    "compile_seconds",
    "peak_bytes",
)


@click.command()
@click.argument("reference", metavar="RECIPE|RUN")
@click.option(
    "--tile",
    "tiles",
    default="1,16,64",
    show_default=True,
    metavar="LIST",
    help="Tiles to time, such as 1,16.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="Time to spend on each row, beside compilation; at least three rounds.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Draw the rows into this .png.",
)
@allow_import_option
@json_option
def command(reference: str, tiles: str, seconds: float, plot: Path | None, as_json: bool) -> None:
    """Time the samplers of a recipe or run beside one forward pass of the same batch.

    `ratio` is the time of a sampler over the faster forward pass, XLA or not, both measured in
    turns. `peak_bytes` is what one call needs beside weights and libraries.
    """
    # How long compilation takes is a figure; programs of earlier runs would hide it.
    os.environ["GENKIT_COMPILATION_CACHE"] = "off"
    from genkit.opening import open_any
    from genkit_cli.bars import Bars

    sizes = _tiles(tiles)
    if plot is not None and plot.suffix != ".png":
        raise UsageError(f"--plot takes a .png file. Received: '{plot}'")
    bars = Bars()
    try:
        _, learner = open_any(reference, bars)

        from genkit.benchmark import run_all

        rows = run_all(list(learner.workloads(sizes)), seconds, bars)
    finally:
        bars.close()
    if plot is not None:
        _plot(rows, plot)
    if as_json:
        output.emit({"results": rows})
        return
    _show(rows)
    if plot is not None:
        output.show(str(plot))


def _tiles(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 0 < int(part) <= 65536 for part in parts):
        raise UsageError(f"--tile takes whole numbers from 1, such as 1,16,64. Received: '{text}'")
    return [int(part) for part in parts]


def _show(rows: list[dict[str, Any]]) -> None:
    """The columns that some row has, and notes below."""
    columns = [key for key in COLUMNS if any(row.get(key) is not None for row in rows)]
    cells = [[_cell(row.get(key)) for key in columns] for row in rows]
    output.show(output.table([columns, *cells]))
    if any(row.get("extrapolated") for row in rows):
        output.say("naive: estimated from a few of its values")
    for row in rows:
        if "skipped" in row:
            output.warn(f"{row['sampler']} is left out: {row['skipped']}")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plot(rows: list[dict[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure as Canvas

    from genkit.artifacts import Figure
    from genkit.files import write_bytes

    figure = Canvas(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    measured = [row for row in rows if "seconds" in row]
    for name in dict.fromkeys(row["sampler"] for row in measured):
        own = [row for row in measured if row["sampler"] == name]
        points = [(row["tile"], row["values_per_second"]) for row in own]
        axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="tile", ylabel="values per second")
    axes.legend()
    write_bytes(path, Figure.from_matplotlib("bench", figure).png)
