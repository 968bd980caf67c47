"""The pushing simulator: what moves, what does not, and what a clip depends on."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from genkit.data.video.config import PushingSimConfig
from genkit.data.video.dataset import VideoFeed
from genkit.data.video.pushing import scene
from genkit.data.video.pushing.drawing import render
from genkit.data.video.pushing.episodes import Episode, episode
from genkit.data.video.pushing.physics import FASTEST, Motion, simulate
from genkit.data.video.pushing.scene import ARM_RADIUS, FRAME, KINDS, WALL, Scene, Thing
from genkit.data.video.pushing.shapes import NOVEL, SEEN, shape
from genkit.errors import UsageError
from tests.video_files import read, section

CONFIG = PushingSimConfig()
SPLITS = ("train", "validation", "test", "test_novel")
RED = (200, 45, 45)


def table(*things: tuple[str, float, float, float], arm: tuple[float, float]) -> Scene:
    """Objects of radius 5: shape, x, y and angle."""
    poses = np.array([thing[1:] for thing in things])
    return Scene(tuple(Thing(thing[0], 5.0, RED) for thing in things), poses, np.array(arm))


def pushed(start: Scene, *commands: tuple[float, float]) -> Motion:
    """What happens under commands, a frame each, and ten frames of rest."""
    wanted = np.array([*commands, *[(0.0, 0.0)] * 10])
    return simulate(start, len(wanted), lambda t, arm, objects: wanted[t])


def corners(found: Episode, t: int) -> np.ndarray:
    """All corners of all objects, and four points of each disc."""
    points = []
    for thing, (x, y, angle) in zip(found.scene.things, found.motion.objects[t], strict=True):
        own = np.concatenate(shape(thing.shape).parts or [np.array([[1, 0], [-1, 0], [0, 1],
                                                                     [0, -1]])])  # fmt: skip
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points.append(own @ turn.T * thing.radius + [x, y])
    return np.concatenate(points)


@pytest.mark.parametrize("name", [*SEEN, *NOVEL])
def test_nothing_moves_without_a_push(name: str) -> None:
    start = table((name, 20, 20, 0.3), ("disc", 40, 40, 0.0), arm=(50, 12))
    motion = pushed(start, (-3, 0), (0, 0), (3, 1))
    assert np.array_equal(motion.objects, np.broadcast_to(start.poses, motion.objects.shape))


def test_the_arm_does_what_it_is_told() -> None:
    motion = pushed(table(("disc", 10, 50, 0.0), arm=(30, 20)), *[(3.0, 1.0)] * 4)
    np.testing.assert_allclose(motion.arm[4] - motion.arm[0], [12, 4], atol=0.5)  # it starts up
    np.testing.assert_allclose(motion.velocity[1:5], [[3, 1]] * 4, atol=1e-6)
    np.testing.assert_allclose(motion.velocity[6:], 0.0, atol=1e-9)
    assert np.abs(motion.commands).max() == 3.0


def test_no_command_is_faster_than_the_arm() -> None:
    motion = pushed(table(("disc", 10, 50, 0.0), arm=(20, 20)), (30.0, 40.0))
    np.testing.assert_allclose(motion.commands[0], [0.6 * FASTEST, 0.8 * FASTEST], rtol=1e-6)


@pytest.mark.parametrize("name", [*SEEN, *NOVEL])
def test_a_push_moves_an_object_along_and_friction_stops_it(name: str) -> None:
    motion = pushed(table((name, 30, 32, 0.0), arm=(18, 32)), *[(4.0, 0.0)] * 4)
    places = motion.objects[:, 0, :2]
    moved = places[-1] - places[0]
    assert moved[0] > 4.0
    assert abs(moved[1]) < 0.6 * moved[0]
    assert np.array_equal(motion.objects[-1], motion.objects[-2])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    after = steps[5:]
    assert (np.diff(after) <= 1e-9).all()  # slower and slower
    assert after[0] > 0  # it slides on


def test_pushing_aside_of_the_centre_turns_an_object() -> None:
    above = pushed(table(("bar", 30, 32, np.pi / 2), arm=(20, 29)), *[(3.0, 0.0)] * 3)
    below = pushed(table(("bar", 30, 32, np.pi / 2), arm=(20, 35)), *[(3.0, 0.0)] * 3)
    turned = [float(motion.objects[-1, 0, 2] - np.pi / 2) for motion in (above, below)]
    assert turned[0] > 0.3
    np.testing.assert_allclose(turned[0], -turned[1], rtol=0.02)


def test_a_collision_hands_momentum_on() -> None:
    start = table(("disc", 24, 32, 0.0), ("disc", 36, 32, 0.0), arm=(14, 32))
    motion = pushed(start, *[(5.0, 0.0)] * 3)
    first, second = motion.objects[:, 0, :2], motion.objects[:, 1, :2]
    assert second[-1, 0] - second[0, 0] > 2.0
    assert abs(second[-1, 1] - 32) < 0.2
    gaps = second[:, 0] - first[:, 0]
    assert gaps.min() > 10 - 0.5  # they never go through each other


def test_what_is_hit_harder_slides_farther() -> None:
    slid = []
    for speed in (2.0, 4.0, 6.0):
        motion = pushed(table(("square", 32, 32, 0.0), arm=(22, 32)), (speed, 0.0), (speed, 0.0))
        slid.append(float(motion.objects[-1, 0, 0] - motion.arm[-1, 0]))
    assert slid[0] < slid[1] < slid[2]


def test_the_arm_stalls_where_it_cannot_go() -> None:
    motion = pushed(table(("square", 55, 32, 0.0), arm=(44, 32)), *[(6.0, 0.0)] * 6)
    assert motion.arm[6, 0] < FRAME - WALL - ARM_RADIUS - 6.0
    assert motion.objects[:, 0, 0].max() < FRAME - WALL


@pytest.mark.parametrize("split", ["test", "test_novel"])
@pytest.mark.parametrize("own", [True, False])
def test_objects_stay_on_the_table(split: str, own: bool) -> None:
    config = PushingSimConfig(objects=4)
    for index in range(12):
        rough = np.random.default_rng(index).normal(0, 0.2, (20, 2))
        found = episode(config, split, index, None if own else rough)
        for t in range(20):
            points = corners(found, t)
            assert points.min() > WALL - 1.0
            assert points.max() < FRAME - WALL + 1.0
        assert (found.motion.arm > WALL + ARM_RADIUS - 1.0).all()
        assert (found.motion.arm < FRAME - WALL - ARM_RADIUS + 1.0).all()


def test_nothing_touches_anything_at_first() -> None:
    for index in range(60):
        found = scene.scene(KINDS["novel"], 4, 3, "test", index)
        radii = np.array([*(thing.radius for thing in found.things), ARM_RADIUS])
        centres = np.vstack([found.poses[:, :2], found.arm])
        apart = np.linalg.norm(centres[:, None] - centres, axis=-1) - radii - radii[:, None]
        assert apart[~np.eye(5, dtype=bool)].min() > 1.0
        assert (centres - radii[:, None]).min() > WALL + 1.0
        assert (centres + radii[:, None]).max() < FRAME - WALL - 1.0


def test_most_clips_show_a_push() -> None:
    moved = []
    for index in range(30):
        places = episode(CONFIG, "test", index).objects()[..., :2]
        moved.append(np.abs(places[-1] - places[0]).max() > 0.05)
    assert np.mean(moved) > 0.8


def test_novel_objects_occur_nowhere_else() -> None:
    assert not set(KINDS["seen"].shapes) & set(KINDS["novel"].shapes)
    assert not set(KINDS["seen"].colours) & set(KINDS["novel"].colours)
    found: dict[str, set[Any]] = {}
    for split in SPLITS:
        things = [thing for i in range(40) for thing in episode(
            PushingSimConfig(frames=2), split, i).scene.things]  # fmt: skip
        found[split] = {(thing.shape, thing.colour) for thing in things}
    for split in ("train", "validation", "test"):
        assert len(found[split]) == 16  # every shape in every colour
    assert len(found["test_novel"]) == 16


def test_shapes_are_about_their_centre_of_mass() -> None:
    disc, square, triangle = shape("disc"), shape("square"), shape("triangle")
    assert (disc.area, disc.inertia) == (np.pi, 0.5)
    np.testing.assert_allclose(square.area, 2.0, rtol=0.02)
    np.testing.assert_allclose(square.inertia, 1 / 3, rtol=0.02)
    np.testing.assert_allclose(triangle.area, 3 * np.sqrt(3) / 4, rtol=0.02)
    np.testing.assert_allclose(triangle.inertia, 1 / 4, rtol=0.02)
    for name in (*SEEN[1:], *NOVEL):
        points = np.concatenate(shape(name).parts)
        np.testing.assert_allclose(np.hypot(*points.T).max(), 1.0)
    ell = shape("ell")  # two boxes, 6x16 and 8x6 tenths, about their common centre
    centres, areas = np.array([[-0.5, 0.0], [0.2, 0.5]]), np.array([0.96, 0.48])
    middle = (centres * areas[:, None]).sum(axis=0) / areas.sum()
    size = np.hypot(*(np.array([-0.8, -0.8]) - middle))
    np.testing.assert_allclose(ell.parts[0][0], (np.array([-0.8, -0.8]) - middle) / size, atol=0.01)
    np.testing.assert_allclose(ell.area, areas.sum() / size**2, rtol=0.02)


# Pictures


def test_pictures_show_things_where_they_are() -> None:
    start = table(("square", 20, 40, 0.0), arm=(50, 12))
    for size in (32, 64, 128):
        (frame,) = render(start, simulate(start, 1, lambda *_: np.zeros(2)), size)
        assert frame.shape == (size, size, 3)
        scale = size / 64
        assert frame[int(40 * scale), int(20 * scale)].tolist() == list(RED)
        red = (frame[..., 0].astype(int) - frame[..., 1] > 60).nonzero()
        np.testing.assert_allclose(np.mean(red, axis=1) / scale, [40, 20], atol=1.0)
        np.testing.assert_allclose(len(red[0]) / scale**2, 2 * 25, rtol=0.3)
        right = frame[int(4 * scale) : -int(4 * scale), int(36 * scale) : -int(4 * scale)]
        dark = (right.max(axis=-1) < 180).nonzero()  # the table is 206
        found = np.mean(dark, axis=1) / scale + [4, 36]
        np.testing.assert_allclose(found, [12, 50], atol=1.0)


def test_edges_are_smooth() -> None:
    """A small move changes the picture a little, and by about as much as it covers."""
    light = []
    for x in (30.0, 30.25, 30.5):
        start = table(("square", x, 32, 0.0), arm=(10, 10))
        frame = render(start, simulate(start, 1, lambda *_: np.zeros(2)), 64)[0].astype(float)
        light.append(frame[:, :, 2].sum())
        assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 6
    np.testing.assert_allclose(light, light[0], rtol=1e-3)


# Clips


def test_a_clip_is_a_function_of_settings_split_and_number() -> None:
    values = {"name": "pushing_sim", "size": 16, "frames": 4}
    found = read(**values)
    assert {name: len(split) for name, split in found.splits.items()} == {
        "train": 10_000,
        "validation": 1_000,
        "test": 1_500,
        "test_novel": 1_500,
    }
    for split in SPLITS:
        own = found.split(split)
        items = own.items(np.array([7, 2]))
        assert list(items) == ["video", "condition/state", "condition/action"]
        np.testing.assert_array_equal(items["video"][1], own.clips[2])
        np.testing.assert_array_equal(items["condition/state"][0], own.conditions["state"][7])
        np.testing.assert_array_equal(own.first(3).conditions["action"][2],
                                      items["condition/action"][1])  # fmt: skip
        again = read(**values, test_count=9).split(split).items(np.array([2]))
        np.testing.assert_array_equal(again["video"][0], items["video"][1])
    config = section(**values)
    assert items["video"].shape[1:] == config.video_shape() == (4, 16, 16, 3)
    assert {key: items[f"condition/{key}"].shape[2] for key in ("state", "action")} == (
        config.condition_shapes()
    )


def test_training_clips_are_functions_of_seed_and_position() -> None:
    values = {"name": "pushing_sim", "size": 8, "frames": 3, "objects": 1, "levels": 4}
    feed = VideoFeed(read(**values).split("train"), 6, 5)
    feed.batch(3)
    batch = feed.batch(1)
    single = VideoFeed(read(**values).split("train"), 1, 5)
    for key, array in batch.items():
        whole = np.concatenate([single.batch(k)[key] for k in range(6, 12)])
        np.testing.assert_array_equal(array, whole)
    assert batch["video"].max() == 3
    assert not np.array_equal(batch["video"], VideoFeed(feed.split, 6, 6).batch(1)["video"])


def test_states_and_actions_tell_what_the_arm_does() -> None:
    found = episode(CONFIG, "test", 5)
    states, actions = found.states(), found.actions()
    assert states.dtype == actions.dtype == np.float32
    np.testing.assert_allclose((states[:, :2] + 1) * 32, found.motion.arm, atol=1e-4)
    np.testing.assert_allclose(actions * 32, found.motion.commands)
    free = np.abs(states[:-1, :2]) < 0.6  # away from the walls it goes where it is told
    moves = np.diff(states[:, :2], axis=0)
    assert np.corrcoef(moves[free], actions[:-1][free])[0, 1] > 0.9
    assert np.abs(found.objects()[..., :2]).max() < 1.0


def test_other_actions_from_the_same_start() -> None:
    own = episode(CONFIG, "test", 3)
    again = episode(CONFIG, "test", 3, own.actions())
    np.testing.assert_array_equal(again.objects(), own.objects())
    np.testing.assert_array_equal(again.video(), own.video())
    still = episode(CONFIG, "test", 3, np.zeros((20, 2)))
    np.testing.assert_array_equal(still.video()[0], own.video()[0])
    assert np.array_equal(still.objects()[0], still.objects()[-1])
    other = own.actions().copy()
    other[10:] *= -1
    changed = episode(CONFIG, "test", 3, other)
    np.testing.assert_array_equal(changed.video()[:11], own.video()[:11])
    assert not np.array_equal(changed.states()[11], own.states()[11])


def test_what_an_episode_refuses() -> None:
    with pytest.raises(UsageError, match="unknown split 'novel'"):
        episode(CONFIG, "novel", 0)
    with pytest.raises(UsageError, match=r"shape \(20, 2\). Received: float64 \(19, 2\)"):
        episode(CONFIG, "test", 0, np.zeros((19, 2)))
    with pytest.raises(UsageError, match="must be finite"):
        episode(CONFIG, "test", 0, np.full((20, 2), np.nan))


def test_the_same_numbers_in_another_process() -> None:
    """Bit for bit, on one machine."""
    code = (
        "import hashlib; from genkit.data.video.config import PushingSimConfig as C; "
        "from genkit.data.video.pushing.episodes import episode; "
        "print(hashlib.sha256(episode(C(size=32), 'test', 11).video().tobytes()).hexdigest())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = episode(PushingSimConfig(size=32), "test", 11).video()
    assert found.stdout.strip() == hashlib.sha256(own.tobytes()).hexdigest()
