"""Mazes in ViZDoom: their maps as text and as archives, and what agents see, reach and eat."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from genkit.rl.environments.doom import udmf, wad
from genkit.rl.environments.doom.config import DoomMazeConfig
from genkit.rl.environments.doom.items import APPLE, GOAL, LEMON, MUSHROOM, STRAWBERRY
from genkit.rl.environments.doom.levels import CEILING, FLOOR, TEXTURES, TRACKS, Level, levels
from genkit.rl.environments.doom.walls import of_grid, of_track
from genkit.rl.environments.layouts import maze

TASKS = ("static", "random-goal", "i-maze", "seek-track", "seek-avoid")
NAMES = (
    *("look_left", "look_right", "forward", "backward", "strafe_left", "strafe_right"),
    *("forward_left", "forward_right"),
)
Segment = tuple[tuple[float, float], tuple[float, float]]


def blocks(text: str, kind: str) -> list[dict[str, str]]:
    """All blocks of a kind in a map's text."""
    found = re.findall(rf"^{kind}\{{(.*)\}}$", text, re.MULTILINE)
    return [dict(field.split("=") for field in block.split(";") if field) for block in found]


def lines(text: str) -> list[Segment]:
    """Lines as pairs of places, in cells, y down."""
    corners = [
        (float(v["x"]) / udmf.CELL, -float(v["y"]) / udmf.CELL) for v in blocks(text, "vertex")
    ]
    return [(corners[int(x["v1"])], corners[int(x["v2"])]) for x in blocks(text, "linedef")]


def inside(x: float, y: float, every: list[Segment]) -> bool:
    """Whether a place is within the walls: a ray to the right crosses an odd number of them."""
    crossed = 0
    for (x0, y0), (x1, y1) in every:
        if (y0 > y) != (y1 > y):
            crossed += x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return crossed % 2 == 1


def reached(x: float, y: float, every: list[Segment]) -> set[tuple[float, float]]:
    """Middles of cells that one can walk to, by steps of one cell that cross no wall."""

    def free(a: tuple[float, float], b: tuple[float, float]) -> bool:
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        return not any(
            abs((p[0] + q[0]) / 2 - middle[0]) + abs((p[1] + q[1]) / 2 - middle[1]) < 1e-6
            for p, q in every
        )

    seen, waiting = {(x, y)}, [(x, y)]
    while waiting:
        here = waiting.pop()
        for right, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = (here[0] + right, here[1] + down)
            if there not in seen and free(here, there):
                seen.add(there)
                waiting.append(there)
    return seen


def test_the_map_of_a_maze_encloses_its_open_cells_and_no_others() -> None:
    walls = maze(3, 4, 1)
    every = of_grid(walls)
    text = udmf.textmap(udmf.geometry(every, ["STONE2"] * len(every), FLOOR, CEILING), [])
    assert text.startswith('namespace="zdoom";\n')
    found = lines(text)
    for row, column in itertools.product(*map(range, walls.shape)):
        assert inside(column + 0.5, row + 0.5, found) == (not walls[row, column])
    start = np.argwhere(~walls)[0]
    cells = {(c + 0.5, r + 0.5) for r, c in np.argwhere(~walls).tolist()}
    assert reached(start[1] + 0.5, start[0] + 0.5, found) == cells


@pytest.mark.parametrize("task", TASKS)
def test_lines_are_shared_closed_and_face_what_is_open(task: str) -> None:
    level = levels(DoomMazeConfig(task=task))[0]
    text = level.textmap()
    found = lines(text)
    corners = [(v["x"], v["y"]) for v in blocks(text, "vertex")]
    assert len(set(corners)) == len(corners)  # lines share vertices
    # In each vertex as many lines begin as end, so walls are closed.
    assert Counter(a for a, _ in found) == Counter(b for _, b in found)
    for (x0, y0), (x1, y1) in found:
        length = math.hypot(x1 - x0, y1 - y0)
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        right = (-(y1 - y0) / length, (x1 - x0) / length)  # of who walks along it; y is down
        assert inside(x + 0.1 * right[0], y + 0.1 * right[1], found)
        assert not inside(x - 0.1 * right[0], y - 0.1 * right[1], found)
    sides = blocks(text, "sidedef")
    assert [int(line["sidefront"]) for line in blocks(text, "linedef")] == [*range(len(sides))]
    assert all("sideback" not in line for line in blocks(text, "linedef"))
    assert {side["texturemiddle"].strip('"') for side in sides} <= set(TEXTURES)
    assert len(blocks(text, "sector")) == 1


@pytest.mark.parametrize("task", TASKS)
def test_things_stand_within_the_walls(task: str) -> None:
    for level in levels(DoomMazeConfig(task=task))[:3]:
        text = level.textmap()
        found, things = lines(text), blocks(text, "thing")
        kinds = Counter(int(thing["type"]) for thing in things)
        assert kinds[udmf.PLAYER_START] == 1
        assert kinds[GOAL.number] == (level.goal is not None)
        assert sum(kinds.values()) == 1 + (level.goal is not None) + len(level.items)
        for thing in things:
            assert inside(float(thing["x"]) / udmf.CELL, -float(thing["y"]) / udmf.CELL, found)
            assert thing["skill3"] == thing["single"] == thing["class1"] == "true"
        assert all(inside(x, y, found) for x, y in level.starts)


def test_tracks_do_not_meet_themselves() -> None:
    for path in TRACKS.values():
        every = [((w.x0, w.y0), (w.x1, w.y1)) for w in of_track(path, 1.0)]
        for (a, b), (c, d) in itertools.combinations(every, 2):
            if len({a, b, c, d}) == 4:
                first = _side(a, b, c) * _side(a, b, d)
                assert not (first < 0 and _side(c, d, a) * _side(c, d, b) < 0)


def _side(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def test_grids_with_an_open_border_are_none() -> None:
    with pytest.raises(ValueError, match="border"):
        of_grid(np.zeros((3, 3), bool))


def test_archives_are_read_back() -> None:
    lumps = [("DECORATE", b"x"), *wad.map_lumps("MAP01", "text"), *wad.map_lumps("MAP02", "more")]
    packed = wad.pack(lumps)
    assert packed[:12] == b"PWAD" + (7).to_bytes(4, "little") + (12 + 9).to_bytes(4, "little")
    assert wad.unpack(packed) == lumps
    with pytest.raises(ValueError, match="1 to 8"):
        wad.pack([("TOOLONGNAME", b"")])
    with pytest.raises(ValueError, match="not an archive"):
        wad.unpack(b"PNG")


def test_arrangements_of_the_tasks() -> None:
    static = levels(DoomMazeConfig(mazes=3))
    assert len({level.geometry for level in static}) == 3
    moving = levels(DoomMazeConfig(task="random-goal"))
    assert len({level.geometry for level in moving}) == 1
    assert len({level.goal for level in moving}) == 50  # each room once
    assert {level.goal for level in levels(DoomMazeConfig(task="i-maze"))} == {
        (x, y) for x in (1.5, 11.5) for y in (1.5, 7.5)
    }
    for level in (*static, *moving):
        assert level.goal not in level.starts
        assert level.goal not in {(item.x, item.y) for item in level.items}
    for variant, bad in ((1, LEMON), (2, MUSHROOM)):
        level = levels(DoomMazeConfig(task="seek-avoid", variant=variant))[0]
        assert Counter(item.kind for item in level.items) == {APPLE: 10, bad: 10}
    for variant, count in ((1, 10), (2, 16), (3, 5), (4, 5)):
        (level,) = levels(DoomMazeConfig(task="seek-track", variant=variant))
        assert Counter(i.kind for i in level.items) == {
            STRAWBERRY if variant == 2 else APPLE: count
        }


def test_lengths_of_episodes_are_those_of_the_paper() -> None:
    small, large = DoomMazeConfig(), DoomMazeConfig(rows=9, columns=15)
    assert small.settings().limit == 3_600 // 4
    assert large.settings().limit == 10_800 // 4
    assert DoomMazeConfig(rows=9, columns=15, limit=7).settings().limit == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "i-maze", "rows": 3}, "i-maze has no option rows. It has: fruit, limit"),
        ({"task": "seek-avoid", "variant": 3}, "variants 1 to 2. Received: 3"),
        ({"rows": 1, "columns": 3, "fruit": 2}, "needs 4 places"),
        ({"task": "i-maze", "fruit": 10}, "needs 10 places"),
        ({"task": "random-goal", "mazes": 999}, "at most 9999"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DoomMazeConfig(**options)


# From here on the engine runs.


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes environments, and closes them. Nothing is left in the folder they run in."""
    for module in ("vizdoom", "gymnasium"):
        pytest.importorskip(module, reason=f"{module} is not installed (extra: rl)")
    monkeypatch.chdir(tmp_path)
    made: list[Any] = []

    def make(**options: Any) -> Any:
        made.append(DoomMazeConfig(**options).make())
        return made[-1]

    yield make
    for env in made:
        env.close()
        env.close()  # a second time does nothing
    assert not list(tmp_path.iterdir())


def put(env: Any, x: float, y: float, heading: float) -> dict[str, np.ndarray]:
    """The agent somewhere else, and what it sees there."""
    env._engine.put(x, y, heading)
    env._pose = env._engine.pose()
    return env._observation(np.zeros(6, np.float32))


def act(env: Any, name: str) -> Any:
    return env.step(env.action_names.index(name))


def beside(level: Level, x: float, y: float) -> tuple[float, float, float]:
    """A place one cell away from another one, to which the way is free, and the heading back."""
    walls = lines(level.textmap())
    x1, y1 = next(there for there in reached(x, y, walls) if math.dist(there, (x, y)) == 1)
    return x1, y1, math.atan2(y - y1, x - x1)


def test_everything_is_the_same_again(play: Any) -> None:
    actions = np.random.default_rng(0).integers(0, 8, 60).tolist()

    def episode(env: Any, seed: int) -> list[bytes]:
        seen, _ = env.reset(seed=seed)
        found = [b"".join(part.tobytes() for part in seen.values())]
        for action in actions:
            seen, *rest = env.step(action)
            found.append(b"".join(part.tobytes() for part in seen.values()) + repr(rest).encode())
        return found

    first, second = (play(task="random-goal", rows=3, columns=3) for _ in range(2))
    wanted = episode(first, 5)
    other = episode(second, 6)
    assert other != wanted
    # Behind another episode, and in another process.
    assert episode(second, 5) == wanted
    assert episode(first, 5) == wanted


def test_gymnasium_finds_nothing_wrong(play: Any) -> None:
    gymnasium = pytest.importorskip("gymnasium")
    checker = pytest.importorskip("gymnasium.utils.env_checker")
    env = play(rows=2, columns=2, view=36, fruit=1)
    assert isinstance(env, gymnasium.Env)
    checker.check_env(env, skip_render_check=True)


@pytest.mark.parametrize("task", TASKS)
def test_tasks_begin_and_look_as_they_are_said_to(task: str, play: Any) -> None:
    env = play(task=task)
    assert env.action_names == NAMES
    seen, _ = env.reset(seed=0)
    assert env.observation_space.contains(seen)
    assert {name: (part.shape, str(part.dtype)) for name, part in seen.items()} == {
        "image": ((84, 84, 3), "uint8"),
        "depth": ((84, 84), "uint8"),
        "velocity": ((6,), "float32"),
        "position": ((3,), "float32"),
    }
    assert seen["image"].std() > 10
    assert any(math.dist(seen["position"][:2], start) < 0.01 for start in env._level.starts)
    for action in range(8):
        seen, *_ = env.step(action)
        assert env.observation_space.contains(seen)


def test_at_the_goal_one_is_put_elsewhere_and_goes_on(play: Any) -> None:
    env = play(rows=3, columns=3, fruit=0)
    env.reset(seed=1)
    x, y = env._level.goal
    put(env, *beside(env._level, x, y))
    rewards = []
    while not rewards or not rewards[-1]:
        distance = math.dist(env._pose[:2], (x, y))
        seen, reward, terminated, truncated, info = act(env, "forward")
        rewards.append(reward)
        assert len(rewards) < 10
        assert info["respawned"] == bool(reward)
    assert rewards[-1] == 10.0
    assert distance < 0.75
    assert not terminated
    assert not truncated
    place = tuple(seen["position"][:2].tolist())
    assert any(math.dist(place, start) < 0.01 for start in env._level.starts)
    assert not seen["velocity"].any()
    # At rest: nothing of the walk to the goal is left.
    seen, reward, *_ = act(env, "look_left")
    assert reward == 0
    assert math.dist(place, seen["position"][:2]) < 1e-6
    put(env, *beside(env._level, x, y))
    assert any(act(env, "forward")[1] == 10.0 for _ in range(10))  # it is still there


def test_fruit_is_eaten_once_an_episode(play: Any) -> None:
    env = play(task="seek-track", variant=2, fruit=2)
    for _ in range(2):
        env.reset(seed=2)
        item = env._level.items[0]
        rewards = []
        for _ in range(2):
            put(env, item.x, item.y - 1, math.pi / 2)
            rewards.append([act(env, "forward")[1] for _ in range(8)])
        assert sum(rewards[0]) == 2.0  # a strawberry
        assert not any(rewards[1])


def test_what_is_bad_costs_and_the_last_of_the_good_ends_the_episode(play: Any) -> None:
    env = play(task="seek-avoid", rows=2, columns=6, fruit=2, arrangements=1)
    env.reset(seed=0)
    found = []
    # All that is bad, and then all that is good, each from the cell above or below it.
    for item in reversed(env._level.items):
        up = item.y < 2
        assert (item.x, item.y + (1 if up else -1)) in env._level.starts
        put(env, item.x, item.y + (1 if up else -1), (-1 if up else 1) * math.pi / 2)
        for _ in range(8):
            _, reward, terminated, truncated, _ = act(env, "forward")
            if reward:
                found.append((reward, terminated, truncated))
                break
    ends = [(-1.0, False, False), (-1.0, False, False), (1.0, False, False), (1.0, True, False)]
    assert found == ends


def test_depth_is_the_distance_of_the_wall_ahead(play: Any) -> None:
    env = play(task="seek-avoid", rows=1, columns=12, fruit=0)
    env.reset(seed=0)
    away = np.arange(0.5, 3.51, 0.25)
    found = np.array([put(env, 13 - d, 1.5, 0.0)["depth"][42, 42] for d in away], float)
    assert (np.diff(found) > 0).all()
    np.testing.assert_allclose(found, away * 255 / 3.56, atol=6)
    for d in (4.0, 11.0):
        assert put(env, 13 - d, 1.5, 0.0)["depth"][42, 42] == 255
    # Floor and wall meet without a jump.
    column = put(env, 10, 1.5, 0.0)["depth"][42:, 42].astype(int)
    assert (np.diff(column) <= 0).all()
    assert np.abs(np.diff(column)).max() < 40


def test_depth_is_cut_off_at_the_same_distance_at_all_sizes(play: Any) -> None:
    small, large = (play(task="seek-avoid", rows=1, columns=12, fruit=0, view=v) for v in (84, 240))
    for env in (small, large):
        env.reset(seed=0)
    for d in (1.0, 2.0, 3.0, 6.0):
        first, second = (
            int(put(e, 13 - d, 1.5, 0.0)["depth"][e.view // 2, e.view // 2]) for e in (small, large)
        )
        assert abs(first - second) <= 4


@pytest.mark.parametrize(
    ("name", "ahead", "aside", "turn"),
    [
        ("forward", 1, 0, 0),
        ("backward", -1, 0, 0),
        ("strafe_left", 0, -1, 0),
        ("strafe_right", 0, 1, 0),
        ("look_left", 0, 0, -1),
        ("look_right", 0, 0, 1),
        ("forward_left", 1, -1, -1),
        ("forward_right", 1, 1, 1),
    ],
)
def test_actions_move_as_they_are_named(
    name: str, ahead: int, aside: int, turn: int, room: Any
) -> None:
    put(room, 4.5, 4.5, 2.0)
    act(room, name)
    seen, *_ = act(room, name)
    velocity = np.where(np.abs(seen["velocity"]) < 1e-3, 0, seen["velocity"])
    np.testing.assert_array_equal(np.sign(velocity), [ahead, aside, 0, 0, 0, turn])


@pytest.fixture(scope="module")
def room() -> Iterator[Any]:
    """One room without anything in it."""
    for module in ("vizdoom", "gymnasium"):
        pytest.importorskip(module, reason=f"{module} is not installed (extra: rl)")
    env = DoomMazeConfig(task="seek-avoid", fruit=0, limit=10_000).make()
    env.reset(seed=0)
    yield env
    env.close()


def test_positions_move_by_what_the_velocity_says(room: Any) -> None:
    draw = np.random.default_rng(3)
    before = put(room, 4.5, 4.5, 1.0)["position"].astype(float)
    for _ in range(60):
        seen, _, terminated, *_ = room.step(int(draw.integers(8)))
        assert not terminated  # where there is nothing to eat, nothing can be eaten up
        ahead, aside, *none, turn = seen["velocity"].astype(float)
        assert not any(none)
        cosine, sine = math.cos(before[2]), math.sin(before[2])
        moved = [ahead * cosine - aside * sine, ahead * sine + aside * cosine]
        after = seen["position"].astype(float)
        np.testing.assert_allclose(after[:2] - before[:2], moved, atol=1e-5)
        turned = (after[2] - before[2] - turn + math.pi) % math.tau - math.pi
        np.testing.assert_allclose(turned, 0.0, atol=1e-5)
        assert (after[:2] > 1.1).all()  # nobody walks through walls
        assert (after[:2] < 8.9).all()
        before = after


def test_an_episode_is_cut_off(play: Any) -> None:
    env = play(rows=2, columns=2, fruit=0, limit=4)
    for _ in range(2):
        env.reset(seed=0)
        ends = [act(env, "look_left")[2:4] for _ in range(4)]
        assert ends == [(False, False)] * 3 + [(False, True)]


def test_a_goal_is_seen_and_hidden_by_walls(play: Any) -> None:
    env = play(rows=3, columns=3, fruit=0)
    env.reset(seed=0)
    x, y, heading = beside(env._level, *env._level.goal)
    facing, away = (put(env, x, y, heading + turn) for turn in (0.0, math.pi))
    gold = [(seen["image"][..., 0] > 190) & (seen["image"][..., 2] < 90) for seen in (facing, away)]
    assert gold[0][30:70, 30:54].sum() > 20
    assert not gold[1].any()
    assert facing["depth"][45, 42] < 90
