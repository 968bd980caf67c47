"""Atari games of the Arcade Learning Environment (Bellemare et al., 2013, arXiv:1207.4708).

Pictures as in Mnih et al., 2015 (doi:10.1038/nature14236): an action is held for some frames, the
last two frames are joined by their maximum (sprites flicker), reduced to luminance, resized, and
the last pictures lie upon each other. Rewards are those of the game.

The emulator itself is made without chance: a game always begins in the same state. Chance comes
from the seed alone, in two places: how many frames pass before the first action, and, if `sticky`
is not 0, which frames repeat the last action (Machado et al., 2018, arXiv:1709.06009). Both are
functions of (seed, episode, frame), so a state that was saved plays on exactly.
"""

from __future__ import annotations

import difflib
from collections import deque
from typing import Any

import ale_py
import gymnasium
import numpy as np
from ale_py import roms
from gymnasium import spaces

from genkit.errors import UsageError
from genkit.randomness import raw_bits, uniform
from genkit.rl.environments.outside_config import AtariConfig
from genkit.rl.environments.pictures import resized
from genkit.rl.human_scores import plain

NOOP = 0  # the first action of every game
BLOCK = 1024  # frames whose chance is drawn at a time
Arrays = dict[str, np.ndarray]


class Atari(gymnasium.Env[Any, Any]):
    """One game. Observations: `image`, `(size, size, channels * stack)` uint8.

    Attributes:
        action_names: of the actions, such as `NOOP`, `FIRE`, `RIGHT`.

    Raises:
        UsageError: there is no such game; names the nearest.
    """

    def __init__(self, config: AtariConfig) -> None:
        self.config = config
        self.game = game_of(config.game)
        self._ale = _emulator(self.game)
        legal = config.full_actions
        self._actions = self._ale.getLegalActionSet() if legal else self._ale.getMinimalActionSet()
        self.action_names = tuple(action.name for action in self._actions)
        self.action_space = spaces.Discrete(len(self._actions))
        self._beginning = self._ale.cloneState(include_rng=True)
        # What the screen shows is not part of the emulator's state.
        self._newest = self._screen()
        self._before = self._newest.copy()
        self._first = self._newest.copy()
        self._pictures: deque[np.ndarray] = deque(maxlen=config.stack)
        shape = self._picture().shape
        shape = (*shape[:2], shape[2] * config.stack)
        self.observation_space = spaces.Dict({"image": spaces.Box(0, 255, shape, np.uint8)})
        self._seed = self._episode = self._frames = self._lives = 0
        self._held = NOOP
        self._goes_on = self._seeded = False
        self._chance: tuple[tuple[int, int, int], np.ndarray] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Arrays, dict[str, Any]]:
        """The first observation of an episode.

        With `episodic_life` and lives left, it goes on with the game, whatever the seed.

        Args:
            options: `{"new_game": True}` begins a new game although lives are left.
        """
        super().reset(seed=seed)
        if seed is None and not self._seeded:
            seed = int(self.np_random.integers(2**31))
        if self._goes_on and not (options or {}).get("new_game"):
            self._goes_on = False
        else:
            self._number(seed)
            self._begin()
        self._pictures.extend([self._picture()] * self.config.stack)
        return self._observation(), self._info()

    def step(self, action: int) -> tuple[Arrays, float, bool, bool, dict[str, Any]]:
        """Hold an action for `frame_skip` frames, or up to the end of the episode."""
        reward = self._hold(self._actions[int(action)], self.config.frame_skip)
        over = self._ale.game_over(with_truncation=False)
        lost = self._life_lost()
        self._lives = self._ale.lives()
        terminated = over or lost
        truncated = not terminated and self._frames >= self.config.limit
        self._goes_on = lost and not over and self._frames < self.config.limit
        self._pictures.append(self._picture())
        return self._observation(), reward, terminated, truncated, self._info()

    def save_state(self) -> Arrays:
        """All that the game knows: emulator, screen, pictures and counters, as arrays."""
        emulator = self._ale.cloneState(include_rng=True).serialize()
        counters = [self._seed, self._episode, self._frames, self._lives, self._held]
        flags = [self._goes_on, self._seeded]
        return {
            "emulator": np.frombuffer(emulator, np.uint8).copy(),
            "screen": self._newest.copy(),
            "pictures": np.stack(list(self._pictures)),
            "counters": np.array([*counters, *flags], np.int64),
        }

    def restore_state(self, state: Arrays) -> None:
        """Go back to a state that `save_state` gave, of this or another object of its section."""
        self._ale.restoreState(ale_py.ALEState(state["emulator"].tobytes()))
        self._newest[...] = state["screen"]
        self._pictures.extend(picture.copy() for picture in state["pictures"])
        counters = [int(number) for number in state["counters"]]
        self._seed, self._episode, self._frames, self._lives, self._held = counters[:5]
        self._goes_on, self._seeded = (bool(flag) for flag in counters[5:])

    def get_action_meanings(self) -> list[str]:
        """Names of the actions, as other Atari environments give them."""
        return list(self.action_names)

    def _number(self, seed: int | None) -> None:
        """Which episode of which seed this is; its chance depends on nothing else."""
        if seed is None:
            self._episode += 1
        else:
            self._seed, self._episode, self._seeded = seed, 0, True

    def _begin(self) -> None:
        """A new game, and frames without an action."""
        self._restart()
        if self.config.noop_max == 0:
            return
        drawn = int(raw_bits(self._seed, "atari/noops", self._episode, 1)[0])
        for _ in range(1 + drawn % self.config.noop_max):
            self._hold(self._actions[NOOP], 1)
            if self._ale.game_over(with_truncation=False):
                self._restart()
        self._lives = self._ale.lives()

    def _restart(self) -> None:
        self._ale.restoreState(self._beginning)
        self._newest[...] = self._before[...] = self._first
        self._frames, self._held, self._goes_on = 0, NOOP, False
        self._lives = self._ale.lives()

    def _hold(self, action: Any, frames: int) -> float:
        """Play an action for some frames, stopping at an end. Reads the last two screens."""
        reward = 0.0
        for left in reversed(range(frames)):
            reward += self._ale.act(self._sticking(action))
            self._frames += 1
            over = self._ale.game_over(with_truncation=False) or self._life_lost()
            if left < 2 or over:
                self._before, self._newest = self._newest, self._before
                self._screen(self._newest)
            if over:
                break
        return reward

    def _sticking(self, action: Any) -> Any:
        """The action of a frame: the chosen one, or that of the frame before."""
        if self.config.sticky > 0 and self._uniform() < self.config.sticky:
            return self._held
        self._held = int(action.value)
        return action

    def _uniform(self) -> float:
        """A number from 0 to 1 for this frame of this episode of this seed."""
        block, place = divmod(self._frames, BLOCK)
        key = (self._seed, self._episode, block)
        if self._chance is None or self._chance[0] != key:
            drawn = uniform(self._seed, "atari/sticky", self._episode, (BLOCK,), stream=block)
            self._chance = (key, drawn)
        return float(self._chance[1][place])

    def _life_lost(self) -> bool:
        return self.config.episodic_life and self._ale.lives() < self._lives

    def _screen(self, into: np.ndarray | None = None) -> np.ndarray:
        """The screen, `(H, W)` or `(H, W, 3)` uint8."""
        read = self._ale.getScreenGrayscale if self.config.grey else self._ale.getScreenRGB
        if into is None:
            return np.array(read())
        read(into)
        return into

    def _picture(self) -> np.ndarray:
        """The maximum of the last two screens, resized, `(size, size, channels)`."""
        joined = np.maximum(self._newest, self._before)
        joined = joined[..., None] if self.config.grey else joined
        return resized(joined, self.config.size) if self.config.size else joined

    def _observation(self) -> Arrays:
        return {"image": np.concatenate(list(self._pictures), axis=-1)}

    def _info(self) -> dict[str, Any]:
        return {"lives": self._lives, "frames": self._frames}


def game_of(name: str) -> str:
    """The emulator's name of a game, whether it is written `ms_pacman`, `mspacman` or `MsPacman`.

    Raises:
        UsageError: there is no such game.
    """
    games = {plain(game): game for game in roms.get_all_rom_ids()}
    if plain(name) not in games:
        near = difflib.get_close_matches(plain(name), list(games), n=4, cutoff=0.5)
        hint = f" The nearest are: {', '.join(games[game] for game in near)}." if near else ""
        raise UsageError(f"there is no Atari game '{name}' among {len(games)}.{hint}")
    return games[plain(name)]


def _emulator(game: str) -> Any:
    """An emulator at the beginning of a game. Its own chance and its limit are switched off."""
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", 0)
    ale.setFloat("repeat_action_probability", 0.0)
    ale.setInt("max_num_frames_per_episode", 0)
    ale.loadROM(str(roms.get_rom_path(game)))
    ale.reset_game()
    return ale
