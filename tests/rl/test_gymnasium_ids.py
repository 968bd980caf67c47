"""Gymnasium's environments in the form that agents expect; those that are refused, and why."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from genkit import registry
from genkit.errors import UsageError
from genkit.rl.environments import imports
from genkit.rl.environments.outside_config import GymnasiumConfig

gymnasium = pytest.importorskip("gymnasium", reason="gymnasium is not installed (extra rl)")
spaces = gymnasium.spaces
check_env = pytest.importorskip("gymnasium.utils.env_checker").check_env
FRAME = np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8)


class Odd(gymnasium.Env):
    """An environment with any spaces; it shows what it is given to show."""

    def __init__(self, observation: Any, shown: Any, action: Any = None, names: Any = None) -> None:
        self.observation_space = observation
        self.action_space = action or spaces.Discrete(2)
        self.shown, self.played = shown, []
        if names:
            self.get_action_meanings = lambda: names

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self.shown, {}

    def step(self, action: int) -> Any:
        self.played.append(action)
        return self.shown, np.float64(1.5), np.bool_(False), False, {}


@pytest.fixture
def odd() -> Iterator[Any]:
    """Registers an environment of any spaces under `Odd-v0`."""

    def register(*given: Any, **named: Any) -> None:
        gymnasium.register("Odd-v0", entry_point=lambda: Odd(*given, **named))

    yield register
    gymnasium.registry.pop("Odd-v0", None)


def rollout(config: GymnasiumConfig, seed: int) -> list[Any]:
    env = config.make()
    found: list[Any] = [env.reset(seed=seed)[0]]
    chosen = np.random.default_rng(seed)
    for _ in range(30):
        observation, reward, terminated, truncated, _ = env.step(int(chosen.integers(2)))
        found += [observation, reward, terminated, truncated]
        if terminated or truncated:
            found.append(env.reset()[0])
    env.close()
    return found


def test_the_registry_names_the_section() -> None:
    entry = registry.environments.get("gymnasium")
    assert (entry.builtin, entry.extra) == (False, "rl")
    assert registry.resolve(entry.config) is GymnasiumConfig


@pytest.mark.filterwarnings("ignore:.*infinity.*:UserWarning")
@pytest.mark.parametrize("name", ["CartPole-v1", "Acrobot-v1", "MountainCar-v0", "FrozenLake-v1"])
def test_gymnasium_accepts_what_is_made(name: str) -> None:
    env = GymnasiumConfig(id=name).make()
    check_env(env, skip_render_check=True)
    assert list(env.observation_space.spaces) == ["vector"]
    assert env.action_names == tuple(str(a) for a in range(env.action_space.n))
    env.close()


def test_a_seed_is_an_episode() -> None:
    config = GymnasiumConfig(id="CartPole-v1")
    first, same, other = (str(rollout(config, seed)) for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_the_limit_and_options_are_passed_on() -> None:
    env = GymnasiumConfig(id="FrozenLake-v1", limit=3, options={"map_name": "8x8"}).make()
    assert env.observation_space["vector"].shape == (64,)
    env.reset(seed=0)
    ends = [env.step(0)[2:4] for _ in range(3)]
    assert ends[-1] == (False, True)
    env.close()
    with pytest.raises(ValidationError, match=r"limit and options\.max_episode_steps"):
        GymnasiumConfig(id="FrozenLake-v1", limit=3, options={"max_episode_steps": 4})


def test_numbers_are_rows_of_zeros_and_a_one(odd) -> None:
    odd(spaces.Discrete(4, start=2), 5, action=spaces.Discrete(3, start=-1))
    env = GymnasiumConfig(id="Odd-v0").make()
    assert env.reset(seed=0)[0]["vector"].tolist() == [0, 0, 0, 1]
    assert env.action_space == spaces.Discrete(3)
    _, reward, terminated, truncated, _ = env.step(0)
    assert env.inner.unwrapped.played == [-1]
    assert (reward, terminated, truncated) == (1.5, False, False)
    assert {type(reward), type(terminated)} == {float, bool}


def test_boxes_become_rows_of_float32(odd) -> None:
    odd(spaces.Box(-1e300, 3, (2, 3), np.float64), np.arange(6.0).reshape(2, 3) / 2)
    env = GymnasiumConfig(id="Odd-v0").make()
    vector = env.reset()[0]["vector"]
    assert vector.dtype == np.float32
    assert vector.tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    assert env.observation_space["vector"].low[0] == -np.inf


def test_pictures_are_resized_and_lose_their_colours(odd) -> None:
    odd(spaces.Box(0, 255, FRAME.shape, np.uint8), FRAME, names=["UP", "DOWN"])
    whole, small, grey = (
        GymnasiumConfig(id="Odd-v0", size=size, grey=flag).make()
        for size, flag in ((None, False), (6, False), (6, True))
    )
    assert whole.action_names == ("UP", "DOWN")
    np.testing.assert_array_equal(whole.reset()[0]["image"], FRAME)
    expected = Image.fromarray(FRAME).resize((6, 6), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(small.reset()[0]["image"], np.asarray(expected))
    image = grey.reset()[0]["image"]
    assert image.shape == (6, 6, 1)
    luminance = np.rint(FRAME @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    expected = Image.fromarray(luminance).resize((6, 6), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(image[..., 0], np.asarray(expected))
    check_env(grey, skip_render_check=True)


def test_parts_that_agents_know_are_kept(odd) -> None:
    shown = {
        "image": FRAME,
        "depth": FRAME[..., 0],
        "velocity": np.ones(6, np.float32),
        "position": np.zeros(3, np.float32),
    }
    described = {
        "image": spaces.Box(0, 255, (12, 10, 3), np.uint8),
        "depth": spaces.Box(0, 255, (12, 10), np.uint8),
        "velocity": spaces.Box(-1, 1, (6,)),
        "position": spaces.Box(-1, 1, (3,)),
    }
    odd(spaces.Dict(described), shown)
    env = GymnasiumConfig(id="Odd-v0").make()
    assert env.observation_space == spaces.Dict(described)
    found = env.reset()[0]
    for name, array in shown.items():
        np.testing.assert_array_equal(found[name], array)
    with pytest.raises(UsageError, match=r"depth of 12 x 10 pixels.*leave size at null"):
        GymnasiumConfig(id="Odd-v0", size=6).make()


@pytest.mark.parametrize(
    ("observation", "said"),
    [
        (spaces.Tuple([spaces.Discrete(2)]), r"vector is Tuple\(Discrete\(2\)\)"),
        (spaces.MultiBinary(3), "vector is MultiBinary"),
        (spaces.Dict({"sound": spaces.Box(0, 1)}), r"parts \['sound'\]; agents here know: image"),
        (spaces.Dict({"image": spaces.Box(0, 1, (4, 4, 3))}), r"image is Box.*channels\) uint8"),
    ],
)
def test_observations_that_are_refused(odd, observation: Any, said: str) -> None:
    odd(observation, None)
    with pytest.raises(UsageError, match=said):
        GymnasiumConfig(id="Odd-v0").make()


def test_actions_that_are_refused() -> None:
    with pytest.raises(UsageError, match=r"'Pendulum-v1' has actions of the kind Box.*Discrete"):
        GymnasiumConfig(id="Pendulum-v1").make()


def test_ids_that_do_not_exist() -> None:
    with pytest.raises(UsageError, match=r"no environment 'CartPol-v1'.*CartPole-v1"):
        GymnasiumConfig(id="CartPol-v1").make()
    with pytest.raises(UsageError, match="Atari games are the environment 'atari'"):
        GymnasiumConfig(id="ALE/Nothing-v5").make()


def test_options_that_do_not_exist() -> None:
    with pytest.raises(UsageError, match=r"cannot make 'CartPole-v1'.*gravitation"):
        GymnasiumConfig(id="CartPole-v1", options={"gravitation": 3}).make()


MODULE = """
from pathlib import Path
import gymnasium
from gymnasium.envs.classic_control import CartPoleEnv

Path(__file__).with_name("imported").touch()
gymnasium.register("Toys/Cart-v0", entry_point=CartPoleEnv)
"""


def test_modules_are_imported_where_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "genkit_test_toys.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(imports.VARIABLE, "")  # put back at the end of the test
    config = GymnasiumConfig(id="genkit_test_toys:Toys/Cart-v0")
    assert not imports.allowed()
    with pytest.raises(UsageError, match=r"Python module 'genkit_test_toys'.*--allow-import"):
        config.make()
    assert not (tmp_path / "imported").exists()
    imports.allow()
    assert imports.allowed()
    try:
        assert config.make().observation_space["vector"].shape == (4,)
        with pytest.raises(UsageError, match="cannot make 'genkit_test_none:A-v0'"):
            GymnasiumConfig(id="genkit_test_none:A-v0").make()
    finally:
        gymnasium.registry.pop("Toys/Cart-v0", None)


def test_without_gymnasium(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"'CartPole-v1' needs gymnasium.*genkit-keras\[rl\]"):
        GymnasiumConfig(id="CartPole-v1").make()
