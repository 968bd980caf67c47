"""Given images know their class; what the user asks for wins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genkit.artifacts.npz import npz_bytes
from genkit.sampling.job import Job
from tests import densities

pytestmark = pytest.mark.backends


def test_a_labelled_split_is_completed_as_its_own_classes() -> None:
    learner = densities.learner(model={"condition": "class"})
    primes = learner.primes("test", "top")
    labels = learner.split("test").labels
    assert [row["class"] for row in primes.conditions] == [str(label) for label in labels]
    job = Job(20, 0, primes=primes)
    found = [row["class"] for row in job.rows(range(8, 14))]
    assert found == [str(labels[i % len(labels)]) for i in range(8, 14)]


def test_an_asked_for_class_wins() -> None:
    learner = densities.learner(model={"condition": "class"})
    job = Job(4, 0, conditions=({"class": "3"},), primes=learner.primes("test", "top"))
    assert [row["class"] for row in job.rows(range(4))] == ["3"] * 4


def test_without_labels_or_condition_nothing_is_said(tmp_path: Path) -> None:
    conditional = densities.learner(model={"condition": "class"})
    images = np.zeros((2, *conditional.view.shape), np.uint8)
    (tmp_path / "own.npz").write_bytes(npz_bytes({"images": images}))
    assert not conditional.primes(str(tmp_path / "own.npz"), "left").conditions
    assert not densities.learner().primes("test", "left").conditions


def test_other_classes_make_another_job(tmp_path: Path) -> None:
    learner = densities.learner(model={"condition": "class"})
    images = np.zeros((2, *learner.view.shape), np.uint8)
    settings = []
    for label in (0, 1):
        path = tmp_path / f"{label}.npz"
        path.write_bytes(npz_bytes({"images": images, "label": np.full(2, label)}))
        job = Job(2, 0, primes=learner.primes(str(path), "top"))
        generator = learner.generator(densities_settings())
        settings.append(job.settings(generator)["primes"])
    assert settings[0] != settings[1]


def densities_settings():
    from genkit.family import SampleSettings

    return SampleSettings(2)
