"""Whether a classifier that knows real recordings recognises what samples were asked to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genkit.artifacts import Figure
from genkit.errors import UsageError
from genkit.metrics.audio_features import audio_features
from genkit.metrics.confusion import confusion_figure
from genkit.metrics.log_mel import as_float
from genkit.randomness import normal, uniform


@dataclass(frozen=True)
class LabelledAudio:
    """Recordings and what is known of them.

    Args:
        recordings: `(N,)`, each `(T_i,)`, 16-bit PCM or floats from -1 to 1.
        labels: attribute -> `(N,)` int, which value of the vocabulary; or `(N, K)`, 1 where a
            recording has the value, of an attribute with several values such as tags.
    """

    recordings: Sequence[np.ndarray]
    labels: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class AudioRecognition:
    """Accuracies, a row a value of an attribute, a confusion matrix an attribute."""

    metrics: dict[str, float]
    rows: list[dict[str, Any]]
    figures: list[Figure]


def recognise_audio(
    train: LabelledAudio,
    real: LabelledAudio,
    samples: LabelledAudio,
    sample_rate: int,
    vocabulary: Mapping[str, Sequence[str]],
) -> AudioRecognition:
    """Train support vector machines on recordings, apply them to held-out ones and to samples.

    They learn from each recording twice, once with noise: samples may hiss more than recordings do,
    and speakers of one corpus can be told by the hiss of their rooms. How much samples hiss is for
    other measures to say.

    Args:
        train, real: recordings to learn from, and to measure on. They should have gone through
            the model's quantisation as the samples have, which the classifier would hear.
        samples: recordings, and what each was asked to be. Their attributes are measured.
        sample_rate: Hz, of all.
        vocabulary: attribute -> the names of its values.

    Returns:
        For each attribute `sample_accuracy_<attribute>` and `real_accuracy_<attribute>`, the same
        classifier on held-out recordings. With several values, the share of recordings with
        exactly the values that were asked for; `..._each` is the mean over values. A row has the
        accuracy on the recordings that were asked to have this value; with several values, on
        all: whether it is there as asked. An attribute that has one value in all of `train` is
        left out: nothing can be told apart.
    """
    _require_labels(train, real, samples)
    known, held_out, drawn = (
        audio_features(recordings, sample_rate)
        for recordings in (_with_noise(train.recordings), real.recordings, samples.recordings)
    )
    found = AudioRecognition({}, [], [])
    for attribute, asked in samples.labels.items():
        if len(np.unique(train.labels[attribute], axis=0)) < 2:
            continue
        labels = train.labels[attribute]
        classifier = _Classifier(known, np.concatenate([labels, labels]))
        judged = {
            "sample": (asked, classifier(drawn)),
            "real": (real.labels[attribute], classifier(held_out)),
        }
        names = vocabulary[attribute]
        found.metrics.update(_accuracies(attribute, judged))
        found.rows.extend(_rows(attribute, names, judged))
        if asked.ndim == 1:
            found.figures.append(_confusion(attribute, names, *judged["sample"]))
    return found


def _with_noise(recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Recordings, and each again with white noise, 10 to 40 dB below it."""
    noisy = []
    for i, recording in enumerate(recordings):
        sound = as_float(recording)
        decibels = 10 + 30 * uniform(0, "metrics/recognition/level", i, ())
        power = np.mean(sound**2) * 10 ** (-decibels / 10)
        noise = normal(0, "metrics/recognition/noise", i, sound.shape)
        noisy.append(sound + np.sqrt(power) * noise)
    return [*recordings, *noisy]


class _Classifier:
    """Support vector machines on scaled features: one, or one for each of several values."""

    def __init__(self, features: np.ndarray, labels: np.ndarray) -> None:
        self.single = labels.ndim == 1
        columns = [labels] if self.single else list(labels.T)
        self.machines = [_machine(features, column) for column in columns]

    def __call__(self, features: np.ndarray) -> np.ndarray:
        named = [machine.predict(features) for machine in self.machines]
        return named[0] if self.single else np.stack(named, axis=1)


def _machine(features: np.ndarray, labels: np.ndarray) -> Any:
    from sklearn.dummy import DummyClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    # A tag that all recordings have, or none, is named as it is known.
    constant = len(np.unique(labels)) == 1
    machine = DummyClassifier() if constant else make_pipeline(StandardScaler(), SVC(C=10.0))
    return machine.fit(features, labels)


Judged = Mapping[str, tuple[np.ndarray, np.ndarray]]  # kind -> asked, named


def _accuracies(attribute: str, judged: Judged) -> dict[str, float]:
    found = {}
    for kind, (asked, named) in judged.items():
        hit = asked == named
        found[f"{kind}_accuracy_{attribute}"] = float(
            np.mean(hit.reshape(len(hit), -1).all(axis=1))
        )
        if hit.ndim == 2:
            found[f"{kind}_accuracy_{attribute}_each"] = float(np.mean(hit))
    return found


def _rows(attribute: str, names: Sequence[str], judged: Judged) -> list[dict[str, Any]]:
    rows = []
    for value, name in enumerate(names):
        row: dict[str, Any] = {"attribute": attribute, "value": name}
        for kind, (asked, named) in judged.items():
            having = asked == value if asked.ndim == 1 else asked[:, value] == 1
            hit = (asked == named)[having] if asked.ndim == 1 else (asked == named)[:, value]
            row[f"{kind}_count"] = int(having.sum())
            row[f"{kind}_accuracy"] = float(np.mean(hit)) if having.any() else None
        if row["sample_count"]:
            rows.append(row)
    return rows


def _confusion(
    attribute: str, names: Sequence[str], asked: np.ndarray, named: np.ndarray
) -> Figure:
    return confusion_figure(
        asked,
        named,
        np.arange(len(names)),
        f"samples by {attribute}",
        f"confusion-{attribute}",
        names,
    )


def _require_labels(train: LabelledAudio, real: LabelledAudio, samples: LabelledAudio) -> None:
    for attribute in samples.labels:
        if attribute not in train.labels or attribute not in real.labels:
            raise UsageError(
                f"samples were asked for by '{attribute}', which the real recordings do not have. "
                f"They have: {', '.join(sorted(train.labels)) or 'none'}"
            )
