"""Confusion matrices of few and of many classes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from genkit.metrics.confusion import confusion_figure


def test_many_classes_stay_one_small_picture() -> None:
    asked = np.arange(109)
    names = [f"p{225 + k}" for k in asked]
    figure = confusion_figure(asked, asked, asked, "speakers", "confusion-speaker", names)
    picture = Image.open(io.BytesIO(figure.png))
    assert picture.size == (880, 880)
    assert len(figure.png) < 100_000


def test_classes_that_nobody_asked_for_keep_their_place() -> None:
    few = confusion_figure(np.array([1]), np.array([1]), np.arange(3), "few")
    same = confusion_figure(np.array([1]), np.array([1]), np.arange(2), "few")
    assert few.name == "confusion"
    assert few.png != same.png
