"""Colour groups against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkit.layers.colour import centre_mask, group_index, group_sizes

WIDTHS = st.integers(3, 40)


@given(WIDTHS, st.sampled_from([1, 3]))
def test_groups_are_contiguous_and_as_even_as_the_width_allows(width: int, groups: int) -> None:
    sizes = group_sizes(width, groups)
    assert sum(sizes) == width
    assert len(sizes) == groups
    assert max(sizes) - min(sizes) <= 1
    assert sizes == sorted(sizes, reverse=True)  # the first ones take the remainder
    index = group_index(width, groups)
    assert list(index) == sorted(index)
    assert [int(np.sum(index == g)) for g in range(groups)] == sizes


@given(WIDTHS, st.integers(1, 4))
def test_groups_repeat_inside_each_gate(width: int, gates: int) -> None:
    index = group_index(width, 3, gates)
    for gate in range(gates):
        np.testing.assert_array_equal(
            index[gate * width : (gate + 1) * width], group_index(width, 3)
        )


def test_uneven_widths_by_hand() -> None:
    assert group_sizes(7, 3) == [3, 2, 2]
    assert group_sizes(8, 3) == [3, 3, 2]
    assert list(group_index(4, 3, gates=2)) == [0, 0, 1, 2, 0, 0, 1, 2]


@given(WIDTHS, WIDTHS, st.integers(1, 2), st.sampled_from("AB"))
def test_the_centre_mask_is_its_definition(
    inputs: int, outputs: int, gates: int, kind: str
) -> None:
    into, out = group_index(inputs, 3), group_index(outputs, 3, gates)
    mask = centre_mask(into, out, kind)
    assert mask.dtype == np.float32
    for i, g_in in enumerate(into):
        for j, g_out in enumerate(out):
            allowed = g_in < g_out if kind == "A" else g_in <= g_out
            assert mask[i, j] == float(allowed)


def test_errors_name_the_rule_and_the_value() -> None:
    with pytest.raises(ValueError, match=r"3 colour groups need at least 3 maps\. Received: 2"):
        group_sizes(2, 3)
    with pytest.raises(ValueError, match=r"mask kind must be .A. or .B.\. Received: .C."):
        centre_mask(group_index(3, 3), group_index(3, 3), "C")
