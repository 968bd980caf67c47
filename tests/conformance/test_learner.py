"""Proofs for every learner: saving and loading, and going on with the other backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit import backend
from genkit.building import build_learner
from genkit.conformance import learner as proofs
from genkit.conformance.weights import random_weights
from genkit.errors import GenkitError
from genkit.randomness import Noise
from genkit.registry import families
from genkit.run import checkpoint
from genkit.state import snapshot
from tests import densities, learners

pytestmark = pytest.mark.backends
SKIPPED = proofs.skipped_backend()


@pytest.fixture(scope="module")
def trained() -> Any:
    """A learner that was trained a little: optimiser and averages are not what they were."""
    chosen = densities.recipe(
        model={"condition": "class", "dropout": 0.2}, train={"average": 0.9, "batch_size": 4}
    )
    learner = build_learner(chosen)
    feed = learner.feed("train", 0)
    for k in range(2):
        learner.update(feed.batch(k), Noise(0, k))
    return chosen, learner


def test_saving_and_loading_gives_the_same(trained: Any) -> None:
    recipe, learner = trained
    before = snapshot(learner)
    assert proofs.save_load(recipe, learner) == 0
    after = snapshot(learner)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_checkpoint_that_lost_something_is_noticed(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, learner = trained
    whole = checkpoint.save

    def rounded(folder: Any, step: int, arrays: Any, state: Any) -> Any:
        cut = {k: v.astype(np.float16).astype(v.dtype) if v.dtype == np.float32 else v
               for k, v in arrays.items()}  # fmt: skip
        return whole(folder, step, cut, state)

    monkeypatch.setattr(checkpoint, "save", rounded)
    assert proofs.save_load(recipe, learner) > 10


@pytest.mark.skipif(SKIPPED is not None, reason=str(SKIPPED))
def test_the_other_backend_goes_on_from_a_checkpoint(trained: Any) -> None:
    recipe, learner = trained
    before = snapshot(learner)
    found = proofs.other_backend(recipe, learner)
    assert 0 < found <= proofs.RELATIVE_LIMIT  # two backends never agree to the last bit
    after = snapshot(learner)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.skipif(SKIPPED is not None, reason=str(SKIPPED))
def test_a_failing_process_is_told_with_its_last_line(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, learner = trained
    monkeypatch.setattr(backend, "other", lambda: "abacus")
    with pytest.raises(GenkitError) as caught:
        proofs.other_backend(recipe, learner)
    assert caught.value.message.startswith("the abacus process failed: ")
    assert "KERAS_BACKEND: unknown backend 'abacus'. Allowed: jax, tensorflow." in (
        caught.value.message
    )


def test_a_backend_that_is_missing_is_a_reason_not_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backend, "other", lambda: "abacus")
    assert proofs.skipped_backend() == (
        "abacus is not installed (pip install 'genkit-keras[abacus]')"
    )
    names = [check.name for check in proofs.learner_checks(None, None)]  # type: ignore[arg-type]
    assert names == ["save_load_differences"]


@pytest.mark.parametrize("family", learners.NAMES)
def test_throwaway_learners_save_and_load(family: str) -> None:
    with learners.registered():
        recipe = learners.recipe(family)
        learner = build_learner(recipe)
        checks = {check.name: check for check in proofs.learner_checks(recipe, learner)}
        assert checks["save_load_differences"].run() == 0
        assert list(learner.checks()) == []
    assert family not in families.names()


def test_random_weights_are_taken_back() -> None:
    learner = densities.fresh()
    before = snapshot(learner)
    seen = []
    for draw in (0, 0, 1):
        with random_weights(learner.view.variables, draw):
            seen.append(snapshot(learner)["network/" + learner.view.variables[0].path])
        after = snapshot(learner)
        assert all(np.array_equal(before[name], after[name]) for name in before)
    np.testing.assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])
    with pytest.raises(KeyboardInterrupt), random_weights(learner.view.variables, 0):
        raise KeyboardInterrupt
    after = snapshot(learner)
    assert all(np.array_equal(before[name], after[name]) for name in before)
