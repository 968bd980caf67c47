"""The reduced Pong: its rules, and the variants of its picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.rl.environments.pong import PADDLE, SCORE, VARIANTS, ReducedPong

pytestmark = pytest.mark.backends
BATCH = 8


def value(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def numbers(seed: int) -> Any:
    drawn = np.random.default_rng(seed).random((BATCH, ReducedPong.draws), np.float32)
    return ops.convert_to_tensor(drawn)


def played(env: ReducedPong, follow: bool, steps: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points won and lost in each environment, until its first episode is over."""
    state, over = env.begin(numbers(0)), np.zeros(BATCH, bool)
    won, lost = np.zeros(BATCH), np.zeros(BATCH)
    for step in range(steps):
        above = value(state["ball"])[:, 0] - value(state["own"]) - PADDLE // 2
        action = np.select([above < 0, above > 0], [1, 2], 0) if follow else np.zeros(BATCH)
        found = env.step(state, ops.convert_to_tensor(action.astype(np.int32)), numbers(step))
        reward = value(found.reward) * ~over
        won, lost = won + (reward > 0), lost + (reward < 0)
        over |= value(found.terminated)
        state = found.state
        ball = value(state["ball"])
        assert ((ball[:, :2] >= 0) & (ball[:, :2] < env.size)).all()
        assert (np.abs(ball[:, 2:]) <= 1).all()
        if over.all():
            return won, lost
    return won, lost


def test_who_follows_the_ball_never_loses_a_point() -> None:
    won, lost = played(ReducedPong(), follow=True)
    assert not lost.any()
    assert won.sum() > 0


def test_who_stands_still_loses_most() -> None:
    won, lost = played(ReducedPong(), follow=False, steps=1_500)
    assert lost.sum() > 2 * won.sum()
    # Straight balls may go to and fro for ever; all others end a game.
    assert (np.maximum(won, lost) == SCORE).mean() > 0.5


def test_the_paddle_bends_the_way_of_the_ball() -> None:
    env = ReducedPong()
    state = env.begin(numbers(0))
    last = env.size - 1
    for place, slope in ((0, -1), (1, 0), (PADDLE - 1, 1)):
        ball = np.tile(np.array([5 + place, last - 1, 0, 1], np.int32), (BATCH, 1))
        given = {**state, "ball": ops.convert_to_tensor(ball)}
        given["own"] = ops.full((BATCH,), 5, "int32")
        found = env.step(given, ops.zeros((BATCH,), "int32"), numbers(1))
        after = value(found.state["ball"])[0].tolist()
        assert after == [5 + place, last, slope, -1]
        assert not value(found.reward).any()


def test_after_a_point_the_ball_flies_to_the_one_who_lost_it() -> None:
    env = ReducedPong()
    ball = np.tile(np.array([0, env.size - 2, 0, 1], np.int32), (BATCH, 1))
    given = {**env.begin(numbers(0)), "ball": ops.convert_to_tensor(ball)}
    given["own"] = ops.full((BATCH,), 9, "int32")
    found = env.step(given, ops.zeros((BATCH,), "int32"), numbers(2))
    assert (value(found.reward) == -1).all()
    served = value(found.state["ball"])
    assert (served[:, 1] == env.size // 2).all()
    assert (served[:, 3] == 1).all()
    assert len(np.unique(served[:, 0])) > 1


def shown(variant: Any) -> np.ndarray:
    env = ReducedPong(variant)
    return value(env.observe(env.begin(numbers(4)))["image"]).astype(int)


def test_variants_change_the_picture_and_not_the_game() -> None:
    plain = shown("plain")
    assert set(np.unique(plain)) == {90, 236}
    for variant, axes in (("v-flip", 1), ("h-flip", 2), ("vh-flip", (1, 2))):
        np.testing.assert_array_equal(shown(variant), np.flip(plain, axes))
    for variant, ground in (("black", 0), ("white", 255)):
        found = shown(variant)
        np.testing.assert_array_equal(found == ground, plain == 90)
    noisy = shown("noisy") - plain
    frozen = noisy[..., 0][plain[..., 0] == 90]
    assert 10 < frozen.std() < 40
    np.testing.assert_array_equal(shown("noisy"), shown("noisy"))
    zoomed = shown("zoom")
    assert (zoomed[:, 12:] == 90).all()
    assert (zoomed[:, :, 12:] == 90).all()
    np.testing.assert_array_equal(zoomed[:, 0, 0], plain[:, 0, 0])
    assert 0.3 < (zoomed == 236).sum() / (plain == 236).sum() < 0.9


def test_what_is_no_variant_is_refused() -> None:
    assert len(VARIANTS) == 8
    with pytest.raises(ValueError, match="variants are plain"):
        ReducedPong("upside")  # type: ignore[arg-type]
