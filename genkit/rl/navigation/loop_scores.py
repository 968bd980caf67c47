"""How well loop closures are told: whether an agent has been at a place before.

The task and its F1 score are those of Mirowski et al., 2017 (arXiv:1611.03673).
"""

from __future__ import annotations

import numpy as np

THRESHOLD = 0.5


def loop_scores(
    probability: np.ndarray, label: np.ndarray, mask: np.ndarray, threshold: float = THRESHOLD
) -> dict[str, float]:
    """Scores of all steps of all episodes taken together.

    Args:
        probability: `(N, T)` float, that the place of a step has been seen before.
        label: `(N, T)`, 0 or 1 or bool, whether it has.
        mask: `(N, T)` bool, which steps count; what the others hold does not matter.
        threshold: probability from which on a step is said to close a loop.

    Returns:
        From 0 to 1: `loop_precision`, absent where nothing is said to close a loop;
        `loop_recall`, absent where nothing does; `loop_f1`, absent where neither is the case; and
        `loop_positive_rate`, the share of steps that close one, absent where no step counts.
    """
    said = probability[mask] >= threshold
    true = label[mask].astype(bool)
    hits = np.count_nonzero(said & true)
    claims, closures = np.count_nonzero(said), np.count_nonzero(true)
    shares = {
        "loop_precision": (hits, claims),
        "loop_recall": (hits, closures),
        "loop_f1": (2 * hits, claims + closures),
        "loop_positive_rate": (closures, true.size),
    }
    return {name: part / whole for name, (part, whole) in shares.items() if whole}
