"""Pictures of recordings, and figures that tell whether two sets of them sound alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from genkit.artifacts.figure import Figure
from genkit.metrics.log_mel import as_float, log_mel, power_spectra, window_length

MOST = 8  # recordings in a picture
LONGEST = 60  # seconds of each
COLUMNS = 200  # values drawn across a recording, about as many as a picture has pixels there
DECIBELS = 10 / np.log(10)  # in a neper of power
RANGE = 60  # decibels between the darkest and the brightest
SILENT = 1e-3  # RMS of a frame, of full scale: -60 dB


def recordings_figure(
    recordings: Sequence[np.ndarray],
    sample_rate: int,
    titles: Sequence[str] | None = None,
    name: str = "recordings",
) -> Figure:
    """The first eight recordings, each as a waveform above its log-mel spectrogram.

    Args:
        recordings: each `(T_i,)`, 16-bit PCM or floats from -1 to 1.
        sample_rate: Hz.
        titles: of the recordings.
        name: stem of the file.

    A waveform fills its height unless it is softer than a hundredth of full scale; spectrograms
    show loudness on one scale. Of each recording the first minute is drawn, thinned to what can be
    seen: the extremes of its waveform, the loudest of its frames. The picture stays below 300 kB.
    """
    from matplotlib.figure import Figure as Canvas

    shown = [_beginning(recording, sample_rate) for recording in recordings[:MOST]]
    across = min(4, max(1, len(shown)))
    down = max(1, -(-len(shown) // across))
    figure = Canvas(figsize=(2.4 * across + 0.6, 2.4 * down + 0.2), layout="constrained")
    grid = figure.subplots(
        2 * down, across, squeeze=False, gridspec_kw={"height_ratios": [1, 2] * down}
    )
    for axes in grid.flat:
        axes.set_axis_off()
    spectra = [spectrogram(sound, sample_rate) for sound in shown]
    brightest = max((spectrum.max() for spectrum in spectra), default=0.0)
    for i, (sound, spectrum) in enumerate(zip(shown, spectra, strict=True)):
        upper, lower = grid[2 * (i // across) : 2 * (i // across) + 2, i % across]
        _draw_waveform(upper, sound, titles[i] if titles else "")
        draw_spectrogram(lower, spectrum, brightest, len(sound) / sample_rate, sample_rate)
    return Figure.from_matplotlib(name, figure)


def sound_statistics(recordings: Sequence[np.ndarray], sample_rate: int) -> dict[str, float]:
    """Medians over recordings of what tells noise, silence and clipping from sound.

    Args:
        recordings: at least one, each `(T_i,)`, 16-bit PCM or floats from -1 to 1.
        sample_rate: Hz.

    Returns:
        `seconds`; `rms` and `peak`, of full scale; `crest_factor`, peak to RMS; `silence`, the
        share of frames below -60 dB; `zero_crossings` a second; `spectral_centroid` in Hz, the
        mean frequency by power.
    """
    each = [_statistics(_or_silence(recording), sample_rate) for recording in recordings]
    return {name: float(np.median([one[name] for one in each])) for name in each[0]}


def _statistics(sound: np.ndarray, sample_rate: int) -> dict[str, float]:
    rms, peak = float(np.sqrt(np.mean(sound**2))), float(np.abs(sound).max())
    window = window_length(sample_rate)
    power = power_spectra(sound, window, window).sum(axis=1)
    frequencies = np.linspace(0, sample_rate / 2, len(power))
    whole = np.pad(sound, (0, -len(sound) % window)).reshape(-1, window)
    crossings = np.count_nonzero(np.diff(np.signbit(sound)))
    return {
        "seconds": len(sound) / sample_rate,
        "rms": rms,
        "peak": peak,
        "crest_factor": peak / rms if rms else 0.0,
        "silence": float(np.mean(np.sqrt(np.mean(whole**2, axis=1)) < SILENT)),
        "zero_crossings": crossings * sample_rate / len(sound),
        "spectral_centroid": float(power @ frequencies / power.sum()) if rms else 0.0,
    }


def _or_silence(recording: np.ndarray) -> np.ndarray:
    """Sound as float64; one zero where a recording is empty."""
    sound = as_float(recording).astype(np.float64)
    return sound if len(sound) else np.zeros(1)


def _beginning(recording: np.ndarray, sample_rate: int) -> np.ndarray:
    return _or_silence(recording[: LONGEST * sample_rate])


def spectrogram(sound: np.ndarray, sample_rate: int) -> np.ndarray:
    """Log-mel, decibels `(bands, columns)`, thinned to what a picture shows."""
    frames = DECIBELS * log_mel(sound, sample_rate)
    return np.maximum.reduceat(frames, _starts(len(frames))).T


def _starts(count: int) -> np.ndarray:
    """Where stretches of equal length begin that cut `count` values into at most 200."""
    return np.arange(0, count, -(-count // COLUMNS))


def _draw_waveform(axes: Any, sound: np.ndarray, title: str) -> None:
    starts = _starts(len(sound))
    low, high = np.minimum.reduceat(sound, starts), np.maximum.reduceat(sound, starts)
    axes.set_axis_on()
    axes.fill_between(starts, low, high, linewidth=0.5)
    height = max(0.01, np.abs(sound).max())
    axes.set(xlim=(0, len(sound)), ylim=(-height, height), xticks=[], yticks=[])
    axes.set_title(title, fontsize=8, parse_math=False)


def draw_spectrogram(
    axes: Any, spectrum: np.ndarray, brightest: float, seconds: float, sample_rate: int
) -> None:
    """Draw what `spectrogram` gives of so many seconds, over 60 decibels below the brightest."""
    axes.set_axis_on()
    axes.imshow(
        spectrum,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, len(spectrum)),
        vmin=brightest - RANGE,
        vmax=brightest,
        interpolation="nearest",
    )
    axes.tick_params(labelsize=7)
    axes.set(yticks=[0, len(spectrum)], yticklabels=["0", f"{sample_rate / 2000:g} kHz"])
    axes.set_xlabel("seconds", fontsize=7)
