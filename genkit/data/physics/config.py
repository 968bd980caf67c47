"""The `data` sections of simulated objects. Light: no NumPy, no Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from genkit.recipe.schema import DataConfig, PositiveFloat, PositiveInt

Objects = Annotated[int, Field(ge=1, le=256)]


def _ordered(ends: list[float]) -> list[float]:
    if ends[0] > ends[1]:
        raise ValueError(f"must have its smaller number first. Received: {ends}")
    return ends


Range = Annotated[list[PositiveFloat], Field(min_length=2, max_length=2), AfterValidator(_ordered)]
Pinned = Literal["none", "first", "both"]


@dataclass(frozen=True)
class Cast:
    """Who plays in the scenes of a split.

    Args:
        count: objects that move or are pinned; walls and discs are not among them.
        pinned: ends of a string that never move.
        scenes: how many.
    """

    count: int
    pinned: Pinned
    scenes: int


class PhysicsConfig(DataConfig):
    """Trajectories. Scenes of a split are in no other; all are functions of their number.

    Args:
        steps: of a trajectory, behind its first state.
        dt: seconds of a step.
        train_count, validation_count, test_count: scenes; `test_count` in the test split.
        other_counts: numbers of objects of further splits `test_N`, which training never sees.
        other_scenes: in each of them.
    """

    steps: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    dt: PositiveFloat = 1e-3
    train_count: PositiveInt = 1_000
    validation_count: PositiveInt = 100
    test_count: PositiveInt = 100
    other_counts: list[Objects] = Field(default_factory=list)
    other_scenes: PositiveInt = 20

    # What objects and relations are told beside their state, by name, and the external effects.
    attributes: ClassVar[tuple[str, ...]] = ()
    relation_attributes: ClassVar[tuple[str, ...]] = ()
    effects: ClassVar[tuple[str, ...]] = ()
    contacts: ClassVar[bool] = False  # whether objects can touch
    potential: ClassVar[bool] = True  # whether there is a potential energy
    statics: ClassVar[int] = 0  # walls or discs

    def object_count(self) -> int:
        """Objects of a scene for training, walls and discs left out."""
        raise NotImplementedError

    def pins(self) -> Pinned:
        """Ends that never move."""
        return "none"

    def degree(self, count: int) -> int:
        """Relations that an object of `count` receives at most."""
        raise NotImplementedError

    def casts(self) -> Mapping[str, Cast]:
        """The splits by name."""
        count, pinned = self.object_count(), self.pins()
        found = {
            "train": Cast(count, pinned, self.train_count),
            "validation": Cast(count, pinned, self.validation_count),
            "test": Cast(count, pinned, self.test_count),
        }
        for other in self.other_counts:
            found[f"test_{other}"] = Cast(other, pinned, self.other_scenes)
        return found

    @model_validator(mode="after")
    def _checked(self) -> PhysicsConfig:
        counts = [self.object_count(), *self.other_counts]
        if len(set(counts)) != len(counts):
            raise ValueError(
                f"other_counts must name other numbers than {counts[0]}, each once. "
                f"Received: {self.other_counts}"
            )
        return self


class NBodyConfig(PhysicsConfig):
    """Bodies that attract each other.

    The acceleration of i by j is G m_j (x_j - x_i) / max(r, least)^3: within the least distance
    it falls to nothing at the middle, as inside a ball of even density. These four numbers set the
    scale of all errors.

    Args:
        bodies: in a scene.
        orbits: share of scenes in which all but the first go around it, in circles.
        gravity: G. least_distance: in metres.
        masses: in kilograms, drawn evenly. central_mass: of the first in scenes with orbits.
        distances: from the middle of the scene, in metres. speed: largest of each velocity's
            components in scenes without orbits, metres a second.
    """

    name: Literal["nbody"] = "nbody"
    bodies: Objects = 6
    orbits: Annotated[float, Field(ge=0, le=1)] = 0.5
    gravity: PositiveFloat = 1e5
    least_distance: PositiveFloat = 10.0
    masses: Range = Field(default_factory=lambda: [0.02, 9.0])
    central_mass: PositiveFloat = 100.0
    distances: Range = Field(default_factory=lambda: [10.0, 100.0])
    speed: PositiveFloat = 3.0
    attributes: ClassVar[tuple[str, ...]] = ("mass",)

    def object_count(self) -> int:
        return self.bodies

    def degree(self, count: int) -> int:
        return max(1, count - 1)


class BallsConfig(PhysicsConfig):
    """Balls in a box with four walls, without gravity or friction.

    In a step each pair that overlaps and approaches gets an impulse, which depends on the state
    at the start of the step alone; walls are of infinite mass.

    Args:
        balls: in a scene. side: of the box, metres.
        masses, radii, restitutions: drawn evenly; the restitution of each pair of balls, and of
            each ball and wall. speed: largest of each velocity's components.
    """

    name: Literal["balls"] = "balls"
    balls: Objects = 6
    side: PositiveFloat = 10.0
    masses: Range = Field(default_factory=lambda: [0.5, 2.0])
    radii: Range = Field(default_factory=lambda: [0.4, 0.8])
    restitutions: Range = Field(default_factory=lambda: [0.8, 1.0])
    speed: PositiveFloat = 15.0
    attributes: ClassVar[tuple[str, ...]] = ("mass", "radius", "wall_x", "wall_y")
    relation_attributes: ClassVar[tuple[str, ...]] = ("restitution",)
    contacts: ClassVar[bool] = True
    potential: ClassVar[bool] = False
    statics: ClassVar[int] = 4

    def object_count(self) -> int:
        return self.balls

    def degree(self, count: int) -> int:
        return count - 1 + self.statics

    @model_validator(mode="after")
    def _room(self) -> BallsConfig:
        most = max([self.balls, *self.other_counts])
        if self.restitutions[1] > 1.0:
            raise ValueError(f"restitutions must be at most 1. Received: {self.restitutions}")
        # Places are drawn one after the other: a third of the box is what that always finds.
        if most * (2.0 * self.radii[1]) ** 2 > self.side**2 / 3.0:
            raise ValueError(
                f"side must leave room: {most} balls of radius {self.radii[1]:g} in a box of "
                f"side {self.side:g}. Received: {self.side:g}"
            )
        return self


class StringConfig(PhysicsConfig):
    """Masses on springs in a row that fall onto a fixed disc.

    Args:
        masses: in the row. pinned: ends that never move.
        other_pins: of further splits `test_pinned_NAME`.
        mass: of each, kilograms. stiffness: of each spring, newton a metre. rest: its length.
        radius: of a mass where it meets the disc. disc: radius of that.
        restitutions: of each mass and the disc. gravity: downward, metres a second squared.
    """

    name: Literal["string"] = "string"
    masses: Objects = 15
    pinned: Pinned = "first"
    other_pins: list[Pinned] = Field(default_factory=list)
    mass: Range = Field(default_factory=lambda: [0.05, 0.15])
    stiffness: Range = Field(default_factory=lambda: [300.0, 600.0])
    rest: Range = Field(default_factory=lambda: [0.15, 0.25])
    radius: PositiveFloat = 0.05
    disc: Range = Field(default_factory=lambda: [0.3, 0.6])
    restitutions: Range = Field(default_factory=lambda: [0.3, 0.9])
    gravity: Annotated[float, Field(ge=0)] = 9.8
    attributes: ClassVar[tuple[str, ...]] = ("mass", "radius", "static")
    relation_attributes: ClassVar[tuple[str, ...]] = ("stiffness", "rest", "contact", "restitution")
    effects: ClassVar[tuple[str, ...]] = ("gravity_x", "gravity_y")
    contacts: ClassVar[bool] = True
    statics: ClassVar[int] = 1

    def object_count(self) -> int:
        return self.masses

    def pins(self) -> Pinned:
        return self.pinned

    def degree(self, count: int) -> int:
        return min(2, count - 1) + self.statics

    def casts(self) -> Mapping[str, Cast]:
        found = dict(super().casts())
        for pinned in self.other_pins:
            found[f"test_pinned_{pinned}"] = Cast(self.masses, pinned, self.other_scenes)
        return found

    @model_validator(mode="after")
    def _other_pins(self) -> StringConfig:
        every = [self.pinned, *self.other_pins]
        if len(set(every)) != len(every):
            raise ValueError(
                f"other_pins must name other ends than '{self.pinned}', each once. "
                f"Received: {self.other_pins}"
            )
        if self.restitutions[1] > 1.0:
            raise ValueError(f"restitutions must be at most 1. Received: {self.restitutions}")
        return self
