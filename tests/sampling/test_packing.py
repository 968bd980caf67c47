"""Nested arrays as one vector."""

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
    vector = backend.compile(packing.pack, [])(nested)
    assert tuple(vector.shape) == (20,)
    found = backend.compile(packing.unpack, [])(vector)
    keras.tree.assert_same_structure(found, nested)
    keras.tree.map_structure(
        lambda one, other: np.testing.assert_array_equal(array(one), other), found, nested
    )


def test_types_are_never_mixed() -> None:
    with pytest.raises(ValueError, match=r"one type.*float32, int32"):
        Packing().pack([np.zeros(2, np.float32), np.zeros(2, np.int32)])
