"""Nested arrays as one vector a type."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from genkit import backend
from genkit.sampling.raster.packing import Packing
from tests.densities import array

pytestmark = pytest.mark.backends


def test_what_is_packed_comes_back() -> None:
    numbers = np.arange(20, dtype=np.float32)
    nested = {
        "b": [numbers[:6].reshape(2, 3), (numbers[6:7].reshape(()), numbers[7:9])],
        "a": numbers[9:].reshape(1, 11),
        "empty": np.zeros((2, 0), np.float32),
    }
    packing = Packing()
    (vector,) = vectors = backend.compile(packing.pack, [])(nested)
    assert tuple(vector.shape) == (20,)
    found = backend.compile(packing.unpack, [])(vectors)
    keras.tree.assert_same_structure(found, nested)
    keras.tree.map_structure(
        lambda one, other: np.testing.assert_array_equal(array(one), other), found, nested
    )


def test_each_type_has_a_vector_of_its_own() -> None:
    nested = {"a": np.arange(3, dtype=np.int32), "b": np.ones((2, 2), np.float32)}
    packing = Packing()
    vectors = backend.compile(packing.pack, [])(nested)
    kinds = [(tuple(one.shape), keras.utils.standardize_dtype(one.dtype)) for one in vectors]
    assert kinds == [((4,), "float32"), ((3,), "int32")]
    found = backend.compile(packing.unpack, [])(vectors)
    for name, wanted in nested.items():
        np.testing.assert_array_equal(array(found[name]), wanted)
