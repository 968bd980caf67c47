"""The shared sections of a recipe. Light: no Keras.

The `model` section belongs to the family and the `data` section to the data set; both name
their own pydantic model in the registry.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from genkit.randomness import MAX_SEED

PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]


class Section(BaseModel):
    """Base of every section: unknown keys and loose types are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    def conflicts(self, recipe: Recipe) -> Iterable[tuple[str, str]]:
        """What the sections of a recipe say against each other: pairs of the dotted name of a
        value and a sentence. Asked of `model` and `data` when all sections are valid alone."""
        return ()


class DataConfig(Section):
    """Base of every data set's section."""

    name: str


class OptimizerConfig(Section):
    """A Keras optimiser.

    `momentum` is for `sgd` and `rmsprop`; `weight_decay` is decoupled.
    """

    name: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    rho: Fraction = 0.9
    momentum: Fraction = 0.0
    epsilon: PositiveFloat = 1e-7
    weight_decay: Annotated[float, Field(ge=0)] = 0.0


class ScheduleConfig(Section):
    """How the learning rate moves. Lengths are explicit, so that `steps` may be raised later.

    constant: the rate stays. steps: times `factor` at each of `boundaries`. linear and cosine: down
    to `floor` times the rate over `decay_steps`. plateau: times `factor` when the validation
    metric has not improved for `patience` validations. `warmup` rises linearly from 0.
    """

    name: Literal["constant", "linear", "steps", "cosine", "plateau"] = "constant"
    warmup: NonNegativeInt = 0
    boundaries: list[PositiveInt] = Field(default_factory=list)
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.3
    decay_steps: PositiveInt | None = None
    floor: Annotated[float, Field(ge=0, le=1)] = 0.0
    patience: PositiveInt = 3

    @model_validator(mode="after")
    def _complete(self) -> ScheduleConfig:
        if self.name in ("cosine", "linear") and self.decay_steps is None:
            raise ValueError(f"a {self.name} schedule needs decay_steps, the length of the decay")
        if self.name == "steps" and not self.boundaries:
            raise ValueError("a steps schedule needs boundaries, a list of steps")
        if sorted(set(self.boundaries)) != self.boundaries:
            raise ValueError("boundaries must rise")
        return self


class TrainConfig(Section):
    """The training section.

    Args:
        steps: total number of updates.
        batch_size: items in an update.
        accumulate: an update is computed in this many equal pieces to save memory.
        clip_norm: bound of the global norm of the gradients; null for none.
        average: decay of the averaged weights used for sampling and evaluation; null for none.
        precision: `bfloat16` computes in bfloat16 and keeps weights in float32.
        rematerialise: compute activations again in the backward pass to save memory.
        validate_every, validate_items: how often, and on how many items; 0 for never.
        checkpoint_every, log_every, sample_every: in steps; `sample_every` 0 for never.
        samples: how many samples each picture during training shows.
    """

    steps: PositiveInt = 1000
    batch_size: PositiveInt = 32
    seed: Seed = 0
    optimizer: OptimizerConfig = OptimizerConfig()
    learning_rate: PositiveFloat = 1e-3
    schedule: ScheduleConfig = ScheduleConfig()
    accumulate: PositiveInt = 1
    clip_norm: PositiveFloat | None = None
    average: Fraction | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    rematerialise: bool = False
    validate_every: NonNegativeInt = 0
    validate_items: PositiveInt | None = None
    checkpoint_every: PositiveInt = 500
    log_every: PositiveInt = 50
    sample_every: NonNegativeInt = 0
    samples: PositiveInt = 16

    @model_validator(mode="after")
    def _consistent(self) -> TrainConfig:
        if self.batch_size % self.accumulate:
            raise ValueError(
                f"accumulate ({self.accumulate}) must divide batch_size ({self.batch_size})"
            )
        if self.schedule.name == "plateau" and not self.validate_every:
            raise ValueError("a plateau schedule needs validate_every")
        return self


class SampleConfig(Section):
    """Defaults of `genkit sample`.

    Args:
        count: how many samples.
        tile: samples in one compiled batch.
        temperature, top_k, top_p: as in `genkit.family.SampleSettings`.
        checkpoint: `best`, `last` or a step.
        seconds: length of each recording; null for the family's default. Sound only.
    """

    count: PositiveInt = 64
    tile: PositiveInt = 16
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_k: PositiveInt | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    checkpoint: str = "best"
    seconds: PositiveFloat | None = None


class EvalConfig(Section):
    """Defaults of `genkit eval`.

    Args:
        split: which split.
        batch_size: items in a compiled batch.
        recognise: draw this many class-conditional samples and let a classifier that was
            trained on real images name them; 0 for none.
        warm_up: audio samples at the beginning of each recording that are left out of the
            likelihood; null for the receptive field. Sound only.
        importance: draws of the importance-weighted bound; 0 for none. Models with latents only.
        labels: teach networks that answer questions about scenes by so many labels each; empty
            for none. Models of scenes only.
        optimise: find what is in so many items by descent as well, for comparison; 0 for none.
            Scenes in 3D only.
        episodes: how many are played; agents only.
        greedy: an agent takes its most probable actions; else they are drawn.
        checkpoint: `best`, `last` or a step.
    """

    split: str = "test"
    batch_size: PositiveInt = 64
    recognise: NonNegativeInt = 0
    warm_up: NonNegativeInt | None = None
    importance: NonNegativeInt = 100
    labels: list[Annotated[int, Field(ge=10)]] = Field(default_factory=list)
    optimise: NonNegativeInt = 0
    episodes: PositiveInt = 100
    greedy: bool = False
    checkpoint: str = "best"


class Recipe(Section):
    """A resolved recipe. `model` and `data` are of the family's and the data set's own class."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )

    name: str
    family: str
    description: str = ""
    inputs: dict[str, str] = Field(default_factory=dict)
    model: Any
    data: Any
    train: TrainConfig = TrainConfig()
    sample: SampleConfig = SampleConfig()
    eval: EvalConfig = EvalConfig()

    @property
    def seed(self) -> int:
        return self.train.seed

    def as_dict(self) -> dict[str, Any]:
        """Plain values, defaults filled in: what is saved and signed."""
        return self.model_dump(mode="json", serialize_as_any=True)
