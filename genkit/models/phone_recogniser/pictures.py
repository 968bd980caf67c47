"""A recording, its spectrogram, what is heard in it, and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.data.audio.dataset import Segment
from genkit.metrics.audio_pictures import draw_spectrogram, spectrogram
from genkit.metrics.speech.decoder import PhoneDecoder

if TYPE_CHECKING:
    from genkit.models.phone_recogniser.learner import Heard

LONGEST = 8.0  # seconds that are drawn
MOST = 24  # phones whose posteriors are drawn: those that get the most of them


def posteriors_figure(
    name: str,
    sound: np.ndarray,
    sample_rate: int,
    heard: Heard,
    decoder: PhoneDecoder,
    found: Sequence[Segment],
    known: Sequence[Segment],
) -> Figure:
    """Waveform, spectrogram, posteriors of frames, phones that are heard and, below them, those
    that were said; the first eight seconds.

    Args:
        sound: `(T,)` int16. found: segments that are heard. known: those that were said, or none.
    """
    from matplotlib.figure import Figure as Canvas

    sound = sound[: int(LONGEST * sample_rate)]
    seconds = len(sound) / sample_rate
    figure = Canvas(figsize=(max(6.0, 2.2 * seconds), 8.0), layout="constrained")
    rows = figure.subplots(4, 1, sharex=True, gridspec_kw={"height_ratios": [1, 2, 4, 1]})
    rows[0].plot(np.arange(len(sound)) / sample_rate, sound / 32768.0, linewidth=0.4)
    rows[0].set_ylabel("wave")
    spectrum = spectrogram(sound, sample_rate)
    draw_spectrogram(rows[1], spectrum, spectrum.max(), seconds, sample_rate)
    rows[1].set(ylabel="log-mel", xlabel="")
    _posteriors(rows[2], np.exp(heard.log_probabilities), decoder, seconds, sample_rate)
    _segments(rows[3], 0.5 if known else 0.0, found, decoder, sample_rate, seconds)
    _segments(rows[3], 0.0, known, decoder, sample_rate, seconds)
    rows[3].set(yticks=[0.25, 0.75] if known else [0.5], ylim=(0, 1), xlabel="seconds")
    rows[3].set_yticklabels(["said", "heard"] if known else ["heard"], fontsize=8)
    rows[3].set_xlim(0, seconds)
    return Figure.from_matplotlib(name, figure)


def _posteriors(
    axes: Any, shares: np.ndarray, decoder: PhoneDecoder, seconds: float, sample_rate: int
) -> None:
    """A row a phone, dark where it is probable, in the order of their first frames."""
    shares = shares[: int(np.ceil(seconds * sample_rate / decoder.hop))]
    chosen = np.argsort(-shares.sum(0))[:MOST]
    chosen = chosen[np.argsort(shares[:, chosen].argmax(axis=0), kind="stable")]
    end = len(shares) * decoder.hop / sample_rate
    axes.imshow(
        shares[:, chosen].T,
        aspect="auto",
        cmap="Greys",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=(0, end, len(chosen) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(chosen)), [decoder.labels[i] for i in chosen], fontsize=7)
    axes.set_ylabel("posterior")


def _segments(
    axes: Any,
    bottom: float,
    segments: Sequence[Segment],
    decoder: PhoneDecoder,
    sample_rate: int,
    seconds: float,
) -> None:
    for start, end, label in segments:
        if start / sample_rate >= seconds:
            break
        axes.axvline(start / sample_rate, bottom, bottom + 0.5, color="0.7", linewidth=0.5)
        middle = (start + end) / 2 / sample_rate
        if label not in decoder.pauses and middle < seconds:
            axes.text(middle, bottom + 0.25, label, ha="center", va="center", fontsize=7)
