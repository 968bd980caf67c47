"""Pictures of recordings and statistics of sound."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from genkit import randomness
from genkit.metrics.audio_pictures import recordings_figure, sound_statistics

RATE = 8_000


def hiss(index: int, count: int, amount: float = 0.3) -> np.ndarray:
    return amount * randomness.normal(0, "test/hiss", index, (count,))


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_eight_noisy_recordings_stay_small_and_more_are_not_drawn() -> None:
    recordings = [hiss(i, 8_000 + 8_000 * i) for i in range(9)]
    figure = recordings_figure(recordings, RATE, [f"speaker $x_{i}" for i in range(9)], "noise")
    assert figure.name == "noise"
    assert len(figure.png) < 300_000
    assert recordings_figure(recordings[:8], RATE, [f"speaker $x_{i}" for i in range(8)]).png == (
        figure.png
    )


def test_only_the_first_minute_is_drawn() -> None:
    sound = np.int16(20_000 * hiss(0, 61 * 1_000))
    whole, minute = (recordings_figure([one], 1_000) for one in (sound, sound[:60_000]))
    assert whole.png == minute.png
    assert whole.png != recordings_figure([sound[:50_000]], 1_000).png


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_any_number_of_recordings_of_any_length(count: int) -> None:
    recordings = [np.zeros(length, np.int16) for length in (0, 1, 100, 9_000, 3)]
    assert recordings_figure(recordings[:count], RATE).png.startswith(b"\x89PNG")


def test_a_higher_tone_is_drawn_higher() -> None:
    """In the lower part of the picture, the brightest rows are where the tone is."""
    time = np.arange(RATE) / RATE
    heights = []
    for pitch in (300, 1_000, 3_000):
        picture = pixels(recordings_figure([np.sin(2 * np.pi * pitch * time) / 2], RATE).png)
        yellow = (picture[..., 0] > 200) & (picture[..., 1] > 200) & (picture[..., 2] < 120)
        heights.append(np.median(np.flatnonzero(yellow.sum(axis=1) > 50)))
    assert heights[0] > heights[1] + 10 > heights[2] + 20


def test_statistics_of_a_tone() -> None:
    tone = np.int16(16_384 * np.sin(2 * np.pi * 500 * np.arange(2 * RATE) / RATE))
    found = sound_statistics([tone], RATE)
    assert found["seconds"] == 2.0
    assert found["peak"] == pytest.approx(0.5, abs=1e-3)
    assert found["rms"] == pytest.approx(0.5 / np.sqrt(2), abs=1e-3)
    assert found["crest_factor"] == pytest.approx(np.sqrt(2), abs=1e-2)
    assert found["zero_crossings"] == pytest.approx(1_000, abs=2)
    assert found["spectral_centroid"] == pytest.approx(500, abs=15)
    assert found["silence"] == 0.0


def test_statistics_of_white_noise_silence_and_both() -> None:
    noise = hiss(1, 4 * RATE)
    found = sound_statistics([noise], RATE)
    assert found["zero_crossings"] == pytest.approx(RATE / 2, rel=0.03)
    assert found["spectral_centroid"] == pytest.approx(RATE / 4, rel=0.03)
    half = np.concatenate([noise[: 256 * 20], np.zeros(256 * 20)])
    assert sound_statistics([half], RATE)["silence"] == 0.5
    silence = sound_statistics([np.zeros(100, np.int16), np.zeros(0, np.int16)], RATE)
    assert silence["silence"] == 1.0
    assert all(np.isfinite(value) for value in silence.values())


def test_statistics_are_medians() -> None:
    loudness = (0.01, 0.02, 0.9)
    found = sound_statistics([np.full(400, amount) for amount in loudness], RATE)
    assert found["peak"] == pytest.approx(0.02)
