"""What is counted of measured dependences, and that long sequences need no matrix of all pairs."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from genkit.conformance import dependence
from genkit.conformance.dependence import Dependence, measure
from genkit.conformance.sequence import Line
from genkit.randomness import uniform
from tests.sequences import conditions, wavenet


@pytest.mark.parametrize("seed", range(4))
def test_leaks_and_missing_pairs_are_those_of_the_whole_matrix(seed: int) -> None:
    """Of a pair that is looked at by gradient and by change, one dependence is enough."""
    noise = uniform(seed, "tests/dependence", 0, (3, 9, 9))
    outputs, values = np.array([0, 3, 8]), np.array([2, 3, 5, 8])
    seen = noise[0] < 0.5
    gradient, change = (np.where(part < 0.5, 0.0, part) for part in noise[1:])
    found = Dependence(
        gradient[outputs], change[:, values], outputs, values, seen[outputs], seen[:, values]
    )
    pairs = [(i, j) for i in range(9) for j in range(9)]
    by_gradient = {(i, j): gradient[i, j] for i, j in pairs if i in outputs}
    by_change = {(i, j): change[i, j] for i, j in pairs if j in values}
    assert found.leak_by_gradient() == max(v for p, v in by_gradient.items() if not seen[p])
    assert found.leak_by_change() == max(v for p, v in by_change.items() if not seen[p])
    missing = sum(1 for p in by_gradient if seen[p] and not by_gradient[p] + by_change.get(p, 0.0))
    assert found.missing() == missing > 0


def test_rows_of_a_batch_may_be_rounded_each_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dependence, "DRAWS", 1)
    view = wavenet()
    line = Line(view, lambda samples, steps: {})
    right = line.logits
    rounding = np.float32(1e-3) * np.arange(3, dtype=np.float32)[:, None, None, None, None]
    monkeypatch.setattr(line, "logits", lambda values, vector: right(values, vector) + rounding)
    found = measure(line, most=7, batch=3)
    assert (found.leak_by_gradient(), found.leak_by_change(), found.missing()) == (0, 0, 0)
    assert np.all(found.change[found.seeing] > 0)


def test_what_a_line_must_see_is_told_at_once_and_pair_by_pair() -> None:
    view = wavenet(kernel=3, dilations=(1, 3))
    line = Line(view, lambda samples, steps: conditions(view, samples, steps))
    count = line.shape[1]
    every = np.array(
        [[line.sees((0, i, 0), (0, j, 0)) for j in range(count)] for i in range(count)]
    )
    assert every.any(axis=0)[:-1].all()
    assert not np.triu(every).any()
    outputs, values = np.array([1, 7, count - 1]), np.array([0, 4])
    seen, seeing = line.expected(outputs, values)
    np.testing.assert_array_equal(seen, every[outputs])
    np.testing.assert_array_equal(seeing, every[:, values])


def test_a_long_sequence_takes_no_matrix_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependence, "DRAWS", 2)
    view = wavenet(dilations=(29_998,), levels=2)
    line = Line(view, lambda samples, steps: {})
    count = line.shape[1]
    assert count == view.receptive_field + 2 == 30_001
    tracemalloc.start()
    found = measure(line, most=4, batch=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < count**2 / 10  # bytes; a tenth of a matrix of the smallest type
    assert found.gradient.shape == found.seen.shape == (4, count)
    # The last output sees the value before it and the one that lies a receptive field back.
    np.testing.assert_array_equal(np.flatnonzero(found.seen[-1]), [1, count - 2])
    assert (found.leak_by_gradient(), found.leak_by_change(), found.missing()) == (0, 0, 0)
