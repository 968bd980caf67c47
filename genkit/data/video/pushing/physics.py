"""What moves on the table: rigid bodies in two dimensions, by pymunk (Chipmunk).

The arm is a disc with a motor of limited force, so that it stalls rather than crush what it pushes
against a wall. Objects slide with dry friction: a constant force against their motion and a
constant torque against their turning, so that they stand still unless pushed and stop when left.
(Real friction couples the two; a sliding object turns a little more easily than here.)

A function of the scene and the commands alone: every clip has a space of its own, and pymunk adds
forces in a fixed order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pymunk

from genkit.data.video.pushing.scene import ARM_RADIUS, FRAME, WALL, Scene, Thing
from genkit.data.video.pushing.shapes import shape

# Units: lengths as in `scene`, time in frames, a mass is the object's area.
STEPS = 10  # of the physics, between two frames
FASTEST = 6.0  # that the arm moves from frame to frame
_ARM_MASS = 40.0
_ARM_FORCE = 1_000.0
_BRAKING = 1.2  # by which an object that slides becomes slower, in each frame
_GRIP = 0.4  # coefficient of friction where two things touch
_BOUNCE = 0.4
_THICK = 10.0  # of walls, beyond what is seen, so that nothing is pushed through

# Where arm `(2,)` and objects `(N, 3)` are -> the arm's wanted displacement `(2,)` in this frame.
Command = Callable[[int, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Motion:
    """What happened.

    Args:
        arm: `(T, 2)` x and y.
        velocity: `(T, 2)` of the arm, per frame.
        objects: `(T, N, 3)` x, y and angle.
        commands: `(T, 2)` displacement that was wanted until the next frame.
    """

    arm: np.ndarray
    velocity: np.ndarray
    objects: np.ndarray
    commands: np.ndarray


def simulate(scene: Scene, frames: int, command: Command) -> Motion:
    """The first frame is the scene itself; `command(t, arm, objects)` is asked for each frame.

    Commands longer than `FASTEST` are cut to it.
    """
    space = pymunk.Space()
    space.iterations = 12
    space.collision_slop = 0.02
    _walls(space)
    hand, arm = _arm(space, scene.arm)
    bodies = [_object(space, *pair) for pair in zip(scene.things, scene.poses, strict=True)]
    motion = Motion(
        np.empty((frames, 2)),
        np.empty((frames, 2)),
        np.empty((frames, len(bodies), 3)),
        np.empty((frames, 2)),
    )
    for t in range(frames):
        if t:
            for _ in range(STEPS):
                space.step(1.0 / STEPS)
        motion.arm[t], motion.velocity[t] = arm.position, arm.velocity
        for number, body in enumerate(bodies):
            motion.objects[t, number] = (*body.position, body.angle)
        motion.commands[t] = _limited(command(t, motion.arm[t], motion.objects[t]))
        hand.velocity = tuple(motion.commands[t].tolist())
    return motion


def _limited(wanted: np.ndarray) -> np.ndarray:
    """A command as it is carried out, in float32, so that what is told of it is all there is."""
    length = float(np.hypot(*wanted))
    if length > FASTEST * (1.0 + 1e-6):  # what was cut before is not cut again for its rounding
        wanted = wanted * (FASTEST / length)
    return wanted.astype(np.float32).astype(np.float64)


def _walls(space: pymunk.Space) -> None:
    low, high = WALL - _THICK, FRAME - WALL + _THICK
    corners = [(low, low), (high, low), (high, high), (low, high)]
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        wall = pymunk.Segment(space.static_body, start, end, _THICK)
        wall.friction, wall.elasticity = _GRIP, _BOUNCE
        space.add(wall)


def _arm(space: pymunk.Space, place: np.ndarray) -> tuple[pymunk.Body, pymunk.Body]:
    """The hand that says how fast to go, and the arm that does what it can."""
    hand = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    arm = pymunk.Body(_ARM_MASS, float("inf"))
    arm.position = tuple(place.tolist())
    disc = pymunk.Circle(arm, ARM_RADIUS)
    disc.friction, disc.elasticity = _GRIP, 0.0
    space.add(hand, arm, disc)
    _resist(space, hand, arm, _ARM_FORCE)
    return hand, arm


def _object(space: pymunk.Space, thing: Thing, pose: np.ndarray) -> pymunk.Body:
    own = shape(thing.shape)
    mass = own.area * thing.radius**2
    body = pymunk.Body(mass, mass * own.inertia * thing.radius**2)
    x, y, angle = pose.tolist()
    body.position, body.angle = (x, y), angle
    solids: list[pymunk.Shape] = [
        pymunk.Poly(body, (part * thing.radius).tolist()) for part in own.parts
    ]
    solids = solids or [pymunk.Circle(body, thing.radius)]
    for solid in solids:
        solid.friction, solid.elasticity = _GRIP, _BOUNCE
    space.add(body, *solids)
    _resist(space, space.static_body, body, _BRAKING * mass)
    turning = pymunk.GearJoint(space.static_body, body, 0.0, 1.0)
    turning.max_bias, turning.max_force = 0.0, _BRAKING * mass * own.lever * thing.radius
    space.add(turning)
    return body


def _resist(space: pymunk.Space, frame: pymunk.Body, body: pymunk.Body, force: float) -> None:
    """A force up to `force` against the motion of `body` relative to `frame`."""
    joint = pymunk.PivotJoint(frame, body, (0.0, 0.0), (0.0, 0.0))
    joint.max_bias, joint.max_force = 0.0, force  # it corrects velocities, never places
    space.add(joint)
