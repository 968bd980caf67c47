"""Players: the same episodes in this process and in workers; failures; nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest

from genkit.errors import GenkitError, UsageError
from genkit.rl.environments.outside import OutsideConfig
from genkit.rl.players import Players, make_players, worker
from genkit.rl.players.base import LIMIT, Played
from genkit.rl.players.seat import episode_seed

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("keras", "tensorflow", "jax")


class ToyConfig(OutsideConfig):
    """Episodes of 3 to 7 steps by the seed; those of even seeds are cut off.

    Args:
        fault: what happens in step `at`; only once, if `once` names a file to remember it by.
    """

    name: Literal["toy"] = "toy"
    fault: str = ""
    at: int = 2
    once: str = ""

    def make(self) -> Any:
        if self.fault == "unusable":
            raise UsageError("there is no such toy")
        if self.fault == "unmade":
            raise RuntimeError("the toy is broken")
        return Toy(self)


class Toy:
    """The reward is the action plus a tenth of the step; what is seen is seed, step and action."""

    action_names = ("left", "stay", "right")
    action_space = None

    def __init__(self, config: ToyConfig) -> None:
        self.config = config
        image = SimpleNamespace(shape=(2, 3, 1), dtype=np.dtype("uint8"))
        vector = SimpleNamespace(shape=(3,), dtype=np.dtype("float32"))
        self.observation_space = SimpleNamespace(spaces={"image": image, "vector": vector})
        self.seed = self.time = self.action = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.seed, self.time, self.action = seed or 0, 0, 0
        if self.config.fault == "reset":
            raise RuntimeError("no beginning")
        return self._seen(), {}

    def step(self, action: int) -> Any:
        self.time, self.action = self.time + 1, action
        if self.time == self.config.at and self._due():
            self._fail()
        over, cut = self.time >= 3 + self.seed % 5, self.seed % 2 == 0
        reward = action + self.time / 10
        if self.config.fault == "modules":
            reward = float(sum(name in sys.modules for name in HEAVY))
        return self._seen(), reward, over and not cut, over and cut, {}

    def close(self) -> None:
        pass

    def _seen(self) -> dict[str, np.ndarray]:
        vector = np.array([self.seed % 2**20, self.time, self.action], np.float32)
        return {"image": np.full((2, 3, 1), self.time, np.uint8), "vector": vector}

    def _due(self) -> bool:
        if not self.config.once:
            return True
        try:
            Path(self.config.once).open("x").close()
        except FileExistsError:
            return False
        return True

    def _fail(self) -> None:
        fault = self.config.fault
        if fault == "raise":
            raise RuntimeError("a toy fell")
        if fault == "shape":
            self._seen = lambda: {"image": np.zeros((2, 3, 1), np.uint8), "vector": np.zeros(1)}
        if fault in ("crash", "hang") and self.config.once:
            # A program of the environment's own, which holds open what it was given.
            child = subprocess.Popen(["sleep", "300"], close_fds=False)
            Path(self.config.once).write_text(str(child.pid), encoding="ascii")
        if fault == "crash":
            os._exit(3)
        if fault == "signal":
            os.kill(os.getpid(), signal.SIGSEGV)
        if fault == "hang":
            time.sleep(300)


@pytest.fixture
def playing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Players]]:
    """`make_players`, closed at the end of the test. Workers find this module by its name."""
    monkeypatch.syspath_prepend(str(ROOT))
    made: list[Players] = []

    def make(*given: Any, **named: Any) -> Players:
        made.append(make_players(*given, **named))
        return made[-1]

    yield make
    for players in made:
        players.close()


def actions(players: Players, step: int) -> np.ndarray:
    drawn = np.random.default_rng(step).integers(0, len(players.actions), players.count)
    return drawn.astype(np.int32)


def play(players: Players, steps: int, first: int = 0) -> list[Played]:
    found = []
    for step in range(first, first + steps):
        players.send(actions(players, step))
        found.append(players.receive())
    return found


def assert_same(first: Played, second: Played) -> None:
    for one, other in zip(first, second, strict=True):
        if isinstance(one, dict):
            assert list(one) == list(other)
            for name in one:
                np.testing.assert_array_equal(one[name], other[name])
                assert one[name].dtype == other[name].dtype
        elif one is None:
            assert other is None
        else:
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


def shared() -> set[str]:
    folder = Path("/dev/shm")
    return {path.name for path in folder.glob("psm_*")} if folder.is_dir() else set()


def alive(number: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(numbers: list[int], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while any(alive(number) for number in numbers) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(alive(number) for number in numbers)


def test_arrays_look_as_they_are_said_to(playing) -> None:
    players = playing(ToyConfig(), 4, seed=1)
    assert players.actions == ("left", "stay", "right")
    first = players.reset()
    found = play(players, 1)[0]
    for observation in (first, found.observation):
        for name, space in players.observation.items():
            assert observation[name].shape == (4, *space.shape)
            assert observation[name].dtype == space.dtype
    assert found.reward.dtype == np.float32
    assert {flags.dtype for flags in found[2:5]} == {np.dtype(bool)}


def test_episodes_have_the_seeds_of_their_environment_and_number(playing) -> None:
    players = playing(ToyConfig(), 3, seed=5)
    seeds = players.reset()["vector"][:, 0]
    episodes = np.zeros(3, int)
    for found in play(players, 40):
        episodes += found.terminated | found.truncated
        expected = [episode_seed(5, place, int(e)) % 2**20 for place, e in enumerate(episodes)]
        np.testing.assert_array_equal(found.observation["vector"][:, 0], expected)
    assert (episodes > 4).all()
    assert len({*seeds}) == 3
    assert 0 <= episode_seed(2**63 - 1, 7, 9) < 2**31


def test_the_last_observation_of_an_episode_that_is_cut_off(playing) -> None:
    players = playing(ToyConfig(), 6, seed=2)
    players.reset()
    episodes, ends, cuts = np.zeros(6, int), 0, 0
    for step, found in enumerate(play(players, 30)):
        over = found.terminated | found.truncated
        assert not (found.terminated & found.truncated).any()
        assert (found.last is not None) == found.truncated.any()
        # Behind an end stands the beginning of the next episode.
        np.testing.assert_array_equal(found.observation["vector"][:, 1] == 0, over)
        for place in np.flatnonzero(found.truncated):
            seed = episode_seed(2, place, int(episodes[place]))
            expected = [seed % 2**20, 3 + seed % 5, actions(players, step)[place]]
            np.testing.assert_array_equal(found.last["vector"][place], expected)
            assert (found.last["image"][place] == 3 + seed % 5).all()
        for name, array in (found.last or {}).items():
            kept = ~found.truncated
            np.testing.assert_array_equal(array[kept], found.observation[name][kept])
        episodes += over
        ends, cuts = ends + found.terminated.sum(), cuts + found.truncated.sum()
    assert ends > 3
    assert cuts > 3


def test_an_action_is_repeated_up_to_an_end(playing) -> None:
    once, twice = (playing(ToyConfig(), 5, seed=3, action_repeat=n) for n in (1, 2))
    once.reset()
    twice.reset()
    left = np.zeros(5, np.int32)
    for _ in range(2):
        once.send(left)
        first = once.receive()
        once.send(left)
        second = once.receive()
        twice.send(left)
        both = twice.receive()
        over = first.terminated | first.truncated
        expected = first.reward + np.where(over, 0, second.reward)
        np.testing.assert_allclose(both.reward, expected, rtol=1e-6)
        if over.any():
            break
    assert not both.failed.any()


@pytest.mark.parametrize("repeat", [1, 3])
def test_workers_play_the_same_episodes(playing, repeat: int) -> None:
    kinds = (0, 2) if repeat == 1 else (0, 3)
    inline, processes = (
        playing(ToyConfig(), 5, seed=4, workers=n, action_repeat=repeat) for n in kinds
    )
    assert inline.observation == processes.observation
    for _ in range(2):  # the second reset begins the episodes after those of the first
        first, second = inline.reset(), processes.reset()
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])
        for one, other in zip(play(inline, 20), play(processes, 20), strict=True):
            assert_same(one, other)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_exception_costs_an_episode_of_that_environment(playing, tmp_path, workers: int) -> None:
    told: list[str] = []
    config = ToyConfig(fault="raise", at=2, once=str(tmp_path / "once"))
    players = playing(config, 3, seed=0, workers=workers, report=told.append)
    players.reset()
    before, found, after = play(players, 3)
    assert not before.failed.any()
    assert found.failed.tolist() == [True, False, False]
    assert found.observation["vector"][0].tolist() == [episode_seed(0, 0, 1) % 2**20, 0, 0]
    assert found.reward[0] == 0
    assert found.observation["vector"][1, 1] == 2
    assert not after.failed.any()
    assert players.restarts == 1
    assert told == ["environment 0 failed: RuntimeError: a toy fell; it was made anew"]


def test_an_observation_of_another_shape_is_a_failure(playing, tmp_path) -> None:
    told: list[str] = []
    config = ToyConfig(fault="shape", once=str(tmp_path / "once"))
    players = playing(config, 1, seed=0, report=told.append)
    players.reset()
    assert play(players, 2)[1].failed.all()
    assert "vector has the shape (1,), not (3,)" in told[0]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("crash", "ended with the exit code 3"),
        ("signal", "was ended by the signal SIGSEGV"),
        ("hang", "did not answer for 1.5 seconds"),
    ],
)
def test_a_worker_that_is_lost_is_replaced(playing, tmp_path, fault: str, said: str) -> None:
    told: list[str] = []
    once = tmp_path / "once"
    config = ToyConfig(fault=fault, at=2, once=str(once))
    timeout = 1.5 if fault == "hang" else 60.0
    players = playing(config, 3, seed=0, workers=2, timeout=timeout, report=told.append)
    other = playing(ToyConfig(), 3, seed=0)
    players.reset()
    other.reset()
    play(players, 1)
    play(other, 1)
    found, usual = play(players, 1, first=1)[0], play(other, 1, first=1)[0]
    # Workers have the environments 0 and 1, and 2; either may have been first.
    assert found.failed.tolist() in ([True, True, False], [False, False, True])
    for name, array in found.observation.items():
        np.testing.assert_array_equal(array[~found.failed], usual.observation[name][~found.failed])
    assert (found.observation["vector"][found.failed, 1] == 0).all()
    assert (found.reward[found.failed] == 0).all()
    assert not (found.terminated | found.truncated)[found.failed].any()
    assert not play(players, 1, first=2)[0].failed.any()
    assert players.restarts == 1
    assert len(told) == 1
    assert said in told[0]
    if fault != "signal":  # what the environment had started is gone too
        assert gone([int(once.read_text(encoding="ascii"))])


def test_what_fails_again_and_again_ends_with_its_own_message(playing) -> None:
    players = playing(ToyConfig(fault="raise", at=1), 2, seed=0)
    players.reset()
    play(players, LIMIT - 1)
    assert players.restarts == 2 * (LIMIT - 1)
    with pytest.raises(GenkitError, match="a toy fell") as caught:
        play(players, 1)
    assert f"{LIMIT} times without a good step" in str(caught.value)
    with pytest.raises(GenkitError, match="no beginning"):
        playing(ToyConfig(fault="reset"), 1, seed=0).reset()


def test_workers_that_fail_again_and_again(playing) -> None:
    players = playing(ToyConfig(fault="raise", at=1), 2, seed=0, workers=1)
    players.reset()
    with pytest.raises(GenkitError, match="a toy fell"):
        play(players, LIMIT)
    crashing = playing(ToyConfig(fault="crash", at=1), 1, seed=0, workers=1)
    crashing.reset()
    with pytest.raises(
        GenkitError, match=r"worker 0 \(environments 0\) ended with the exit code 3"
    ):
        play(crashing, LIMIT)
    assert crashing.restarts == LIMIT - 1


@pytest.mark.parametrize("workers", [0, 1])
def test_an_environment_that_cannot_be_made(playing, workers: int) -> None:
    with pytest.raises(UsageError, match="there is no such toy"):
        playing(ToyConfig(fault="unusable"), 2, seed=0, workers=workers)
    with pytest.raises(GenkitError, match="cannot be made: RuntimeError: the toy is broken"):
        playing(ToyConfig(fault="unmade"), 2, seed=0, workers=workers)


def test_what_is_given_is_checked(playing) -> None:
    for wrong in ({"count": 0}, {"action_repeat": 0}, {"workers": -1}, {"timeout": 0.0}):
        with pytest.raises(ValueError, match="Received"):
            playing(**{"config": ToyConfig(), "count": 1, "seed": 0, **wrong})
    players = playing(ToyConfig(), 2, seed=0)
    players.reset()
    with pytest.raises(ValueError, match="send actions"):
        players.receive()
    for wrong_actions in (np.array([0, 3]), np.array([-1, 0]), np.zeros(2), np.zeros(3, int)):
        with pytest.raises(ValueError, match="actions must be"):
            players.send(wrong_actions)
    players.send(np.array([0, 2]))
    with pytest.raises(ValueError, match="receive"):
        players.send(np.array([0, 2]))


def test_nothing_is_left_behind_and_workers_are_light(playing) -> None:
    players = playing(ToyConfig(fault="modules"), 4, seed=0, workers=2)
    numbers = [each._process.pid for each in players._workers]
    memory = players._blocks[0].memory.name
    assert memory in shared()
    players.reset()
    assert not play(players, 1)[0].reward.any(), "a worker has imported Keras or a backend"
    players.send(actions(players, 1))
    players.close()  # in the middle of a step
    players.close()
    assert memory not in shared()
    assert gone(numbers, 0)
    with pytest.raises(ValueError, match="closed"):
        players.reset()


PARENT = """
import signal, sys, time
from genkit.rl.players import make_players, processes
from tests.rl.test_players import ToyConfig

if __name__ == "__main__":
    # Where the tests run in the background, interrupts are ignored, also by what they begin.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    processes.spaces = dict  # the real one imports Keras, which takes seconds
    players = make_players(ToyConfig(), 2, 0, workers=2)
    players.reset()
    numbers = [each._process.pid for each in players._workers]
    print(*numbers, players._blocks[0].memory.name, flush=True)
    if sys.argv[1] == "raise":
        raise RuntimeError("the learner fell")
    time.sleep(300)
"""


@pytest.mark.parametrize("way", ["raise", "kill", "interrupt"])
def test_workers_do_not_outlive_their_parent(tmp_path: Path, way: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script), way]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as parent:
        *numbers, memory = parent.stdout.readline().split()
        if way != "raise":
            parent.send_signal(signal.SIGKILL if way == "kill" else signal.SIGINT)
        said = parent.stderr.read()
    assert ("the learner fell" in said) == (way == "raise")
    assert gone([int(number) for number in numbers])
    end = time.monotonic() + 5
    while memory in shared() and time.monotonic() < end:
        time.sleep(0.05)
    assert memory not in shared()
    assert ("leaked" in said) <= (way == "kill")  # Python's own watchdog cleaned up


def test_the_worker_module_and_sections_are_light() -> None:
    code = (
        f"import sys; import {worker.__name__}, genkit.rl.environments.outside_config; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("workers", [0, 2])
def test_another_seed_begins_where_new_players_of_it_do(playing, workers: int) -> None:
    players = playing(ToyConfig(), 3, seed=1, workers=workers)
    players.reset()
    play(players, 4)
    again = players.reset(7)
    other = playing(ToyConfig(), 3, seed=7, workers=workers)
    for name, array in other.reset().items():
        np.testing.assert_array_equal(array, again[name])


@pytest.mark.parametrize("workers", [0, 2])
def test_with_seeds_of_their_own_it_does_not_matter_where_environments_are(
    playing, workers: int
) -> None:
    players = playing(ToyConfig(), 3, seed=1, workers=workers)
    one = players.reset(np.array([5, 6, 7]))
    two = players.reset(np.array([7, 5, 6]))
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name][[1, 2, 0]])
    assert not np.array_equal(one["vector"][0], one["vector"][1])
