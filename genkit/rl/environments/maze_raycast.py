"""A maze seen from inside, by casting a ray for each column of the picture.

The tasks are those of Mirowski et al., 2017 (arXiv:1611.03673): find the goal, be put somewhere
else, find it again; here without an engine. Walls have colours of their own as landmarks. A ray's
distance is that along the axis of sight, so straight walls look straight.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops

from genkit.randomness import uniform
from genkit.rl.environments.base import ArrayEnvironment, Observation, Space, State, choice, picture
from genkit.rl.environments.layouts import maze
from genkit.rl.navigation.maps import MazeMap, Rooms

# Forward, sideways to the right, and turning to the right, of each action: cells and radians a step
# squared. Turns alone are small.
PUSHES = {
    "look_left": (0.0, 0.0, -0.15),
    "look_right": (0.0, 0.0, 0.15),
    "forward": (0.1, 0.0, 0.0),
    "backward": (-0.1, 0.0, 0.0),
    "strafe_left": (0.0, -0.1, 0.0),
    "strafe_right": (0.0, 0.1, 0.0),
    "forward_left": (0.1, 0.0, -0.3),
    "forward_right": (0.1, 0.0, 0.3),
}
KEPT = 0.5  # of the velocity from one step to the next
RADIUS = 0.2  # cells: how near to a wall one can get
REACH = 0.5  # cells: how near to a goal or a fruit
TANGENT = 0.8  # of half the angle of view
NEAREST = 0.05  # cells
GOAL, FRUIT = 10.0, 1.0
DEEPEST = 16.0  # cells: what depth 255 stands for
_CEILING, _FLOOR = (70.0, 80.0, 110.0), (100.0, 90.0, 75.0)
_GOAL_COLOUR, _FRUIT_COLOUR = (250.0, 210.0, 30.0), (220.0, 40.0, 40.0)
_SPRITE = 0.25  # cells: half the width, and half the height


class RaycastMaze(ArrayEnvironment):
    """Walk through a maze to the goal (reward 10) and over fruit (reward 1, gone until the next
    episode). At the goal the agent is put in a drawn room and goes on; episodes end by the limit.

    Args:
        rows, columns: of rooms. mazes: how many layouts there are; one is drawn for each episode.
        fixed_goal: keep the goal of a layout in one place; else it is drawn for each episode.
        fruit: how many there are, in drawn rooms. view: pixels, height and width. limit: steps.
        seed: of the layouts.

    Seen are the picture, its depth, the velocity (forward, sideways, up, and turning about three
    axes, in cells and radians a step) and the position (x, y, heading) as it is.
    """

    actions = tuple(PUSHES)

    def __init__(
        self,
        rows: int = 4,
        columns: int = 5,
        mazes: int = 1,
        fixed_goal: bool = True,
        fruit: int = 0,
        view: int = 40,
        limit: int = 450,
        seed: int = 0,
    ) -> None:
        self.fixed_goal, self.fruit, self.view, self.limit = fixed_goal, fruit, view, limit
        self.draws = 4 + fruit
        self.observation = {
            "image": Space((view, view, 3)),
            "depth": Space((view, view)),
            "velocity": Space((6,), "float32"),
            "position": Space((3,), "float32"),
        }
        layouts = np.stack([maze(rows, columns, seed + i) for i in range(mazes)])
        self.layouts, self.grid = layouts, Rooms(rows, columns)
        self.height, self.width = layouts.shape[1:]
        self.rooms = np.array([[r, c] for r in range(rows) for c in range(columns)], np.int32)
        colours = 60 + 160 * uniform(seed, "rl/maze-colours", 0, (*layouts.shape, 3))
        self._walls, self._colours = layouts.ravel(), colours.reshape(-1, 3).astype(np.float32)
        goals = uniform(seed, "rl/maze-goals", 0, (mazes,)) * len(self.rooms)
        self._goals = goals.astype(np.int32)
        self._pushes = np.array(list(PUSHES.values()), np.float32)

    def maze_map(self, layout: int) -> MazeMap:
        """The map of one of the layouts, with the goal where that is fixed."""
        found = MazeMap(self.layouts[layout], self.grid)
        if not self.fixed_goal:
            return found
        x, y = found.room_middles()[self._goals[layout]].tolist()
        return replace(found, goal=(x, y))

    def drawn(self, noise: Any) -> State:
        layout = choice(noise[:, 0], len(self.layouts))
        goal = choice(noise[:, 3], len(self.rooms))
        if self.fixed_goal:
            goal = ops.take(ops.convert_to_tensor(self._goals), layout, axis=0)
        fruit = choice(noise[:, 4:], len(self.rooms))
        return {
            "layout": layout,
            "position": self._somewhere(noise),
            "velocity": ops.zeros((noise.shape[0], 3)),
            "goal": self._place(goal),
            "fruit": self._place(fruit),
            "left": ops.ones_like(fruit, dtype="bool"),
        }

    def _place(self, room: Any) -> Any:
        """Middles of rooms `(...)`, x and y, `(..., 2)`."""
        own = ops.take(ops.convert_to_tensor(self.rooms), room, axis=0)
        return ops.cast(ops.flip(2 * own + 1, axis=-1), "float32") + 0.5

    def _somewhere(self, noise: Any) -> Any:
        """x, y and heading `(B, 3)` in the middle of a drawn room."""
        place = self._place(choice(noise[:, 1], len(self.rooms)))
        return ops.concatenate([place, 2 * np.pi * noise[:, 2:3]], axis=1)

    def moved(self, state: State, action: Any, noise: Any) -> tuple[State, Any, Any]:
        push = ops.take(ops.convert_to_tensor(self._pushes), action, axis=0)
        velocity = KEPT * state["velocity"] + push
        x, y, heading = (state["position"][:, i] for i in range(3))
        cosine, sine = ops.cos(heading), ops.sin(heading)
        ahead, aside = velocity[:, 0], velocity[:, 1]
        # Along one axis after the other, so that one slides along walls.
        layout, new = state["layout"], x + ahead * cosine - aside * sine
        x = ops.where(self._blocked(layout, new, y), x, new)
        new = y + ahead * sine + aside * cosine
        y = ops.where(self._blocked(layout, x, new), y, new)
        heading = ops.mod(heading + velocity[:, 2], 2 * np.pi)
        position = ops.stack([x, y, heading], axis=1)
        found = self._near(position[:, :2], state["goal"])
        eaten = self._near(position[:, None, :2], state["fruit"]) & state["left"]
        reward = ops.where(found, GOAL, 0.0)
        reward = reward + FRUIT * ops.sum(ops.cast(eaten, "float32"), axis=1)
        after = {
            **state,
            "position": ops.where(found[:, None], self._somewhere(noise), position),
            "velocity": ops.where(found[:, None], ops.zeros_like(velocity), velocity),
            "left": state["left"] & ops.logical_not(eaten),
        }
        return after, reward, ops.zeros_like(found)

    @staticmethod
    def _near(first: Any, second: Any) -> Any:
        return ops.sum(ops.square(first - second), axis=-1) < REACH**2

    def _blocked(self, layout: Any, x: Any, y: Any) -> Any:
        """Whether a wall is nearer than one can get."""
        found = ops.zeros_like(x, dtype="bool")
        for right in (-RADIUS, RADIUS):
            for down in (-RADIUS, RADIUS):
                found = found | self._wall(layout, y + down, x + right)[0]
        return found

    def _wall(self, layout: Any, row: Any, column: Any) -> tuple[Any, Any]:
        """Whether there is a wall at places `(...)`, and the number of its cell among all."""
        row = ops.clip(ops.cast(ops.floor(row), "int32"), 0, self.height - 1)
        column = ops.clip(ops.cast(ops.floor(column), "int32"), 0, self.width - 1)
        number = (layout * self.height + row) * self.width + column
        return ops.take(ops.convert_to_tensor(self._walls), number), number

    def observe(self, state: State) -> Observation:
        distance, shade, colour = self._rays(state)
        image, depth = self._columns(distance, shade, colour)
        image, depth = self._sprites(state, image, depth)
        zero = ops.zeros_like(state["velocity"][:, :1])
        ahead, aside, turn = (state["velocity"][:, i : i + 1] for i in range(3))
        return {
            "image": picture(image),
            "depth": picture(ops.minimum(depth / DEEPEST, 1.0) * 255),
            "velocity": ops.concatenate([ahead, aside, zero, zero, zero, turn], axis=1),
            "position": state["position"],
        }

    def _rays(self, state: State) -> tuple[Any, Any, Any]:
        """Distance, shade of the side and colour of the first wall in each column, `(B, W)` and
        `(B, W, 3)`: the nearest of the crossings with lines of the grid behind which a wall is."""
        x, y, heading = (state["position"][:, i : i + 1] for i in range(3))
        aside = TANGENT * (2 * (np.arange(self.view) + 0.5) / self.view - 1)
        aside = aside.astype(np.float32)
        dx = ops.cos(heading) - aside * ops.sin(heading)
        dy = ops.sin(heading) + aside * ops.cos(heading)
        layout = state["layout"][:, None, None]
        crossings = [
            self._crossings(layout, x, dx, y, dy, self.width, upright=True),
            self._crossings(layout, y, dy, x, dx, self.height, upright=False),
        ]
        distance, number = (
            ops.concatenate(parts, axis=-1) for parts in zip(*crossings, strict=True)
        )
        first = ops.argmin(distance, axis=-1)[..., None]
        number = ops.take_along_axis(number, first, axis=-1)[..., 0]
        colour = ops.take(ops.convert_to_tensor(self._colours), number, axis=0)
        shade = ops.where(first[..., 0] <= self.width, 1.0, 0.75)
        nearest = ops.maximum(ops.min(distance, axis=-1), NEAREST)
        return nearest, shade, colour

    def _crossings(
        self, layout: Any, x: Any, dx: Any, y: Any, dy: Any, count: int, upright: bool
    ) -> tuple[Any, Any]:
        """Where rays cross the lines 0 .. `count` of one axis: distances `(B, W, count + 1)`,
        infinite where no wall is behind the line, and the numbers of the cells."""
        lines = np.arange(count + 1, dtype=np.float32)
        away = ops.where(ops.abs(dx) < 1e-6, 1e-6, dx)[..., None]
        distance = (lines - x[..., None]) / away
        across = y[..., None] + distance * dy[..., None]
        along = lines + ops.where(away > 0, 0.5, -0.5)
        row, column = (across, along) if upright else (along, across)
        wall, number = self._wall(layout, row, column)
        limit = self.height if upright else self.width
        inside = (across >= 0) & (across < limit) & (along > 0) & (along < count)
        return ops.where((distance > 0) & wall & inside, distance, 1e6), number

    def _columns(self, distance: Any, shade: Any, colour: Any) -> tuple[Any, Any]:
        """Walls, floor and ceiling: colours `(B, H, W, 3)` and depth `(B, H, W)`."""
        height = (np.arange(self.view) + 0.5 - self.view / 2)[:, None].astype(np.float32)
        half = (self.view / 2) / distance[:, None]
        wall = np.abs(height) <= half
        flat = np.minimum((self.view / 2) / np.abs(height), DEEPEST).astype(np.float32)
        depth = ops.where(wall, distance[:, None], flat)
        light = 1.0 / (1.0 + 0.15 * depth)
        ground = np.where(height[..., None] < 0, _CEILING, _FLOOR).astype(np.float32)
        painted = ops.where(wall[..., None], (colour * shade[..., None])[:, None], ground)
        return painted * light[..., None], depth

    def _sprites(self, state: State, image: Any, depth: Any) -> tuple[Any, Any]:
        """Goal and fruit stand on the floor, as wide as they are high, and hide what is behind."""
        every = [(state["goal"], None, _GOAL_COLOUR)]
        every += [
            (state["fruit"][:, i], state["left"][:, i], _FRUIT_COLOUR) for i in range(self.fruit)
        ]
        middle = (np.arange(self.view) + 0.5 - self.view / 2).astype(np.float32)
        heading = state["position"][:, 2]
        cosine, sine = ops.cos(heading), ops.sin(heading)
        for place, there, colour in every:
            gap = place - state["position"][:, :2]
            ahead = gap[:, 0] * cosine + gap[:, 1] * sine
            aside = gap[:, 1] * cosine - gap[:, 0] * sine
            near = ops.maximum(ahead, NEAREST)
            scale = (self.view / 2) / near
            left = (aside - _SPRITE) * scale / TANGENT
            right = (aside + _SPRITE) * scale / TANGENT
            columns = (middle >= left[:, None]) & (middle <= right[:, None])
            floor, top = scale[:, None], scale[:, None] * (1 - 4 * _SPRITE)
            shown = ((middle <= floor) & (middle >= top))[:, :, None] & columns[:, None]
            shown = shown & (ahead > NEAREST)[:, None, None] & (near[:, None, None] < depth)
            if there is not None:
                shown = shown & there[:, None, None]
            depth = ops.where(shown, near[:, None, None], depth)
            lit = np.array(colour, np.float32) / (1.0 + 0.15 * near[:, None, None, None])
            image = ops.where(shown[..., None], lit, image)
        return image, depth
