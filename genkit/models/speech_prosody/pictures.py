"""Figures of durations and contours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.artifacts import Figure
from genkit.speech.pitch import log_hertz_of

KINDS = ("recorded", "told")


def durations_figure(
    true: Sequence[np.ndarray], told: Sequence[np.ndarray], milliseconds: float, split: str
) -> Figure:
    """Predicted against true durations, a dot a phone."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(5, 5), layout="constrained")
    axes = canvas.subplots()
    x, y = (np.concatenate(parts) * milliseconds for parts in (true, told))
    axes.loglog(x, y, ".", markersize=2, alpha=0.4)
    low, high = milliseconds, max(x.max(), y.max())
    axes.loglog([low, high], [low, high], "k-", linewidth=0.8)
    axes.set_xlabel("true duration, ms")
    axes.set_ylabel("predicted duration, ms")
    axes.set_title(f"{len(x):,} phones of {split}")
    return Figure.from_matplotlib("durations", canvas)


def contours_figure(
    true: Sequence[np.ndarray],
    told: Sequence[np.ndarray],
    titles: Sequence[str],
    seconds: float,
    split: str,
) -> Figure:
    """True and drawn contours, a row a recording; unvoiced frames are left out."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(9, 2 * len(true)), layout="constrained")
    rows = canvas.subplots(len(true), 1, squeeze=False)[:, 0]
    for axes, own, other, title in zip(rows, true, told, titles, strict=True):
        for contour, name in ((own, "recorded"), (other, "drawn")):
            hertz = np.exp(log_hertz_of(contour[:, 0]))
            hertz[contour[:, 1] < 0.5] = np.nan
            axes.plot(np.arange(len(hertz)) * seconds, hertz, label=name)
        axes.set_ylabel("F0, Hz")
        if title.isascii():  # the fonts that come with Matplotlib have no Chinese
            axes.set_title(title, fontsize=8)
    rows[-1].set_xlabel(f"seconds, {split}")
    rows[0].legend(fontsize=8)
    return Figure.from_matplotlib("contours", canvas)


def envelopes_figure(
    true: Sequence[np.ndarray],
    told: Sequence[np.ndarray],
    titles: Sequence[str],
    seconds: float,
    sample_rate: int,
) -> Figure:
    """Spectra of recorded and of told envelopes `(F, bins)` in dB, a pair of rows a recording."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(9, 3 * len(true)), layout="constrained")
    rows = canvas.subplots(2 * len(true), 1, squeeze=False)[:, 0]
    for i, pair in enumerate(zip(true, told, strict=True)):
        for axes, spectra, kind in zip(rows[2 * i : 2 * i + 2], pair, KINDS, strict=True):
            extent = (0.0, len(spectra) * seconds, 0.0, sample_rate / 2000)
            axes.imshow(
                spectra.T, origin="lower", aspect="auto", extent=extent, vmin=-90.0, vmax=-10.0
            )
            axes.set_ylabel("kHz")
            title = titles[i] if titles[i].isascii() else ""
            axes.set_title(f"{kind}: {title}" if title else kind, fontsize=8)
    rows[-1].set_xlabel("seconds")
    return Figure.from_matplotlib("envelopes", canvas)
