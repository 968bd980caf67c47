"""Rows of samples between two conditions, on the same noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.artifacts import Images
from genkit.errors import UsageError
from genkit.family import SampleSettings
from genkit.sampling.driver import sample_tile
from genkit.sampling.raster.interpolation import Interpolation
from tests import densities

TILE = 6
STEERED: dict[str, Any] = {"model": {"condition": "class"}}


def generator(**settings: Any) -> Any:
    return densities.learner(**settings).generator(SampleSettings(TILE))


def drawn(source: Any, rows: list[dict[str, str]], first: int = 0) -> Images:
    (found,) = sample_tile(source, 5, range(first, first + TILE), rows)
    return found


def test_the_ends_are_what_is_drawn_of_their_conditions_alone() -> None:
    plain = generator(**STEERED)
    between = drawn(Interpolation(plain, {"class": "3"}, 3), [{"class": "1"}] * TILE)
    for end, label in ((0, "1"), (2, "3")):
        alone = drawn(plain, [{"class": label}] * TILE).samples
        np.testing.assert_array_equal(between.samples[end::3], alone[:2])


def test_vectors_lie_evenly_on_the_line() -> None:
    source = Interpolation(generator(**STEERED), {"class": "3"}, 3)
    found = source.conditions([{"class": "1"}] * TILE, 6)["vector"]
    line = [[0, 1, 0, 0], [0, 0.5, 0, 0.5], [0, 0, 0, 1]]
    np.testing.assert_allclose(found, line * 2)


def test_a_row_shares_its_noise_and_rows_do_not() -> None:
    source = Interpolation(generator(**STEERED), {"class": "0"}, 3)
    noise = source.noise(0, range(TILE), 0)
    np.testing.assert_array_equal(noise[0], noise[2])
    assert np.any(noise[2] != noise[3])


def test_the_picture_has_a_row_for_each_noise() -> None:
    found = drawn(Interpolation(generator(**STEERED), {"class": "0"}, 3), [{}] * TILE)
    assert found.columns == 3
    again = Images.join([found.arrays()], found.meta())
    assert again.columns == 3
    assert again.labels is None  # what lies between two classes has none


def test_what_cannot_be_interpolated_is_told() -> None:
    with pytest.raises(UsageError, match="models with conditions, which this one has none"):
        Interpolation(generator(), {"class": "1"}, 3)
    with pytest.raises(UsageError, match="unknown condition 'clas'"):
        Interpolation(generator(**STEERED), {"clas": "1"}, 3)
    with pytest.raises(UsageError, match="a class is an integer from 0 to 3"):
        Interpolation(generator(**STEERED), {"class": "9"}, 3).conditions([{}] * TILE, 0)
