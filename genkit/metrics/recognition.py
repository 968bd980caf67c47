"""Whether a classifier that knows real images recognises class-conditional samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.artifacts import Figure, Images
from genkit.data.images.dataset import ImageSplit
from genkit.errors import UsageError
from genkit.metrics.confusion import confusion_figure


@dataclass(frozen=True)
class Recognition:
    """Accuracies, per-class rows and a confusion matrix."""

    metrics: dict[str, float]
    rows: list[dict[str, Any]]
    figure: Figure


def recognise(train: ImageSplit, held_out: ImageSplit, samples: Images) -> Recognition:
    """Train a support vector machine on real images, apply it to held-out ones and to samples.

    Args:
        train, held_out: real images with labels.
        samples: class-conditional samples with the class each was asked to be.

    Returns:
        `sample_accuracy`, `real_accuracy` (the same classifier on the held-out images).
    """
    if train.labels is None or held_out.labels is None or samples.labels is None:
        raise UsageError("recognition needs labels on images and samples")
    classifier = _classifier().fit(_features(train.images, train.levels), train.labels)
    real = classifier.predict(_features(held_out.images, held_out.levels))
    named = classifier.predict(_features(samples.samples, samples.levels))
    hit = named == samples.labels
    rows = [
        {
            "class": int(label),
            "count": int(np.sum(samples.labels == label)),
            "sample_accuracy": float(np.mean(hit[samples.labels == label])),
        }
        for label in np.unique(samples.labels)
    ]
    metrics = {
        "sample_accuracy": float(np.mean(hit)),
        "real_accuracy": float(np.mean(real == held_out.labels)),
    }
    classes = np.union1d(samples.labels, classifier.classes_)
    figure = confusion_figure(samples.labels, named, classes, "class-conditional samples")
    return Recognition(metrics, rows, figure)


def digit_classifier(images: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The same classifier, taught by images `(N, h, w)` from 0 to 1: from images to classes."""
    classifier = _classifier().fit(_features(images, 2), labels)
    return lambda others: np.asarray(classifier.predict(_features(others, 2)))


def _classifier() -> Any:
    from sklearn.svm import SVC

    return SVC(gamma="scale", C=10.0)


def _features(images: np.ndarray, levels: int) -> np.ndarray:
    return np.asarray(images).reshape(len(images), -1).astype(np.float64) / (levels - 1)
