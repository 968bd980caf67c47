"""Replayed experience is what was experienced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.rl.experience import flat
from genkit.rl.replay import NEEDED, Replay

T, B, S = 3, 4, 5


def stretch(number: int) -> Any:
    draw = np.random.default_rng(number)
    found: dict[str, Any] = {
        name: draw.normal(size=(T + (name.startswith("previous") or name == "first"), B))
        for name in NEEDED
    }
    found["state"] = draw.normal(size=(B, 2))
    found["observation"] = {"image": draw.normal(size=(T + 1, B, 2, 2)), "depth": np.zeros(1)}
    found["logits"] = draw.normal(size=(T, B, 3))
    return found


def filled(count: int) -> Replay:
    replay = Replay(S, ("image",))
    for number in range(count):
        replay.add(stretch(number))
    return replay


@pytest.mark.parametrize("count", [1, 3, S, 2 * S + 1])
def test_each_environment_has_a_stretch_of_its_own(count: int) -> None:
    replay, seen = filled(count), set()
    kept = range(max(0, count - S), count)
    for draw in range(40):
        found = flat(replay.sample(np.random.default_rng(draw).random(B)))
        assert set(found) == {"observation/image", *NEEDED}
        for b in range(B):
            own = [
                number
                for number in kept
                if np.array_equal(found["state"][b], stretch(number)["state"][b])
            ]
            assert len(own) == 1
            seen.add(own[0])
            whole = flat(stretch(own[0]))
            for name, value in found.items():
                if name != "state":
                    np.testing.assert_array_equal(value[:, b], whole[name][:, b])
    assert seen == set(kept)


def test_what_was_saved_goes_on() -> None:
    one, two = filled(S + 2), Replay(S, ("image",))
    two.restore({name: np.array(x) for name, x in one.save().items()})
    for replay in (one, two):
        replay.add(stretch(99))
    noise = np.random.default_rng(0).random(B)
    first, second = flat(one.sample(noise)), flat(two.sample(noise))
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value)


def test_an_empty_replay_says_so() -> None:
    with pytest.raises(ValueError, match="nothing to replay"):
        filled(0).sample(np.zeros(B))
    with pytest.raises(ValueError, match="at least one"):
        Replay(0, ("image",))
