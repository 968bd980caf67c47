"""Plucked strings, synthesised: recordings with known notes and instruments that need no file.

Karplus and Strong, 1983, Digital Synthesis of Plucked-String and Drum Timbres: a burst of noise
goes round a delay line, through a low-pass filter each time. After Jaffe and Smith, 1983,
Extensions of the Karplus-Strong Plucked-String Algorithm: a fractional delay for exact pitch, a
loss for the time of decay, and a comb filter for the place where the string is plucked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from genkit.data.audio.config import INSTRUMENTS, NOTES, StringsConfig
from genkit.data.audio.dataset import TAGS, AudioDataset, AudioSplit
from genkit.randomness import normal, uniform

LOWEST = 110.0  # Hz, A2; each following note is a semitone higher
_SCALE = 32_767
_PURPOSE = "strings"


@dataclass(frozen=True)
class Instrument:
    """What a string sounds like.

    Args:
        place: where it is plucked, as a share of its length.
        soft: of the pluck; the pole of a low-pass filter, 0 (bright) to 1.
        damping: how much faster high harmonics decay, 0 to 1.
        decay: seconds until the fundamental is 60 dB quieter.
        body: Hz, where the body resonates.
        width: Hz, of the resonance.
        share: of the sound that goes through the body.
    """

    place: float
    soft: float
    damping: float
    decay: float
    body: float
    width: float
    share: float


SOUNDS = {
    "guitar": Instrument(0.20, 0.25, 0.15, 3.0, 200.0, 60.0, 0.3),
    "harp": Instrument(0.50, 0.80, 0.05, 8.0, 400.0, 300.0, 0.2),
    "bass": Instrument(0.13, 0.95, 0.50, 2.5, 90.0, 60.0, 0.5),
    "banjo": Instrument(0.07, 0.05, 0.05, 1.2, 1_100.0, 500.0, 0.8),
}


def load(config: StringsConfig) -> AudioDataset:
    """Splits of consecutive indices; each goes through all instruments and notes in turn."""
    counts = {
        "train": config.train_count,
        "validation": config.validation_count,
        "test": config.test_count,
    }
    length = round(config.seconds * config.sample_rate)
    splits, start = {}, 0
    for split, count in counts.items():
        samples = np.concatenate(
            [recording(index, length, config.sample_rate) for index in range(start, start + count)]
        )
        tags = np.array([_tags(index) for index in range(start, start + count)], np.uint8)
        splits[split] = AudioSplit(
            samples,
            np.arange(count + 1, dtype=np.int64) * length,
            {TAGS: tags},
            config.sample_rate,
            [_name(index) for index in range(start, start + count)],
        )
        start += count
    notes = {"data": config.name, "preprocessing": config.preprocessing()}
    return AudioDataset(config.name, splits, config.vocabulary(), notes)


def what(index: int) -> tuple[str, str]:
    """Instrument and note of a recording."""
    place = index % (len(INSTRUMENTS) * len(NOTES))
    return INSTRUMENTS[place % len(INSTRUMENTS)], NOTES[place // len(INSTRUMENTS)]


def frequency(note: str) -> float:
    """Fundamental of a note, Hz, in equal temperament."""
    return LOWEST * 2.0 ** (NOTES.index(note) / 12)


def recording(index: int, length: int, sample_rate: int) -> np.ndarray:
    """`(length,)` int16; a function of its arguments alone.

    Recordings of one instrument and note differ in the pluck, its place and softness, decay and
    loudness.
    """
    name, note = what(index)
    draw = uniform(0, _PURPOSE, index, (4,)).astype(np.float64)
    sound = SOUNDS[name]
    wave = _string(
        frequency(note),
        sound.place * (0.9 + 0.2 * draw[0]),
        sound.soft * (0.9 + 0.1 * draw[1]),
        sound.damping,
        sound.decay * (0.7 + 0.6 * draw[2]),
        index,
        length,
        sample_rate,
    )
    wave = _body(wave, sound, sample_rate)
    loudness = 0.25 + 0.65 * draw[3]
    return np.rint(wave * (loudness * _SCALE / np.abs(wave).max())).astype(np.int16)


def _string(
    pitch: float,
    place: float,
    soft: float,
    damping: float,
    decay: float,
    index: int,
    length: int,
    sample_rate: int,
) -> np.ndarray:
    """The string alone: a pluck through the loop."""
    from scipy.signal import lfilter

    period = sample_rate / pitch
    pluck = np.zeros(length)
    burst = normal(0, f"{_PURPOSE}/pluck", index, (math.ceil(period),)).astype(np.float64)
    burst = lfilter([1.0 - soft], [1.0, -soft], burst)[:length]
    pluck[: len(burst)] = burst - burst.mean()  # a mean would go round for ever
    away = max(1, round(place * period))
    pluck[away:] -= pluck[:-away].copy()
    return np.asarray(lfilter([1.0], _loop(period, damping, decay * sample_rate), pluck))


def _loop(period: float, damping: float, decay: float) -> np.ndarray:
    """Denominator of the loop's filter: 1 - loss * low-pass * delay of `period` in all."""
    whole = math.floor(period) - 2  # the low-pass delays by 1, the interpolation by 1 to 2
    d = period - whole - 1
    # Lagrange interpolation of third order, which never amplifies for delays of 1 to 2.
    between = [math.prod((d - k) / (n - k) for k in range(4) if k != n) for n in range(4)]
    low_pass = [damping / 2, 1.0 - damping, damping / 2]
    loss = 10.0 ** (-3.0 * period / decay)
    return np.concatenate([[1.0], np.zeros(whole - 1), -loss * np.convolve(low_pass, between)])


def _body(wave: np.ndarray, sound: Instrument, sample_rate: int) -> np.ndarray:
    """The string through the body: its resonance beside the sound itself."""
    from scipy.signal import iirpeak, lfilter

    if sound.body >= sample_rate / 2:
        return wave
    b, a = iirpeak(sound.body, sound.body / sound.width, sample_rate)
    return np.asarray((1.0 - sound.share) * wave + sound.share * lfilter(b, a, wave))


def _tags(index: int) -> list[int]:
    chosen = what(index)
    return [int(tag in chosen) for tag in (*INSTRUMENTS, *NOTES)]


def _name(index: int) -> str:
    return f"{index}-{'-'.join(what(index))}"
