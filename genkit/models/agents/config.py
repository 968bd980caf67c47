"""The `model` section of an agent's recipe, and what follows from it. Light: no Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from genkit.errors import unknown
from genkit.recipe.schema import NonNegativeInt, PositiveFloat, Section
from genkit.rl.environments.config import BuiltinConfig
from genkit.rl.environments.section import Layout
from genkit.rl.heads.config import ValueReplayConfig, Weight, Width

Part = Literal["image", "depth", "velocity", "position", "vector"]


def _image() -> list[Part]:
    return ["image"]


class ConvolutionConfig(Section):
    """A convolution without padding, and a ReLU behind it."""

    filters: Width
    kernel: Annotated[int, Field(ge=1, le=64)]
    stride: Annotated[int, Field(ge=1, le=64)] = 1


class ActorsConfig(Section):
    """Who acts.

    Args:
        kind: `inline`, in this process; `ray`, actors that may be on other machines.
        workers: processes that step environments which are no functions of arrays, 0 for none; for
            Ray the number of actors.
        timeout: seconds after which a worker that does not answer is taken for dead.
        lag: updates that may lie between the weights that acted and those that learn from it. 0 is
            synchronous: ratios of probabilities are 1, targets are n-step returns (A2C). From 1
            on acting goes on while learning does, and V-trace corrects for it (IMPALA).
    """

    kind: Literal["inline", "ray"] = "inline"
    workers: NonNegativeInt = 0
    timeout: PositiveFloat = 60.0
    lag: Annotated[int, Field(ge=0, le=64)] = 0


class ReplayConfig(Section):
    """Experience that is learned from once more.

    Args:
        capacity: steps of each environment that are kept. Nothing is replayed before so many are.
    """

    capacity: Annotated[int, Field(ge=1, le=10_000_000)] = 2_000


class AgentsConfig(Section):
    """An actor-critic agent (Mnih et al., 2016, arXiv:1602.01783), batched.

    Args:
        sees: parts of the observation.
        convolutions: over `image` and `depth`, which are channels of one picture.
        dense: units of each layer behind them.
        lstm: units; 0 for a feed-forward agent.
        previous: what of the step before the LSTM, or without one the last layer, is told too.
        unroll: steps of every environment in an update.
        discount: of a step. value: weight of the squared error of values, halved.
        entropy: weight of the policy's entropy.
        reward_clip: rewards are cut to minus this .. this for learning; null for as they are.
        action_repeat: an action is played so many times.
        rho_limit, c_limit: of V-trace, where there is a lag.
        heads: what is learned beside policy and value, by name; of `offered`.
        value_replay: a head. replay: of earlier experience, for heads that want it.
        actors: who acts.

    A subclass offers more heads: it says which, which of them learn from earlier experience
    (`replaying`), and has the section of each.
    """

    offered: ClassVar[tuple[str, ...]] = ("value-replay",)
    replaying: ClassVar[frozenset[str]] = frozenset(offered)

    sees: Annotated[list[Part], Field(min_length=1)] = Field(default_factory=_image)
    convolutions: Annotated[list[ConvolutionConfig], Field(max_length=10)] = Field(
        default_factory=list
    )
    dense: Annotated[list[Width], Field(max_length=10)] = Field(default_factory=lambda: [256])
    lstm: Annotated[int, Field(ge=0, le=4096)] = 0
    previous: list[Literal["action", "reward"]] = Field(default_factory=list)
    unroll: Annotated[int, Field(ge=1, le=1_000)] = 20
    discount: Annotated[float, Field(ge=0, le=1)] = 0.99
    value: Weight = 0.5
    entropy: Weight = 0.01
    reward_clip: PositiveFloat | None = None
    action_repeat: Annotated[int, Field(ge=1, le=64)] = 1
    rho_limit: PositiveFloat = 1.0
    c_limit: PositiveFloat = 1.0
    heads: list[str] = Field(default_factory=list)
    value_replay: ValueReplayConfig = ValueReplayConfig()
    replay: ReplayConfig = ReplayConfig()
    actors: ActorsConfig = ActorsConfig()

    @model_validator(mode="after")
    def _consistent(self) -> AgentsConfig:
        named: dict[str, Sequence[str]] = {
            "sees": self.sees,
            "previous": self.previous,
            "heads": self.heads,
        }
        for name, values in named.items():
            if len(set(values)) != len(values):
                raise ValueError(f"{name} names something twice. Received: {list(values)}")
        for head in self.heads:
            if head not in self.offered:
                raise ValueError(f"heads: {unknown('head', head, self.offered)}")
        if self.replays() and self.replay.capacity < self.unroll:
            raise ValueError(
                f"replay.capacity ({self.replay.capacity}) must hold a stretch of "
                f"unroll ({self.unroll}) steps"
            )
        if self.convolutions and not {"image", "depth"} & set(self.sees):
            raise ValueError("convolutions need a picture: let `sees` name image or depth")
        return self

    def replays(self) -> bool:
        """Whether a head learns from earlier experience."""
        return bool(self.replaying & set(self.heads))

    def inputs(self) -> tuple[str, ...]:
        """Parts of the observation that the network is given."""
        return tuple(self.sees)

    def targets(self) -> tuple[str, ...]:
        """Further parts of it that heads learn to tell; no network is given them."""
        return ()

    def conflicts(self, recipe: Any) -> Iterator[tuple[str, str]]:
        """Where this section does not fit the environment or the training."""
        train, layout = recipe.train, recipe.data.layout()
        if layout is not None:
            needed = {*self.inputs(), *self.targets()}
            for part in sorted(needed - set(layout)):
                key = "model.sees" if part in self.sees else "model"
                yield key, unknown("part of the observation", part, layout)
            if needed <= set(layout):
                yield from self.too_small(layout)
                yield from self.unfit_heads(layout)
        yield from self._actors(recipe)
        if train.accumulate != 1:
            yield "train.accumulate", "must be 1: a stretch of experience has no equal pieces"
        if train.precision != "float32":
            yield "train.precision", "must be float32: agents know no other"
        if train.rematerialise:
            yield "train.rematerialise", "must be false: agents have no use for it"

    def _actors(self, recipe: Any) -> Iterator[tuple[str, str]]:
        workers, batch = self.actors.workers, recipe.train.batch_size
        name = recipe.data.model_dump()["name"]
        if workers > batch:
            yield "model.actors.workers", f"{workers} for {batch} environments (train.batch_size)"
        if workers and self.actors.kind == "inline" and isinstance(recipe.data, BuiltinConfig):
            yield (
                "model.actors.workers",
                f"must be 0: '{name}' is a function of arrays and acts in this process",
            )

    def too_small(self, layout: Layout) -> Iterator[tuple[str, str]]:
        """Convolutions that what is seen has no room for."""
        size = picture_shape(self.sees, layout)
        for number, one in enumerate(self.convolutions):
            if size is None or min(size[:2]) < one.kernel:
                yield "model.convolutions", f"number {number} is larger than what it sees, {size}"
                return
            size = convolved(size, one)

    def unfit_heads(self, layout: Layout) -> Iterator[tuple[str, str]]:
        """Heads that what is seen does not do for."""
        del layout
        yield from ()

    def memory_sizes(self, frames: int, layout: Layout, actions: int) -> tuple[int, int]:
        """Trained parameters between frames of this width and policy and value, and the width of
        what those are given."""
        del layout
        width = frames + actions * ("action" in self.previous) + ("reward" in self.previous)
        return (lstm_parameters(width, self.lstm), self.lstm) if self.lstm else (0, width)

    def head_parameters(self, layout: Layout, actions: int) -> int:
        """Trained parameters of all heads."""
        del layout, actions
        return 0


def lstm_parameters(inputs: int, units: int) -> int:
    """Trained parameters of an LSTM."""
    return 4 * units * (inputs + units + 1)


def picture_shape(sees: Sequence[str], layout: Layout) -> tuple[int, int, int] | None:
    """Height, width and channels of all pictures that are seen, as one; None without any."""
    shapes = [layout[part] for part in ("image", "depth") if part in sees]
    if not shapes:
        return None
    channels = sum(shape[2] if len(shape) == 3 else 1 for shape in shapes)
    return shapes[0][0], shapes[0][1], channels


def convolved(size: tuple[int, int, int], layer: ConvolutionConfig) -> tuple[int, int, int]:
    """Height, width and channels behind a convolution without padding."""
    height, width = ((side - layer.kernel) // layer.stride + 1 for side in size[:2])
    return height, width, layer.filters


class Sizes(NamedTuple):
    """Of a network for what an environment shows.

    Args:
        maps: height, width and channels behind the convolutions; None where no picture is seen.
        encoded, frames: numbers that the dense layers are given, and give.
        features: numbers that policy, value and heads are computed from.
        parameters: trained ones, without those of heads.
    """

    maps: tuple[int, int, int] | None
    encoded: int
    frames: int
    features: int
    parameters: int


def network_sizes(config: AgentsConfig, layout: Layout, actions: int) -> Sizes:
    """The closed form, which a test compares with the built network."""
    total, width = 0, 0
    size = picture_shape(config.sees, layout)
    if size is not None:
        for one in config.convolutions:
            total += (one.kernel**2 * size[2] + 1) * one.filters
            size = convolved(size, one)
        width = size[0] * size[1] * size[2]
    for part in config.sees:
        if part not in ("image", "depth"):
            width += layout[part][0]
    encoded = width
    for units in config.dense:
        total, width = total + (width + 1) * units, units
    own, features = config.memory_sizes(width, layout, actions)
    total += own + (features + 1) * (actions + 1)
    return Sizes(size, encoded, width, features, total)


def parameter_count(config: AgentsConfig, layout: Layout, actions: int) -> int:
    """Trained parameters, those of heads among them."""
    own = network_sizes(config, layout, actions).parameters
    return own + config.head_parameters(layout, actions)


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, optimiser and averages, a stretch of observations with their
    activations, and pictures that are kept to be replayed.
    """
    config, train = recipe.model, recipe.train
    memory = "the whole episode" if config.lstm else "one observation"
    per_update = config.unroll * train.batch_size
    facts: dict[str, Any] = {
        "receptive_field": memory,
        "agent_steps": f"{per_update} an update, {per_update * train.steps} in all",
    }
    layout, actions = recipe.data.layout(), recipe.data.action_count()
    if layout is None or actions is None:
        return facts
    parameters = parameter_count(config, layout, actions)
    copies = 5 if train.average is not None else 4
    seen, pixels, size = 0, 0, picture_shape(config.sees, layout)
    if size is not None:
        pixels = size[0] * size[1] * size[2]
        seen = pixels
        for one in config.convolutions:
            size = convolved(size, one)
            seen += 2 * size[0] * size[1] * size[2]
    seen += 2 * (sum(config.dense) + 8 * config.lstm)
    replayed = 0
    if config.replays():
        replayed = config.replay.capacity * train.batch_size * pixels
    return {
        "parameters": parameters,
        "memory_bytes": 4 * (parameters * copies + (per_update + train.batch_size) * seen)
        + replayed,
        **facts,
    }
