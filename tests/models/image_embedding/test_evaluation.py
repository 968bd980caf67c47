"""Evaluation of an image embedding: who is compared with whom, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from genkit.family import EvaluationRequest
from genkit.metrics.nearest import nearest_accuracy
from genkit.metrics.verification import verification_auc
from genkit.models.image_embedding import comparing
from genkit.progress import SILENT
from tests import embeddings

SEEN = np.repeat(np.arange(4), 4)
UNSEEN = [4, 4, 4, 5, 5, 6]  # person 6 has one photograph


@contextmanager
def people(train: Any = SEEN, validation: Any = (0, 1, 3), test: Any = UNSEEN) -> Iterator[Any]:
    """The shared learner on random images of these people."""
    learner = embeddings.learner()
    kept, learner._dataset = learner._dataset, embeddings.dataset(train, validation, test)
    try:
        yield learner
    finally:
        learner._dataset = kept


def evaluated(learner: Any, split: str = "test", **request: Any) -> Any:
    return learner.evaluate(EvaluationRequest(split, **request), SILENT)


def test_people_unseen_in_training_are_left_out_of_themselves() -> None:
    with people() as learner:
        points = learner.embed(learner.split("test").images)
        found = evaluated(learner)
    labels = np.array(UNSEEN)
    hits = nearest_accuracy(points, labels, points, labels, np.arange(6))
    assert found.count == 6
    assert found.metrics["recognition_accuracy"] == pytest.approx(hits[:5].mean())
    assert found.metrics["chance"] == pytest.approx(1 / 3)  # person 6 is among the others
    rows, columns = np.triu_indices(6, 1)
    squares = ((points[rows] - points[columns]) ** 2).sum(axis=1)
    own = labels[rows] == labels[columns]
    auc = verification_auc(squares[own], squares[~own])
    assert found.metrics["verification_auc"] == pytest.approx(auc)
    assert found.metrics["positive_squared_distance"] == pytest.approx(squares[own].mean())
    assert found.metrics["negative_squared_distance"] == pytest.approx(squares[~own].mean())
    assert "each one left out in turn" in found.notes["compared with"]
    assert found.notes["single photographs"].startswith("1 people have no other photograph")


def test_people_unseen_in_training_are_recognised_among_all() -> None:
    with people() as learner:
        train, test = (learner.embed(learner.split(n).images) for n in ("train", "test"))
        found = evaluated(learner)
    labels = np.array(UNSEEN)
    everything, all_labels = np.concatenate([test, train]), np.concatenate([labels, SEEN])
    hits = nearest_accuracy(test, labels, everything, all_labels, np.arange(6))
    assert found.metrics["recognition_accuracy_among_all"] == pytest.approx(hits[:5].mean())
    assert found.metrics["chance_among_all"] == pytest.approx(1 / 7)


def test_people_seen_in_training_are_compared_with_their_photographs_there() -> None:
    with people() as learner:
        train, validation = learner.split("train"), learner.split("validation")
        gallery, points = learner.embed(train.images), learner.embed(validation.images)
        found = evaluated(learner, "validation")
    hits = nearest_accuracy(points, np.array([0, 1, 3]), gallery, SEEN)
    assert found.metrics["recognition_accuracy"] == pytest.approx(hits.mean())
    assert found.metrics["chance"] == 0.25
    assert "chance_among_all" not in found.metrics
    assert found.notes["compared with"] == "the training photographs of the same people"
    assert "single photographs" not in found.notes


def test_photographs_of_training_are_left_out_of_themselves() -> None:
    with people() as learner:
        points = learner.embed(learner.split("train").images)
        found = evaluated(learner, "train")
    hits = nearest_accuracy(points, SEEN, points, SEEN, np.arange(16))
    assert found.metrics["recognition_accuracy"] == pytest.approx(hits.mean())


def test_the_first_photographs_are_compared_with_all() -> None:
    with people() as learner:
        points = learner.embed(learner.split("test").images)
        found = evaluated(learner, limit=2)
    labels = np.array(UNSEEN)
    hits = nearest_accuracy(points[:2], labels[:2], points, labels, np.arange(2))
    assert found.count == 2
    assert found.metrics["recognition_accuracy"] == pytest.approx(hits.mean())
    assert found.metrics["chance"] == pytest.approx(1 / 3)


def test_a_row_for_each_person_who_can_be_recognised() -> None:
    with people() as learner:
        points = learner.embed(learner.split("test").images)
        found = evaluated(learner)
    rows = found.tables["per_person"]
    assert [(row["person"], row["photographs"]) for row in rows] == [(4, 3), (5, 2)]
    total = sum(row["recognition_accuracy"] * row["photographs"] for row in rows)
    assert total == pytest.approx(5 * found.metrics["recognition_accuracy"])
    assert rows[1]["own_squared_distance"] == pytest.approx(
        float(((points[3] - points[4]) ** 2).sum()), rel=1e-4
    )
    assert rows[0]["nearest_other"] in (5, 6)
    assert [artifact.name for artifact in found.artifacts] == ["distances"]


def test_a_brief_evaluation_has_figures_only() -> None:
    with people() as learner:
        brief, whole = evaluated(learner, brief=True), evaluated(learner)
    more = {"recognition_accuracy_among_all", "chance_among_all"}
    assert {k: v for k, v in whole.metrics.items() if k not in more} == brief.metrics
    assert not brief.tables
    assert not brief.artifacts


def test_people_who_cannot_be_trained_on_are_told() -> None:
    with people(train=[*SEEN, 8, 9], validation=[0, 8]) as learner:
        assert learner.feed("train", 0).people.tolist() == [0, 1, 2, 3]
        found = evaluated(learner, "validation")
    assert found.metrics["people_left_out"] == 2
    assert found.notes["left out of training"] == (
        "2 people with a single photograph there, such as 8"
    )
    with people() as learner:
        found = evaluated(learner)
        assert "people_left_out" not in found.metrics
        assert "left out of training" not in found.notes


def test_a_gallery_holds_the_first_photographs_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "GALLERY", 2)
    with people() as learner:
        assert comparing.gallery_of(learner.split("train")).tolist() == [0, 1, 4, 5, 8, 9, 12, 13]
        found = evaluated(learner)
        points = learner.embed(learner.split("test").images)
    labels, kept = np.array(UNSEEN), np.array([0, 1, 3, 4, 5])
    index = np.array([0, 1, -1, 2, 3, 4])
    hits = nearest_accuracy(points, labels, points[kept], labels[kept], index)
    assert found.metrics["recognition_accuracy"] == pytest.approx(hits[:5].mean())
    assert found.notes["compared with"].endswith("the first 2 of each")


def test_of_very_many_pairs_some_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with people() as learner:
        found = comparing.compare(learner, EvaluationRequest("test"), SILENT)
    same, different = comparing.pair_distances(found)
    assert (len(same), len(different)) == (2 * 4, 36 - 6 - 8)
    monkeypatch.setattr(comparing, "MOST_PAIRS", 18)
    same, different = comparing.pair_distances(found)  # of photographs 0, 2 and 4
    assert (len(same), len(different)) == (2 + 2 + 1, 3 + 3 + 4)


def test_one_person_alone_cannot_be_mistaken() -> None:
    with people(test=[9, 9, 9]) as learner:
        found = evaluated(learner)
    assert found.metrics["recognition_accuracy"] == found.metrics["chance"] == 1
    assert "verification_auc" not in found.metrics
    assert found.tables["per_person"][0]["nearest_other"] is None
    with people(test=[8, 9]) as learner:  # nobody can be recognised
        found = evaluated(learner)
    assert "recognition_accuracy" not in found.metrics
    assert found.tables["per_person"] == []
