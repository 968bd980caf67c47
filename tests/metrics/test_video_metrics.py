"""Bounds and likeness of frames, against definitions written out."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.metrics.copying import CopyLast
from genkit.metrics.entropy import soft_entropy
from genkit.metrics.likeness import psnr, ssim


def videos(levels: int, shape: tuple[int, ...] = (3, 2, 12, 13, 1)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, levels, shape).astype(np.uint8)


def test_the_entropy_of_soft_targets() -> None:
    video = videos(256)
    found, wanted = soft_entropy(video, 256), np.zeros((3, 2))
    for place, value in np.ndenumerate(video):
        z = value / 255
        if 0 < z < 1:
            wanted[place[:2]] -= z * np.log(z) + (1 - z) * np.log(1 - z)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_array_equal(soft_entropy(255 * (video > 99).astype(np.uint8), 256), 0.0)


@pytest.mark.parametrize("soft", [True, False])
def test_no_prediction_costs_less_than_the_bound(soft: bool) -> None:
    """Cross-entropy of soft targets is least where the prediction is the target."""
    video = videos(16)
    last, later = video[:, 0], np.repeat(video[:, :1], 3, axis=1)  # nothing moves
    copying = CopyLast(16, soft).fit(last, later)
    found = copying.nats(last, later)
    bound = soft_entropy(later, 16) if soft else 0.0
    assert (found >= bound).all()
    assert found.mean() - np.mean(bound) < 0.5  # little noise is needed


def test_copying_of_values_is_a_density() -> None:
    copying = CopyLast(4, False).fit(videos(4)[:, 0], videos(4)[:, 1:])
    last = np.full((1, 1, 1, 1), 2, np.uint8)
    every = np.arange(4, dtype=np.uint8).reshape(1, 4, 1, 1, 1)
    assert np.exp(-copying.nats(last, every)).sum() == pytest.approx(1.0)
    assert copying.nats(last, every).argmin() == 2 or copying.noise > 0.4


def test_what_moves_more_costs_more() -> None:
    last = videos(16)[:, 0]
    near, far = last[:, None].copy(), videos(16)[:, 1:]
    near[:, :, 0, 0] = 15 - near[:, :, 0, 0]
    copying = CopyLast(16, True).fit(last, near)
    assert copying.nats(last, near).mean() < copying.nats(last, far).mean()


def test_psnr() -> None:
    truth = videos(256)
    assert psnr(truth, truth, 255) == pytest.approx(np.full((3, 2), 100.0))
    other = np.where(truth > 127, truth - 16, truth + 16).astype(np.uint8)
    assert psnr(truth, other, 255) == pytest.approx(np.full((3, 2), 20 * np.log10(255 / 16)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [6, 16])
def test_ssim(channels: int, side: int) -> None:
    truth = videos(256, (2, 2, side, side, channels))
    assert ssim(truth, truth, 255) == pytest.approx(np.ones((2, 2)))
    inverse = ssim(truth, 255 - truth, 255)
    assert (inverse < 0).all()
    grey = np.full_like(truth, 128)
    assert (np.abs(ssim(truth, grey, 255)) < 0.2).all()
