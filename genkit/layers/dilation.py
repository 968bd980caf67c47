"""Sizes of dilated causal stacks in closed form. Imports nothing: `genkit info` needs them too."""

from __future__ import annotations

from collections.abc import Sequence

KERNELS = (2, 3)


def dilation_cycles(cycles: int, length: int) -> list[int]:
    """`cycles` times 1, 2, 4, ..., 2^(length - 1)."""
    return [2**i for i in range(length)] * cycles


def check_dilations(kernel: int, dilations: Sequence[int]) -> None:
    """Raises ValueError where a stack cannot have these."""
    if kernel not in KERNELS:
        raise ValueError(f"the kernel of a dilated stack must be 2 or 3 wide. Received: {kernel}")
    if not dilations or min(dilations) < 1:
        raise ValueError(
            f"a dilated stack needs one dilation >= 1 a layer. Received: {list(dilations)}"
        )


def receptive_field(kernel: int, dilations: Sequence[int]) -> int:
    """Inputs that one output of the stack sees, its own time step among them."""
    return 1 + (kernel - 1) * sum(dilations)


def seen_lags(kernel: int, dilations: Sequence[int]) -> set[int]:
    """How far back the inputs lie that one output of the stack depends on.

    All from 0 to the receptive field less one where the dilations leave no gap, as doubling ones
    do; otherwise only sums of each layer's 0, d or, with three taps, 2d.
    """
    lags = {0}
    for dilation in dilations:
        lags = {lag + tap * dilation for lag in lags for tap in range(kernel)}
    return lags


def stack_parameters(
    residual: int,
    gated: int,
    skip: int,
    kernel: int,
    layers: int,
    vector: int = 0,
    local: int = 0,
) -> int:
    """Weights of a `DilatedCausalStack` of these widths."""
    gates = (kernel * residual + vector + local + 1) * 2 * gated
    back = (gated + 1) * residual  # the last layer leads nowhere but to the skips
    return layers * (gates + gated * skip) + (layers - 1) * back + skip
