"""Atari games: what is seen, against frames of the emulator itself; chance; saved states."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genkit import registry
from genkit.errors import UsageError
from genkit.randomness import raw_bits
from genkit.rl.environments.outside_config import AtariConfig
from genkit.rl.players import make_players

ale_py = pytest.importorskip("ale_py", reason="ale_py is not installed (extra atari)")
pytest.importorskip("gymnasium", reason="gymnasium is not installed (extra rl)")
roms = pytest.importorskip("ale_py.roms")


def make(**options: Any) -> Any:
    return AtariConfig(**{"game": "pong", **options}).make()


def chosen(env: Any, seed: int, steps: int) -> list[int]:
    return np.random.default_rng(seed).integers(0, env.action_space.n, steps).tolist()


def rollout(env: Any, actions: list[int]) -> list[Any]:
    """All that the steps give; games that are over begin anew."""
    found = []
    for action in actions:
        observation, *rest = env.step(action)
        found.append((observation["image"].tobytes(), *rest))
        if rest[1] or rest[2]:
            found.append(env.reset()[0]["image"].tobytes())
    return found


def noops(seed: int, most: int, episode: int = 0) -> int:
    return 1 + int(raw_bits(seed, "atari/noops", episode, 1)[0]) % most


class Plain:
    """The emulator alone, with the preprocessing written down once more, frame by frame."""

    def __init__(self, game: str, grey: bool) -> None:
        self.ale = ale_py.ALEInterface()
        self.ale.setInt("random_seed", 0)
        self.ale.setFloat("repeat_action_probability", 0.0)
        self.ale.loadROM(str(roms.get_rom_path(game)))
        self.ale.reset_game()
        self.grey = grey
        self.screens = [self.screen(), self.screen()]

    def screen(self) -> np.ndarray:
        return self.ale.getScreenGrayscale() if self.grey else self.ale.getScreenRGB()

    def frames(self, action: int, count: int) -> int:
        reward = 0
        for _ in range(count):
            reward += self.ale.act(self.ale.getMinimalActionSet()[action])
            self.screens.append(self.screen())
        return reward

    def picture(self, size: int) -> np.ndarray:
        joined = np.max(self.screens[-2:], axis=0)
        small = Image.fromarray(joined).resize((size, size), Image.Resampling.BILINEAR)
        return np.asarray(small).reshape(size, size, -1)


def test_the_registry_names_the_section() -> None:
    entry = registry.environments.get("atari")
    assert (entry.builtin, entry.extra) == (False, "atari")
    assert registry.resolve(entry.config) is AtariConfig


def test_the_defaults_are_those_of_the_papers() -> None:
    env = make()
    assert env.observation_space["image"].shape == (84, 84, 4)
    assert env.action_names == ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")
    assert len(make(full_actions=True).action_names) == 18
    assert make(size=None, grey=False, stack=2).observation_space["image"].shape == (210, 160, 6)


@pytest.mark.parametrize("options", [{}, {"sticky": 0.25, "episodic_life": True, "noop_max": 0}])
def test_gymnasium_accepts_it(options: dict[str, Any]) -> None:
    from gymnasium.utils.env_checker import check_env

    check_env(make(game="breakout", **options), skip_render_check=True)


@pytest.mark.parametrize(
    ("game", "grey", "skip", "stack"), [("pong", True, 4, 4), ("seaquest", False, 3, 2)]
)
def test_what_is_seen_is_the_maximum_of_two_frames(
    game: str, grey: bool, skip: int, stack: int
) -> None:
    env = make(game=game, grey=grey, frame_skip=skip, stack=stack)
    plain = Plain(game, grey)
    seen = env.reset(seed=11)[0]["image"]
    plain.frames(0, noops(11, 30))
    pictures = [plain.picture(84)] * stack
    np.testing.assert_array_equal(seen, np.concatenate(pictures, axis=-1))
    for action in chosen(env, 0, 60):
        observation, reward, terminated, truncated, info = env.step(action)
        expected = plain.frames(action, skip)
        pictures = [*pictures[1:], plain.picture(84)]
        np.testing.assert_array_equal(observation["image"], np.concatenate(pictures, axis=-1))
        assert reward == expected
        assert (terminated, truncated) == (False, False)
    assert info["frames"] == noops(11, 30) + 60 * skip
    assert len({picture.tobytes() for picture in pictures}) == stack


def test_with_single_frames_the_one_before_counts() -> None:
    env, plain = make(frame_skip=1, stack=1, noop_max=0), Plain("pong", True)
    env.reset(seed=0)
    for action in chosen(env, 1, 40):
        plain.frames(action, 1)
        np.testing.assert_array_equal(env.step(action)[0]["image"], plain.picture(84))


@pytest.mark.parametrize("sticky", [0.0, 0.3])
def test_a_seed_is_an_episode(sticky: float) -> None:
    env, again = make(sticky=sticky), make(sticky=sticky)
    actions = chosen(env, 0, 50)
    found = []
    for each, seed in ((env, 5), (again, 5), (env, 5), (env, 6)):
        each.reset(seed=seed)
        found.append(rollout(each, actions))
    assert found[0] == found[1] == found[2]
    assert found[0] != found[3]


def test_without_a_seed_the_next_episode_of_the_last_one_begins() -> None:
    env = make()
    env.reset(seed=5)
    frames = [env.reset()[1]["frames"] for _ in range(4)]
    assert frames == [noops(5, 30, episode) for episode in range(1, 5)]


def test_sticky_frames_repeat_the_last_action() -> None:
    env = make(sticky=0.5, frame_skip=1, noop_max=0, full_actions=True)
    env.reset(seed=1)
    held = []
    for action in range(1, 18):
        before = env._held
        env.step(action)
        assert env._held in (before, int(env._actions[action].value))
        held.append(env._held == before)
    assert 3 < sum(held) < 14


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"game": "breakout", "sticky": 0.25, "episodic_life": True, "frame_skip": 1, "grey": False},
    ],
)
def test_a_state_that_was_saved_plays_on_exactly(options: dict[str, Any]) -> None:
    env, other = make(**options), make(**options)
    env.reset(seed=2)
    rollout(env, chosen(env, 0, 150))
    state = env.save_state()
    kept = {name: array.copy() for name, array in state.items()}
    actions = chosen(env, 1, 200)
    first = rollout(env, actions)
    for name, array in state.items():
        np.testing.assert_array_equal(array, kept[name])
    env.restore_state(state)
    assert rollout(env, actions) == first
    other.restore_state(state)  # of another object, that has not played
    assert rollout(other, actions) == first


def test_the_limit_cuts_a_game_off() -> None:
    env = make(limit=50, noop_max=0)
    for _ in range(2):
        env.reset(seed=0)
        ends = [env.step(0)[2:4] for _ in range(13)]
        assert ends == [(False, False)] * 12 + [(False, True)]


def test_a_game_that_is_over_has_ended() -> None:
    env = make(game="breakout")
    env.reset(seed=0)
    lives, over = [], False
    for step in range(2_000):
        _, _, over, _, info = env.step(1 if step % 2 else 2)
        lives.append(info["lives"])
        if over:
            break
    assert over
    assert sorted(set(lives)) == [0, 1, 2, 3, 4, 5]


def test_the_loss_of_a_life_can_end_an_episode() -> None:
    env = make(game="breakout", episodic_life=True)
    env.reset(seed=0)
    for lives in (4, 3):
        terminated = False
        while not terminated:
            _, _, terminated, _, info = env.step(1)
        assert info["lives"] == lives
        frames = info["frames"]
        image, info = env.reset(seed=99)
        assert (info["lives"], info["frames"]) == (lives, frames)  # the same game goes on
        image = image["image"]
        assert (image == image[..., :1]).all()
    assert env.reset(seed=99, options={"new_game": True})[1]["lives"] == 5


@pytest.mark.parametrize("name", ["ms_pacman", "mspacman", "MsPacman"])
def test_names_of_games(name: str) -> None:
    assert make(game=name).game == "ms_pacman"


def test_games_that_do_not_exist() -> None:
    with pytest.raises(UsageError, match=r"no Atari game 'pongg'.*nearest are: .*pong"):
        make(game="pongg")


@pytest.mark.parametrize(("missing", "extra"), [("ale_py", "atari"), ("gymnasium", "rl")])
def test_without_what_it_needs(monkeypatch, missing: str, extra: str) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else 1)
    with pytest.raises(UsageError, match=rf"'pong' needs {missing}.*genkit-keras\[{extra}\]"):
        make()


def test_workers_play_the_same_game() -> None:
    config = AtariConfig(game="pong", limit=60)
    found = []
    for workers in (0, 1):
        players = make_players(config, 2, seed=1, workers=workers)
        try:
            arrays = [players.reset()["image"]]
            for step in range(16):
                players.send(np.array([step % 6, 0]))
                played = players.receive()
                arrays += [played.observation["image"], played.truncated]
                arrays += [played.last["image"]] if played.last else []
        finally:
            players.close()
        found.append(arrays)
    assert len(found[0]) == len(found[1]) > 33
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
