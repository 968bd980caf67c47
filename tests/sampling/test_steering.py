"""Conditions in words become one vector; files and splits are looked up once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.errors import UsageError
from genkit.sampling.raster.steering import ClassPart, Steering, VectorPart

PEOPLE = {
    ("embedding", "people.npz"): np.arange(6.0).reshape(3, 2),
    ("image", "faces"): -np.ones((1, 2)),
    ("embedding", "validation"): np.full((2, 2), 7.0),
    ("map", "maps.npz"): np.arange(16.0).reshape(2, 2, 2, 2),
}


class Files:
    """Counts what is read."""

    def __init__(self) -> None:
        self.read: list[tuple[str, str]] = []
        self.content = dict(PEOPLE)

    def __call__(self, key: str, reference: str) -> np.ndarray:
        self.read.append((key, reference))
        return self.content[key, reference]


def steering(files: Files, default: Any = ("embedding", "validation")) -> Steering:
    keys = ("embedding", "image")
    return Steering([ClassPart(4), VectorPart("embedding", (2,), files, keys, default)])


def test_several_conditions_lie_side_by_side() -> None:
    found = steering(Files()).read([{"class": "2", "embedding": "people.npz:1"}], [0])
    np.testing.assert_array_equal(found["vector"], [[0, 0, 1, 0, 2, 3]])
    np.testing.assert_array_equal(found["class"], [2])
    assert found["vector"].dtype == np.float32


def test_without_a_row_sample_i_takes_row_i_and_begins_again() -> None:
    files = Files()
    rows = [{"embedding": "people.npz"}] * 4
    found = steering(files).read(rows, [1, 2, 3, 4])["vector"]
    np.testing.assert_array_equal(found[:, 4:], [[2, 3], [4, 5], [0, 1], [2, 3]])
    np.testing.assert_array_equal(found[:, :4], np.eye(4)[[1, 2, 3, 0]])
    assert files.read == [("embedding", "people.npz")]  # once


def test_nothing_asked_takes_the_default() -> None:
    found = steering(Files()).read([{}], [5])["vector"]
    np.testing.assert_array_equal(found[0, 4:], [7, 7])
    with pytest.raises(UsageError, match=r"needs the embedding of each sample.*image=FILE"):
        steering(Files(), None).read([{}], [0])


def test_maps_are_flat_in_the_vector() -> None:
    part = VectorPart("map", (2, 2, 2), Files())
    found = Steering([part]).read([{"map": "maps.npz:1"}], [0])["vector"]
    np.testing.assert_array_equal(found, [np.arange(8.0, 16.0)])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"clas": "1"}, "unknown condition 'clas'. Did you mean 'class'?"),
        ({"class": "4"}, "a class is an integer from 0 to 3. Received: '4'"),
        ({"class": "-1"}, "a class is an integer from 0 to 3"),
        ({"embedding": "people.npz:3"}, "people.npz has 3 rows, counted from 0"),
        (
            {"embedding": "people.npz", "image": "faces"},
            "--condition embedding and --condition image both choose the embedding",
        ),
    ],
)
def test_wrong_words_are_told(row: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        steering(Files()).read([row], [0])
    assert says in caught.value.message


def test_batches_hold_labels_and_vectors() -> None:
    batch = {
        "image": np.zeros((2, 1, 1, 1)),
        "label": np.array([3, 0]),
        "vector/embedding": np.array([[1.0, 2.0], [3.0, 4.0]]),
    }
    own = steering(Files())
    np.testing.assert_array_equal(own.of(batch), [[0, 0, 0, 1, 1, 2], [1, 0, 0, 0, 3, 4]])
    assert own.of(batch).dtype == np.float32
    with pytest.raises(UsageError, match="conditioned on 'embedding', which these images"):
        own.of({key: array for key, array in batch.items() if key != "vector/embedding"})
    with pytest.raises(UsageError, match=r"0 to 3\. Received: 4"):
        own.of({**batch, "label": np.array([4, 0])})


def test_without_conditions_there_is_a_single_unused_column() -> None:
    none = Steering()
    assert none.read([{}, {}], [0, 1]) == {}
    assert none.classes is None
    np.testing.assert_array_equal(none.of({"image": np.ones((3, 2, 2, 1))}), np.zeros((3, 1)))
    np.testing.assert_array_equal(none.examples(2), np.zeros((2, 1)))


def test_the_digest_follows_what_files_hold_and_nothing_else() -> None:
    rows = [{"class": "1", "embedding": "people.npz"}]
    first = steering(Files()).digest(rows)
    assert first is not None
    assert steering(Files()).digest([{**rows[0], "class": "3"}]) == first
    assert steering(Files()).digest(rows * 3) == first
    assert steering(Files()).digest([{"image": "faces"}]) != first
    changed = Files()
    changed.content["embedding", "people.npz"] = np.arange(1.0, 7.0).reshape(3, 2)
    assert steering(changed).digest(rows) != first
    assert Steering([ClassPart(2)]).digest([{"class": "1"}]) is None
