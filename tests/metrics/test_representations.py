"""Dissimilarity matrices and probes against NumPy, SciPy and cases whose answer is known."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from genkit.metrics.representations import (
    class_distance,
    dissimilarity,
    matrix_correlations,
    probe_accuracy,
)

GENERATOR = np.random.default_rng(0)


def test_dissimilarity_is_one_less_pearsons_correlation():
    activations = GENERATOR.normal(size=(7, 3, 4))
    wanted = 1.0 - np.corrcoef(activations.reshape(7, -1))
    np.testing.assert_allclose(dissimilarity(activations), wanted, atol=1e-12)


def test_silent_items_are_as_far_as_chance():
    activations = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0], [2.0, 2.0, 2.0]])
    found = dissimilarity(activations)
    assert np.isfinite(found).all()
    assert found[0, 1] == found[0, 2] == 1.0
    assert (np.diag(found) == 0.0).all()


def test_correlations_of_matrices_are_spearmans():
    left = [dissimilarity(GENERATOR.normal(size=(9, 5))) for _ in range(2)]
    right = [dissimilarity(GENERATOR.normal(size=(9, 4))) for _ in range(3)]
    upper = np.triu_indices(9, 1)
    found = matrix_correlations(left, right)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            wanted = spearmanr(a[upper], b[upper]).statistic
            assert found[i, j] == pytest.approx(wanted, abs=1e-9)
    assert matrix_correlations(left, left)[1, 1] == pytest.approx(1.0)


def test_classes_that_lie_together_are_told():
    labels = np.repeat([0, 1, 2], 5)
    centres = np.eye(3)[labels] @ GENERATOR.normal(size=(3, 20))
    near = centres + 0.05 * GENERATOR.normal(size=centres.shape)
    assert class_distance(dissimilarity(near), labels) > 0.5
    far = GENERATOR.normal(size=(15, 20))
    assert abs(class_distance(dissimilarity(far), labels)) < 0.2
    assert np.isnan(class_distance(dissimilarity(far), np.zeros(15)))


def test_a_probe_reads_what_is_linear_and_no_more():
    x = GENERATOR.normal(size=(400, 6))
    linear = (x[:, 0] > 0).astype(int)
    folded = (x[:, 0] * x[:, 1] > 0).astype(int)
    known, asked = slice(0, 200), slice(200, 400)
    assert probe_accuracy(x[known], linear[known], x[asked], linear[asked]) > 0.93
    assert probe_accuracy(x[known], folded[known], x[asked], folded[asked]) < 0.65
