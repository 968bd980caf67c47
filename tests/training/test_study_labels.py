"""What people read for the rows of a study."""

from __future__ import annotations

from typing import Any

import pytest

from genkit.study.grouping import Group
from genkit.study.labels import labels, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "none"),
        (["pixel-control"], "pixel-control"),
        (["pixel-control", "value-replay"], "pixel-control + value-replay"),
        ([3, 0.001], "3 + 0.001"),
        ("adam", "adam"),
        (True, "true"),
        (None, "null"),
        ({"name": "sgd"}, '{"name": "sgd"}'),
    ],
)
def test_values_for_people(value: Any, text: str) -> None:
    assert words(value) == text


def test_a_label_is_of_what_differs() -> None:
    groups = [
        Group({"model.heads": heads, "model.width": 4, "train.batch_size": size}, [])
        for heads, size in (([], 8), (["value-replay"], 8), (["value-replay"], 16))
    ]
    assert labels(groups) == [
        "heads=none, batch_size=8",
        "heads=value-replay, batch_size=8",
        "heads=value-replay, batch_size=16",
    ]
    assert labels(groups[:1]) == ["heads=none, width=4, batch_size=8"]
    assert labels([Group({}, [])]) == ["all"]


def test_labels_name_columns_and_are_distinct() -> None:
    groups = [Group({"train.seed": value}, []) for value in ([], "none", "none")]
    assert labels(groups) == ["train.seed=none", "train.seed=none (2)", "train.seed=none (3)"]
