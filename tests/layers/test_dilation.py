"""Closed forms of dilated stacks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkit.layers.dilation import (
    dilation_cycles,
    receptive_field,
    seen_lags,
    stack_parameters,
)
from tests.sequences import stack

SIZES = st.integers(1, 5)


@pytest.mark.parametrize(
    ("kernel", "dilations", "wanted"),
    [
        (2, [1], 2),
        (2, dilation_cycles(1, 10), 1024),
        (2, dilation_cycles(3, 10), 3070),
        (2, dilation_cycles(3, 10) + dilation_cycles(1, 9) + dilation_cycles(1, 8), 3836),
        (2, dilation_cycles(3, 14), 49150),
        # Tacotron 2 (arXiv:1712.05884), table 4.
        (3, dilation_cycles(3, 10), 6139),
        (3, dilation_cycles(4, 6), 505),
        (3, dilation_cycles(2, 6), 253),
    ],
)
def test_receptive_fields_of_published_stacks(
    kernel: int, dilations: list[int], wanted: int
) -> None:
    assert receptive_field(kernel, dilations) == wanted


def test_doubling_dilations_leave_no_gap_and_others_may() -> None:
    for kernel, dilations in ((2, dilation_cycles(3, 6)), (3, dilation_cycles(2, 5))):
        assert seen_lags(kernel, dilations) == set(range(receptive_field(kernel, dilations)))
    assert seen_lags(2, [5, 1]) == {0, 1, 5, 6}
    assert seen_lags(3, [4]) == {0, 4, 8}
    assert max(seen_lags(3, [4, 7, 7])) + 1 == receptive_field(3, [4, 7, 7])


def test_cycles_double_and_start_again() -> None:
    assert dilation_cycles(2, 4) == [1, 2, 4, 8, 1, 2, 4, 8]


@given(
    sizes=st.fixed_dictionaries({"residual": SIZES, "gated": SIZES, "skip": SIZES}),
    kernel=st.sampled_from([2, 3]),
    dilations=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    widths=st.fixed_dictionaries({"vector": st.integers(0, 3), "local": st.integers(0, 3)}),
)
@settings(max_examples=15)
def test_parameters_are_what_a_built_stack_has(
    sizes: Any, kernel: int, dilations: list[int], widths: Any
) -> None:
    built = stack(kernel, dilations, **sizes, **widths)
    wanted = stack_parameters(**sizes, kernel=kernel, layers=len(dilations), **widths)
    assert built.count_params() == wanted


def test_parameters_of_the_reference_size() -> None:
    """30 layers of 64 and 256 channels: 2 k R D + D S weights a layer and so on, by hand."""
    gates, back, skips = (2 * 64 + 1) * 128, 65 * 64, 64 * 256
    assert stack_parameters(64, 64, 256, 2, 30) == 30 * (gates + skips) + 29 * back + 256
